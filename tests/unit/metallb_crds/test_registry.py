"""The table of kinds is complete and consistent."""

import pytest

from metallb_crds.config_v1beta1 import BGPPeerV1Beta1, IPAddressPool
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_crds.frrk8s_v1beta1 import FRRNodeState
from metallb_crds.meta import Resource
from metallb_crds.registry import KINDS, Kind, kind_for, model_for


@pytest.mark.parametrize(
    ("api_version", "kind", "model"),
    [
        ("metallb.io/v1beta1", "IPAddressPool", IPAddressPool),
        ("metallb.io/v1beta1", "BGPPeer", BGPPeerV1Beta1),
        ("metallb.io/v1beta2", "BGPPeer", BGPPeer),
        ("frrk8s.metallb.io/v1beta1", "FRRNodeState", FRRNodeState),
        ("metallb.io/v1beta2", "IPAddressPool", None),
        ("metallb.io/v1beta1", "FRRNodeState", None),
        ("v1", "Service", None),
        ("", "", None),
    ],
)
def test_models_are_found_by_version_and_kind(
    api_version: str, kind: str, model: type[Resource] | None
) -> None:
    assert model_for(api_version, kind) is model


def test_a_row_knows_its_names() -> None:
    row = kind_for("metallb.io/v1beta1", "IPAddressPool")
    assert row is not None
    names = (row.kind, row.group, row.version, row.crd_name)
    assert names == ("IPAddressPool", "metallb.io", "v1beta1", "ipaddresspools.metallb.io")


def test_every_kind_has_a_row() -> None:
    ours = {
        model for model in Resource.__subclasses__() if model.__module__.startswith("metallb_crds.")
    }
    assert {row.model for row in KINDS} == ours
    assert len(KINDS) == len(ours)


def test_one_version_of_each_kind_is_stored() -> None:
    stored = sorted(row.crd_name for row in KINDS if row.storage)
    assert stored == sorted({row.crd_name for row in KINDS})


def test_only_frr_node_states_are_cluster_scoped() -> None:
    assert [row.kind for row in KINDS if not row.namespaced] == ["FRRNodeState"]


@pytest.mark.parametrize("row", KINDS, ids=lambda row: f"{row.kind}-{row.version}")
def test_columns_have_names_of_their_own(row: Kind) -> None:
    names = [column.name for column in row.columns]
    assert len(set(names)) == len(names)
    assert all(column.json_path.startswith(".") for column in row.columns)


def test_only_an_old_version_is_deprecated_and_says_what_to_use() -> None:
    (row,) = (row for row in KINDS if row.deprecation)
    assert (row.kind, row.version, row.storage) == ("BGPPeer", "v1beta1", False)
    assert "use metallb.io/v1beta2" in row.deprecation
