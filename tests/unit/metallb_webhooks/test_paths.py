import pytest

from metallb_webhooks.paths import PATHS, path_of
from metallb_webhooks.reading import REVIEWED

KNOWN = [
    # MetalLB's own, which scripts and network policies out there may name
    ("/validate-metallb-io-v1beta1-ipaddresspool", "metallb.io/v1beta1", "IPAddressPool"),
    ("/validate-metallb-io-v1beta1-bgpadvertisement", "metallb.io/v1beta1", "BGPAdvertisement"),
    ("/validate-metallb-io-v1beta1-l2advertisement", "metallb.io/v1beta1", "L2Advertisement"),
    ("/validate-metallb-io-v1beta1-community", "metallb.io/v1beta1", "Community"),
    ("/validate-metallb-io-v1beta1-bfdprofile", "metallb.io/v1beta1", "BFDProfile"),
    ("/validate-metallb-io-v1beta2-bgppeer", "metallb.io/v1beta2", "BGPPeer"),
    # ours, made the same way
    ("/validate-metallb-io-v1beta1-bgppeer", "metallb.io/v1beta1", "BGPPeer"),
    ("/validate-metallb-io-v1beta1-metallb", "metallb.io/v1beta1", "MetalLB"),
    (
        "/validate-frrk8s-metallb-io-v1beta1-frrconfiguration",
        "frrk8s.metallb.io/v1beta1",
        "FRRConfiguration",
    ),
]


@pytest.mark.parametrize(("path", "api_version", "kind"), KNOWN)
def test_a_kind_has_the_path_that_is_documented(path: str, api_version: str, kind: str) -> None:
    assert path_of(api_version, kind) == path
    assert PATHS[path] == (api_version, kind)


def test_every_kind_that_is_reviewed_has_one_path_and_no_other_has() -> None:
    assert sorted(PATHS.values()) == sorted(REVIEWED)
    assert set(PATHS) == {path for path, _, _ in KNOWN}


def test_the_order_is_always_the_same() -> None:
    assert list(PATHS.values()) == sorted(REVIEWED)
