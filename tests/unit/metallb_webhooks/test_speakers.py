"""What speakers write, told from what others write."""

import pytest

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_webhooks.speakers import is_of_a_speaker
from support.samples import frr

HOSTNAME = "kubernetes.io/hostname"


@pytest.mark.parametrize(
    ("found", "is_it"),
    [
        (frr("metallb-n1", **{HOSTNAME: "n1"}), True),
        (frr("metallb-n1", space="anywhere", **{HOSTNAME: "n1"}), True),
        (frr("metallb-n2", **{HOSTNAME: "n1"}), False),
        (frr("mine", **{HOSTNAME: "n1"}), False),
        (frr("metallb-n1"), False),
        (frr("metallb-"), False),
        (frr("metallb-n1", rack="r1", **{HOSTNAME: "n1"}), False),
    ],
)
def test_it_is_told_by_its_name_and_its_one_node(found: FRRConfiguration, *, is_it: bool) -> None:
    assert is_of_a_speaker(found) is is_it
