from typing import Any, Final

import pytest

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.meta import Resource
from metallb_kube.resources import resource_for
from metallb_webhooks.followed import FOLLOWED, Followed
from metallb_webhooks.index import KINDS, key_of
from metallb_webhooks.reading import REVIEWED
from metallb_webhooks.rules.frrmerging import statements

HUGE: Final = "x" * 1000


def test_every_kind_that_rules_look_at_is_followed_and_no_other() -> None:
    assert set(FOLLOWED) == set(KINDS)


@pytest.mark.parametrize("followed", FOLLOWED.values(), ids=list(FOLLOWED))
def test_the_client_knows_the_kind(followed: Followed) -> None:
    resource = resource_for(followed.api_version, followed.kind)
    assert resource.namespaced or followed.everywhere


@pytest.mark.parametrize("followed", FOLLOWED.values(), ids=list(FOLLOWED))
def test_the_key_is_that_of_the_index(followed: Followed) -> None:
    manifest = {
        "metadata": {"name": "one", "namespace": "two"},
        "spec": {"type": "LoadBalancer"},
    }
    thing = followed.decode(manifest)
    assert thing is not None
    assert followed.key(manifest) == key_of(thing)
    assert followed.key_for("two", "one") == key_of(thing)


def test_of_two_versions_the_stored_one_is_followed() -> None:
    assert FOLLOWED["BGPPeer"].api_version == "metallb.io/v1beta2"
    reviewed = {kind for _, kind in REVIEWED}
    for kind in reviewed:
        assert (FOLLOWED[kind].api_version, kind) in REVIEWED


def test_of_an_frr_configuration_that_is_kept_which_others_must_agree_with() -> None:
    preferred = [{"localPref": 5, "prefixes": ["192.0.2.0/24"]}]
    bulk = {
        "allowed": {"prefixes": ["bulk"]},
        "withCommunity": [{"community": "bulk", "prefixes": ["bulk"]}],
    }
    neighbor = {
        "address": "192.0.2.1",
        "toAdvertise": {"withLocalPref": preferred, **bulk},
        "toReceive": {"allowed": {"prefixes": [{"prefix": "bulk"}]}},
    }
    router = {"asn": 1, "prefixes": ["bulk"], "imports": [{"vrf": "bulk"}], "neighbors": [neighbor]}
    manifest = {
        "metadata": {
            "name": "a",
            "namespace": "n",
            "resourceVersion": "7",
            "uid": "u",
            "labels": {"a": "bulk"},
            "annotations": {"a": "bulk"},
        },
        "spec": {
            "bgp": {"routers": [router], "bfdProfiles": [{"name": "fast"}]},
            "raw": {"rawConfig": "bulk"},
            "nodeSelector": {"matchLabels": {"rack": "1"}},
        },
    }
    kept = FOLLOWED["FRRConfiguration"].decode(manifest)
    assert isinstance(kept, FRRConfiguration)
    assert "bulk" not in repr(kept)
    whole = FRRConfiguration.parse(manifest)
    assert list(statements(kept)) == list(statements(whole))
    assert kept.spec.node_selector == whole.spec.node_selector
    assert (kept.metadata.uid, kept.metadata.resource_version) == ("u", "7")


def test_no_value_of_a_secret_is_kept() -> None:
    manifest = {
        "metadata": {"name": "s", "namespace": "n", "annotations": {"a": "hunter2"}},
        "data": {"password": "aHVudGVyMg=="},
        "stringData": {"password": "hunter2"},
    }
    kept = FOLLOWED["Secret"].decode(manifest)
    assert not isinstance(kept, Resource)
    assert "unter2" not in repr(kept)
    assert "aHVudGVyMg" not in repr(kept)


CORE: dict[str, dict[str, Any]] = {
    "Node": {
        "spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"], "taints": [HUGE]},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}], "images": HUGE},
    },
    "Namespace": {"spec": {"finalizers": [HUGE]}},
    "Secret": {"type": "Opaque", "data": {"password": HUGE}},
    "Service": {
        "spec": {"type": "LoadBalancer", "ports": [HUGE]},
        "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}, "conditions": HUGE},
    },
}


@pytest.mark.parametrize("kind", CORE)
def test_what_is_held_of_others_objects_is_what_is_read_of_them(kind: str) -> None:
    metadata = {"name": "one", "namespace": "two", "labels": {"a": "b"}, "resourceVersion": "7"}
    whole = {"metadata": {**metadata, "annotations": {"big": HUGE}}, **CORE[kind]}
    followed = FOLLOWED[kind]
    kept = followed.keep(whole)
    assert followed.decode(kept) == followed.decode(whole)
    assert kept["metadata"] == metadata
    assert HUGE not in str(kept)


def test_everything_is_held_of_what_is_judged() -> None:
    whole = {"metadata": {"name": "one", "annotations": {"a": "b"}}, "spec": {"addresses": ["x"]}}
    assert FOLLOWED["IPAddressPool"].keep(whole) == whole
