from datetime import UTC, datetime
from typing import Any

import pytest

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.applyset import PART_OF_LABEL
from metallb_operator.certificate import certificate_ref
from metallb_operator.desired import MEMBERLIST_ANNOTATION, Desired, desired
from metallb_operator.fields import at
from metallb_operator.intent import Intent, intent_of
from metallb_operator.memberlist import memberlist, memberlist_ref
from metallb_operator.reduce import reduced
from metallb_operator.settings import Settings

NAMESPACE = "metallb-system"
MEMBERLIST, CERTIFICATE = memberlist_ref(NAMESPACE), certificate_ref(NAMESPACE)
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def workload(kind: str, name: str, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    containers = [{"name": name, "image": "x"}]
    template = {"metadata": {"annotations": annotations}, "spec": {"containers": containers}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"template": template},
    }


SPEAKER = workload("DaemonSet", "speaker", {"kept": "yes"})


def intent(backend: str = "frr-k8s", **spec: Any) -> Intent:  # noqa: ANN401 - JSON
    manifest = {"metadata": {"name": "metallb"}, "spec": {"bgpBackend": backend, **spec}}
    found = intent_of(manifest, Settings(NAMESPACE))
    assert isinstance(found, Intent)
    return found


def stored(secret: dict[str, Any]) -> Manifest:
    """The Secret as the observer keeps it."""
    return reduced({**secret, "metadata": {**secret["metadata"], "uid": "u-1"}})


def made(
    *rendered: Manifest,
    asked: Intent | None = None,
    observed: dict[ObjectRef, Manifest] | None = None,
) -> Desired:
    return desired(
        rendered,
        asked or intent(),
        observed or {},
        applyset="applyset-1",
        namespace=NAMESPACE,
        now=NOW,
    )


def checksum(found: Desired, name: str = "speaker") -> str | None:
    (manifest,) = [m for m in found.manifests if m["metadata"]["name"] == name]
    annotation = at(manifest, "spec", "template", "metadata", "annotations", MEMBERLIST_ANNOTATION)
    return annotation if isinstance(annotation, str) else None


@pytest.mark.parametrize(
    ("asked", "secrets"),
    [
        (intent("frr-k8s"), {MEMBERLIST, CERTIFICATE}),
        (intent("native"), {MEMBERLIST}),
        (intent("frr"), {MEMBERLIST}),
        (intent("frr-k8s", memberlist={"enabled": False}), {CERTIFICATE}),
        (intent("native", memberlist={"enabled": False}), set()),
    ],
)
def test_secrets_are_made_that_pods_wait_for(asked: Intent, secrets: set[ObjectRef]) -> None:
    found = made(SPEAKER, asked=asked)
    assert found.create_only == secrets
    assert {ref_of(m) for m in found.manifests if m["kind"] == "Secret"} == secrets


def test_everything_is_marked_as_ours() -> None:
    found = made(SPEAKER, workload("Deployment", "controller"))
    assert len(found.manifests) == 4
    for manifest in found.manifests:
        assert manifest["metadata"]["labels"][PART_OF_LABEL] == "applyset-1"


def test_secret_that_is_there_is_not_made_anew() -> None:
    there = stored(memberlist(NAMESPACE))
    found = made(SPEAKER, observed={MEMBERLIST: there})
    (secret,) = [m for m in found.manifests if ref_of(m) == MEMBERLIST]
    assert secret["data"] == there["data"]
    assert MEMBERLIST in found.create_only


def test_speakers_restart_with_another_key_and_only_then() -> None:
    one, other = stored(memberlist(NAMESPACE)), stored(memberlist(NAMESPACE))
    first = checksum(made(SPEAKER, observed={MEMBERLIST: one}))
    assert first == checksum(made(SPEAKER, observed={MEMBERLIST: one}))
    assert first != checksum(made(SPEAKER, observed={MEMBERLIST: other}))


def test_speakers_do_not_restart_once_a_new_key_is_stored() -> None:
    before = made(SPEAKER)
    (secret,) = [m for m in before.manifests if ref_of(m) == MEMBERLIST]
    after = made(SPEAKER, observed={MEMBERLIST: stored(dict(secret))})
    assert checksum(before) == checksum(after)


def test_key_itself_is_in_no_annotation() -> None:
    found = made(SPEAKER)
    (secret,) = [m for m in found.manifests if ref_of(m) == MEMBERLIST]
    assert (checksum(found) or "") not in secret["data"]["secretkey"]


def test_other_annotations_stay_and_the_input_too() -> None:
    found = made(SPEAKER)
    (speaker,) = [m for m in found.manifests if m["kind"] == "DaemonSet"]
    assert speaker["spec"]["template"]["metadata"]["annotations"]["kept"] == "yes"
    assert MEMBERLIST_ANNOTATION not in SPEAKER["spec"]["template"]["metadata"]["annotations"]


@pytest.mark.parametrize(
    "other",
    [workload("DaemonSet", "frr-k8s"), workload("Deployment", "speaker")],
    ids=["another name", "another kind"],
)
def test_only_speakers_read_the_key(other: dict[str, Any]) -> None:
    assert checksum(made(other), other["metadata"]["name"]) is None


def test_speakers_without_a_key_have_no_checksum() -> None:
    asked = intent("native", memberlist={"enabled": False})
    assert checksum(made(SPEAKER, asked=asked)) is None
