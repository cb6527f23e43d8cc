"""What speakers left behind, told from what is somebody else's."""

from typing import Any

import pytest

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_operator.intent import Intent, intent_of
from metallb_operator.leftovers import ANNOTATION, leftovers, note, noted, places, written_in
from metallb_operator.settings import Settings
from support.samples import NAMESPACE, frr

HOSTNAME = "kubernetes.io/hostname"
ABROAD = "frr-k8s-system"


def written(node: str, name: str = "", space: str = NAMESPACE, **more: str) -> FRRConfiguration:
    return frr(name or f"metallb-{node}", space=space, **{HOSTNAME: node}, **more)


@pytest.mark.parametrize(
    ("found", "deleted"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(
            [written("n2"), written("n1")], ["metallb-n1", "metallb-n2"], id="one-of-each-speaker"
        ),
        pytest.param([written("n1", "mine")], [], id="another-name"),
        pytest.param([written("n1", "metallb-n2")], [], id="the-name-of-another-node"),
        pytest.param([written("n1", space=ABROAD)], [], id="another-namespace"),
        pytest.param([written("n1", rack="r1")], [], id="more-than-the-node"),
        pytest.param([frr("metallb-", space=NAMESPACE)], [], id="no-node-at-all"),
    ],
)
def test_only_what_a_speaker_wrote_is_deleted(
    found: list[FRRConfiguration], deleted: list[str]
) -> None:
    assert [step.ref.name for step in leftovers(found, {NAMESPACE})] == deleted


@pytest.mark.parametrize(
    ("namespaces", "deleted"),
    [
        (set(), []),
        ({NAMESPACE}, [NAMESPACE]),
        ({ABROAD}, [ABROAD]),
        ({ABROAD, NAMESPACE}, [ABROAD, NAMESPACE]),
    ],
)
def test_only_where_speakers_wrote_anything_is_deleted(
    namespaces: set[str], deleted: list[str]
) -> None:
    found = [written("n1"), written("n1", space="another"), written("n1", space=ABROAD)]
    assert [step.ref.namespace for step in leftovers(found, namespaces)] == deleted


def test_only_the_incarnation_that_was_seen_is_deleted() -> None:
    manifest = {
        "metadata": {"name": "metallb-n1", "namespace": NAMESPACE, "uid": "this-one"},
        "spec": {"nodeSelector": {"matchLabels": {HOSTNAME: "n1"}}},
    }
    [step] = leftovers([FRRConfiguration.parse(manifest)], {NAMESPACE})
    assert step.uid == "this-one"
    assert str(step.ref) == f"FRRConfiguration {NAMESPACE}/metallb-n1"


def metallb(text: str | None = None, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    annotations = {} if text is None else {ANNOTATION: text}
    metadata = {"name": "metallb", "namespace": NAMESPACE, "uid": "u1", "annotations": annotations}
    return {"metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"bgpBackend": "native"}, ""),
        ({"bgpBackend": "frr", "frrk8sConfig": {"namespace": ABROAD}}, ""),
        ({"bgpBackend": "frr-k8s"}, NAMESPACE),
        ({"bgpBackend": "frr-k8s", "frrk8sConfig": {"namespace": ABROAD}}, NAMESPACE),
        ({"bgpBackend": "frr-k8s-external", "frrk8sConfig": {"namespace": ABROAD}}, ABROAD),
        ({"bgpBackend": "frr-k8s-external", "frrk8sConfig": {"namespace": NAMESPACE}}, NAMESPACE),
    ],
)
def test_where_speakers_write(spec: dict[str, Any], place: str) -> None:
    intent = intent_of(metallb(**spec), Settings(NAMESPACE))
    assert isinstance(intent, Intent)
    assert written_in(intent, NAMESPACE) == place


@pytest.mark.parametrize(
    ("text", "namespaces"),
    [(None, set()), ("", set()), ("a", {"a"}), ("a,b", {"a", "b"}), (",a,", {"a"})],
)
def test_what_is_noted(text: str | None, namespaces: set[str]) -> None:
    assert noted(metallb(text)) == namespaces


@pytest.mark.parametrize(
    ("found", "followed"),
    [
        (None, {NAMESPACE}),
        (metallb(), {NAMESPACE}),
        (metallb(bgpBackend="native", frrk8sConfig={"namespace": ABROAD}), {NAMESPACE, ABROAD}),
        (metallb("a,b", frrk8sConfig={"namespace": ABROAD}), {NAMESPACE, ABROAD, "a", "b"}),
    ],
)
def test_where_configurations_matter(found: dict[str, Any] | None, followed: set[str]) -> None:
    assert places(MetalLB.parse(found) if found else None, NAMESPACE) == followed


@pytest.mark.parametrize(
    ("text", "namespaces", "annotation"),
    [
        pytest.param(None, {"a"}, "a", id="the-first"),
        pytest.param("a", {"b", "a"}, "a,b", id="one-more"),
        pytest.param("a,b", {"b"}, "b", id="one-less"),
        pytest.param("a", set[str](), None, id="none-is-left"),
    ],
)
def test_a_note_is_written_where_it_says_something_else(
    text: str | None, namespaces: set[str], annotation: str | None
) -> None:
    metadata = {"uid": "u1", "annotations": {ANNOTATION: annotation}}
    assert note(metallb(text), namespaces) == {"metadata": metadata}


@pytest.mark.parametrize(("text", "namespaces"), [(None, set()), ("a,b", {"b", "a"})])
def test_no_note_is_written_twice(text: str | None, namespaces: set[str]) -> None:
    assert note(metallb(text), namespaces) is None
