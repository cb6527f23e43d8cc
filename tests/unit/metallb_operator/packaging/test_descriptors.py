"""How catalogues present kinds and fields."""

import pytest

from metallb_crds.registry import KINDS
from metallb_operator.packaging.descriptors import internal_objects, owned, words


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("addresses", "Addresses"),
        ("logLevel", "Log Level"),
        ("bgpBackend", "BGP Backend"),
        ("myASN", "My ASN"),
        ("avoidBuggyIPs", "Avoid Buggy IPs"),
        ("ipAddressPools", "IP Address Pools"),
        ("ebgpMultiHop", "EBGP Multi Hop"),
        ("ignoreExcludeLB", "Ignore Exclude LB"),
        ("tls", "TLS"),
        ("bfdProfile", "BFD Profile"),
    ],
)
def test_names_of_fields_as_people_read_them(name: str, text: str) -> None:
    assert words(name) == text


def test_every_version_of_every_kind_is_owned_once() -> None:
    found = [(entry["name"], entry["version"]) for entry in owned()]
    assert sorted(found) == sorted((row.crd_name, row.version) for row in KINDS)


def test_a_deprecated_version_says_so() -> None:
    names = {(e["name"], e["version"]): e["displayName"] for e in owned()}
    assert names["bgppeers.metallb.io", "v1beta1"] == "BGP Peer (deprecated)"
    assert names["bgppeers.metallb.io", "v1beta2"] == "BGP Peer"


def test_conditions_are_shown_as_conditions() -> None:
    [entry] = [entry for entry in owned() if entry["kind"] == "MetalLB"]
    marked = [d["path"] for d in entry["statusDescriptors"] if "x-descriptors" in d]
    assert marked == ["conditions"]


def test_what_metallb_writes_itself_is_not_offered_to_users() -> None:
    assert internal_objects() == [
        "bgpsessionstates.frrk8s.metallb.io",
        "configurationstates.metallb.io",
        "frrnodestates.frrk8s.metallb.io",
        "servicebgpstatuses.metallb.io",
        "servicel2statuses.metallb.io",
    ]
