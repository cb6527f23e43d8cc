from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_operator.conditions import Reason
from metallb_operator.intent import Intent, intent_of, misplaced
from metallb_operator.settings import Settings
from metallb_operator.situation import Problem

SETTINGS = Settings("metallb-system")


def metallb(name: str = "metallb", space: str = "metallb-system", **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"metadata": {"name": name, "namespace": space}, "spec": spec}


def problem(settings: Settings = SETTINGS, **spec: Any) -> Problem:  # noqa: ANN401 - JSON
    found = intent_of(metallb(**spec), settings)
    assert isinstance(found, Problem)
    return found


def intent(settings: Settings = SETTINGS, **spec: Any) -> Intent:  # noqa: ANN401 - JSON
    found = intent_of(metallb(**spec), settings)
    assert isinstance(found, Intent)
    return found


@pytest.mark.parametrize(
    ("name", "space", "reason", "remedy"),
    [
        ("other", "metallb-system", Reason.WRONG_NAME, "rename it"),
        ("metallb", "default", Reason.WRONG_NAMESPACE, "create it there, named metallb"),
        ("other", "default", Reason.WRONG_NAMESPACE, "serves namespace metallb-system"),
    ],
)
def test_object_elsewhere_has_no_effect_and_is_told_so(
    name: str, space: str, reason: Reason, remedy: str
) -> None:
    found = misplaced(metallb(name, space), "metallb-system")
    assert found is not None
    assert found.reason is reason
    assert remedy in found.message
    assert "has no effect" in found.message


def test_object_in_its_place_is_served() -> None:
    assert misplaced(metallb(), "metallb-system") is None


@pytest.mark.parametrize(
    ("spec", "version", "backend"),
    [
        ({}, "0.16.1", Backend.FRR_K8S),
        ({"version": "v0.15.3"}, "0.15.3", Backend.FRR_K8S),
        ({"bgpBackend": "native"}, "0.16.1", Backend.NATIVE),
        ({"bgpBackend": ""}, "0.16.1", Backend.FRR_K8S),
        (
            {"bgpBackend": "frr-k8s-external", "frrk8sConfig": {"namespace": "routers"}},
            "0.16.1",
            Backend.FRR_K8S_EXTERNAL,
        ),
        # Without effect for another backend, and therefore no obstacle.
        ({"frrk8sConfig": {"secretPassthrough": True}}, "0.16.1", Backend.FRR_K8S),
    ],
)
def test_release_and_backend_are_chosen(
    spec: dict[str, Any], version: str, backend: Backend
) -> None:
    found = intent(**spec)
    assert (found.release.version, found.backend) == (version, backend)
    assert found.values["backend"] == backend.value


def test_backend_is_the_operators_unless_the_object_names_one() -> None:
    settings = Settings("metallb-system", default_backend=Backend.FRR)
    assert intent(settings).backend is Backend.FRR
    assert intent(settings, bgpBackend="native").backend is Backend.NATIVE


def test_images_of_the_operator_are_used() -> None:
    settings = Settings("metallb-system", images={"controller": "mirror/c:1"})
    assert intent(settings).values["images"]["controller"] == "mirror/c:1"


def test_object_without_a_spec_asks_for_the_defaults() -> None:
    found = intent_of({"metadata": {"name": "metallb"}}, SETTINGS)
    assert isinstance(found, Intent)
    assert found.values == intent().values


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            {"bgpBackend": "bird"},
            (
                "spec.bgpBackend: 'bird' is no backend; "
                "use one of native, frr, frr-k8s, frr-k8s-external"
            ),
        ),
        ({"version": "0.9"}, "spec.version: '0.9' cannot be run; use one of 0.15.3, 0.16.1"),
        (
            {"memberlist": {"bindPort": "x"}},
            "spec.memberlist.bindPort: Input should be a valid integer, not 'x'",
        ),
        (
            {"bgpBackend": "frr-k8s-external"},
            (
                "spec.frrk8sConfig.namespace: is empty; name the namespace of the frr-k8s that "
                "backend frr-k8s-external is to use"
            ),
        ),
        (
            {
                "bgpBackend": "frr-k8s-external",
                "frrk8sConfig": {"namespace": "routers", "secretPassthrough": True},
            },
            (
                "spec.frrk8sConfig.secretPassthrough: MetalLB 0.16.1 can only copy passwords into "
                "FRRConfigurations, not refer to them; remove it to accept that"
            ),
        ),
    ],
)
def test_what_cannot_be_had_is_named_with_the_remedy(spec: dict[str, Any], text: str) -> None:
    assert problem(**spec) == Problem(Reason.INVALID_SPEC, text)


def test_every_wrong_field_is_named() -> None:
    found = problem(logLevel=3, memberlist={"bindPort": "x"})
    assert "spec.logLevel: Input should be a valid string, not 3" in found.message
    assert "; spec.memberlist.bindPort: " in found.message


@pytest.mark.parametrize("unavailable", [0, -1, "0%", "101%", "5", "half", "-5%", ""])
def test_strategy_that_would_replace_no_speaker_is_refused(unavailable: int | str) -> None:
    found = problem(updateStrategy={"speaker": {"maxUnavailable": unavailable}})
    assert f"maxUnavailable: {unavailable!r} would let no speaker be replaced" in found.message


@pytest.mark.parametrize("unavailable", [1, 50, "1%", "99%", "100%"])
def test_strategy_that_replaces_speakers_is_accepted(unavailable: int | str) -> None:
    found = intent(updateStrategy={"speaker": {"maxUnavailable": unavailable}})
    assert found.values["speaker"]["updateStrategy"]["maxUnavailable"] == unavailable


OUR_MIRROR = ("mirror.example/metallb", "quay.io/frrouting")


@pytest.mark.parametrize(
    ("spec", "allowed", "field"),
    [
        ({}, (), ""),
        ({"images": {"speaker": "evil.example/x:v1"}}, (), ""),
        ({"bgpBackend": "native"}, ("quay.io/metallb",), ""),
        ({"bgpBackend": "frr-k8s"}, ("quay.io/metallb",), "frr"),
        ({"bgpBackend": "frr"}, ("quay.io/metallb",), "frr"),
        ({}, ("quay.io/metallb", "quay.io/frrouting"), ""),
        ({}, OUR_MIRROR, "controller"),
        ({"images": {"registry": "mirror.example"}}, ("mirror.example",), ""),
        ({"images": {"registry": "evil.example"}}, ("mirror.example",), "registry"),
        (
            {"images": {"registry": "mirror.example/x", "speaker": "a/b:v1"}},
            ("mirror.example/x/metallb",),
            "speaker",
        ),
        ({"images": {"speaker": "evil.example/x:v1"}}, ("quay.io",), "speaker"),
        ({"images": {"frr": "evil.example/x:v1"}}, ("quay.io",), "frr"),
        # It does not run.
        (
            {"bgpBackend": "native", "images": {"frr": "evil.example/x:v1"}},
            ("quay.io",),
            "",
        ),
    ],
)
def test_images_come_from_where_it_is_allowed(
    spec: dict[str, Any], allowed: tuple[str, ...], field: str
) -> None:
    manifest = {"metadata": {"name": "metallb", "namespace": "m"}, "spec": spec}
    found = intent_of(manifest, Settings("m", allowed_registries=allowed))
    if not field:
        assert isinstance(found, Intent)
        return
    assert isinstance(found, Problem)
    assert found.reason is Reason.INVALID_SPEC
    assert found.message.startswith(f"spec.images.{field}: ")
    assert "METALLB_ALLOWED_REGISTRIES" in found.message
