import pytest

from metallb_crds.meta import Resource
from metallb_kube.resources import resource_for
from metallb_webhooks.followed import FOLLOWED, Followed
from metallb_webhooks.index import KINDS, key_of
from metallb_webhooks.reading import REVIEWED


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
