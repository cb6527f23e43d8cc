"""What speakers left behind, told from what is somebody else's."""

import pytest

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_operator.leftovers import leftovers
from support.samples import NAMESPACE, frr

HOSTNAME = "kubernetes.io/hostname"


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
        pytest.param([written("n1", space="frr-k8s-system")], [], id="another-namespace"),
        pytest.param([written("n1", rack="r1")], [], id="more-than-the-node"),
        pytest.param([frr("metallb-", space=NAMESPACE)], [], id="no-node-at-all"),
    ],
)
def test_only_what_a_speaker_wrote_is_deleted(
    found: list[FRRConfiguration], deleted: list[str]
) -> None:
    assert [step.ref.name for step in leftovers(found, NAMESPACE)] == deleted


def test_only_the_incarnation_that_was_seen_is_deleted() -> None:
    manifest = {
        "metadata": {"name": "metallb-n1", "namespace": NAMESPACE, "uid": "this-one"},
        "spec": {"nodeSelector": {"matchLabels": {HOSTNAME: "n1"}}},
    }
    [step] = leftovers([FRRConfiguration.parse(manifest)], NAMESPACE)
    assert step.uid == "this-one"
    assert str(step.ref) == f"FRRConfiguration {NAMESPACE}/metallb-n1"
