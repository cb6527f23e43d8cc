"""What is missed of an installation when its object does not say what should be there."""

from typing import Any

import pytest

from metallb_kube.objects import Manifest, ref_of
from metallb_operator.applyset import KINDS_ANNOTATION, PART_OF_LABEL, applyset_id
from metallb_operator.observation import Observation
from metallb_operator.standing import standing
from support.installed import by_manifests
from support.operating import metallb

CONTROLLER, SPEAKER = ("Deployment", "controller"), ("DaemonSet", "speaker")
FRR_K8S = ("DaemonSet", "frr-k8s")


def stored(record: str = "DaemonSet.apps,Deployment.apps", version: str = "0.16.1") -> Manifest:
    found = metallb(version="9.9.9")
    found["metadata"]["annotations"] = {KINDS_ANNOTATION: record}
    found["status"] = {"version": version}
    return found


def ours(*parts: str) -> Observation:
    found = [by_manifests(part) for part in parts]
    for manifest in found:
        manifest["metadata"]["labels"][PART_OF_LABEL] = applyset_id(ref_of(stored()))
    return Observation({ref_of(manifest): manifest for manifest in found})


def rows(*named: tuple[str, str]) -> dict[str, Any]:
    return {"components": [{"kind": kind, "name": name, "desired": 3} for kind, name in named]}


@pytest.mark.parametrize(
    ("metallb", "status", "seen", "there"),
    [
        (stored(), {}, ours("controller", "speaker"), {CONTROLLER: True, SPEAKER: True}),
        (stored(), {}, ours("speaker"), {CONTROLLER: False, SPEAKER: True}),
        (stored(), {}, ours(), {CONTROLLER: False, SPEAKER: False}),
        (
            stored(),
            rows(CONTROLLER, FRR_K8S, SPEAKER),
            ours("controller", "speaker"),
            {CONTROLLER: True, FRR_K8S: False, SPEAKER: True},
        ),
        # Of what was never installed nothing is missed.
        (stored(record=""), {}, ours(), {}),
        (stored(version=""), {}, ours(), {}),
        (stored(version=""), {}, ours("controller"), {CONTROLLER: True, SPEAKER: False}),
    ],
)
def test_what_is_gone_is_missed(
    metallb: Manifest,
    status: dict[str, Any],
    seen: Observation,
    there: dict[tuple[str, str], bool],
) -> None:
    found = standing(metallb, status, seen)
    assert [(one.kind, one.name) for one in found] == list(there)
    assert {(one.kind, one.name): one.present for one in found} == there
