"""Objects that MetalLB would never see are refused where they are created."""

from typing import Final

import pytest

from metallb_crds.registry import model_for
from metallb_webhooks.rules.generic import NAMESPACE_RULES
from support.judging import by_rule, judge

RULES: Final = {
    "IPAddressPool": "pool-namespace",
    "L2Advertisement": "l2-namespace",
    "BGPAdvertisement": "bgp-namespace",
    "BGPPeer": "peer-namespace",
    "BFDProfile": "bfd-namespace",
    "Community": "community-namespace",
    "MetalLB": "metallb-namespace",
}


@pytest.mark.parametrize(
    ("space", "refused"), [("default", True), ("", True), ("metallb-system", False)]
)
@pytest.mark.parametrize("kind", RULES)
def test_only_the_namespace_of_metallb_is_read(kind: str, space: str, refused: bool) -> None:  # noqa: FBT001 - a table's column
    version = "metallb.io/v1beta2" if kind == "BGPPeer" else "metallb.io/v1beta1"
    model = model_for(version, kind)
    assert model is not None
    subject = model.parse({"metadata": {"name": "it", "namespace": space}})
    found = by_rule(RULES[kind], judge(subject))
    assert [finding.path for finding in found] == ["metadata.namespace"] * refused


def test_no_kind_is_left_out() -> None:
    assert {kind: rule.id for kind, rule in NAMESPACE_RULES.items()} == RULES
