from typing import Any

import pytest

from metallb_kube.client import EventType, WatchEvent
from metallb_kube.objects import Manifest
from metallb_webhooks.index import Key
from metallb_webhooks.store import Store
from support.reviews import stored

POOL = "IPAddressPool"


def pool(name: str, version: int, *addresses: Any, uid: str = "") -> dict[str, Any]:  # noqa: ANN401 - bad ones, too
    found = stored(POOL, name, addresses=list(addresses) or ["192.0.2.0/28"])
    found["metadata"] |= {"resourceVersion": str(version), "uid": uid or f"uid-{name}"}
    return found


def event(kind: EventType, manifest: Manifest) -> WatchEvent:
    return WatchEvent(kind, manifest)


def names(store: Store) -> dict[str, tuple[str, ...]]:
    return {key: thing.spec.addresses for key, thing in store.index.objects[POOL].items()}


def test_a_list_is_everything_there_is() -> None:
    store = Store()
    store.replace(POOL, [pool("a", 1), pool("b", 2)])
    store.replace(POOL, [pool("b", 2), pool("c", 3)])
    assert set(names(store)) == {"b", "c"}


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([("ADDED", pool("b", 11))], {"a", "b"}),
        ([("DELETED", pool("a", 11))], set()),
        ([("ADDED", pool("b", 11)), ("DELETED", pool("b", 12))], {"a"}),
        # what the list contained already
        ([("ADDED", pool("b", 9))], {"a"}),
        ([("DELETED", pool("a", 10))], {"a"}),
        # a version that is no number is always news
        ([("ADDED", pool("b", 11) | {"metadata": {"name": "b"}})], {"a", "b"}),
    ],
)
def test_events_are_taken_in_unless_they_are_old(
    events: list[tuple[EventType, Manifest]], expected: set[str]
) -> None:
    store = Store()
    store.replace(POOL, [pool("a", 10)])
    for kind, manifest in events:
        store.apply(POOL, event(kind, manifest))
    assert set(names(store)) == expected


def test_a_list_may_run_ahead_of_the_watch() -> None:
    store = Store()
    store.replace(POOL, [pool("a", 10)])
    store.relearn(POOL, [pool("b", 12)], 20)
    store.apply(POOL, event("MODIFIED", pool("a", 15)))
    assert set(names(store)) == {"b"}
    store.apply(POOL, event("ADDED", pool("c", 21)))
    assert set(names(store)) == {"b", "c"}


def test_a_list_that_is_older_than_the_watch_is_ignored() -> None:
    store = Store()
    store.apply(POOL, event("ADDED", pool("a", 30)))
    store.relearn(POOL, [], 29)
    assert set(names(store)) == {"a"}


def test_a_restored_cluster_may_go_back_in_time() -> None:
    store = Store()
    store.replace(POOL, [pool("a", 5000)])
    store.replace(POOL, [pool("b", 10)])
    store.apply(POOL, event("ADDED", pool("c", 11)))
    assert set(names(store)) == {"b", "c"}


def test_one_object_may_run_ahead_of_the_watch() -> None:
    store = Store()
    store.replace(POOL, [pool("a", 10, "192.0.2.0/28")])
    store.learn(POOL, pool("a", 14, "198.51.100.0/28"))
    store.apply(POOL, event("MODIFIED", pool("a", 12, "203.0.113.0/28")))
    assert names(store) == {"a": ("198.51.100.0/28",)}
    store.apply(POOL, event("ADDED", pool("b", 13)))
    assert set(names(store)) == {"a", "b"}


def test_one_object_that_is_older_than_the_watch_is_ignored() -> None:
    store = Store()
    store.replace(POOL, [pool("a", 10, "192.0.2.0/28")])
    store.learn(POOL, pool("a", 9, "198.51.100.0/28"))
    assert names(store) == {"a": ("192.0.2.0/28",)}


def test_the_deletion_of_a_predecessor_does_not_hurt_what_was_learned() -> None:
    store = Store()
    store.replace(POOL, [pool("a", 10)])
    store.learn(POOL, pool("a", 14, uid="again"))
    store.apply(POOL, event("DELETED", pool("a", 12)))
    assert set(names(store)) == {"a"}


def test_what_was_found_gone_is_dropped() -> None:
    store = Store()
    store.replace(POOL, [pool("a", 10)])
    store.forget(POOL, "metallb-system", "a")
    assert not names(store)
    assert store.stored(POOL, "metallb-system", "a") is None


def test_what_cannot_be_read_is_remembered_and_in_nobodys_way() -> None:
    store = Store()
    store.replace(POOL, [pool("bad", 1, 7), pool("good", 2)])
    assert set(names(store)) == {"good"}
    assert list(store.unreadable) == [(POOL, "bad")]
    assert "spec.addresses[0]: 7 is not text" in store.unreadable[POOL, "bad"]


@pytest.mark.parametrize(
    ("then", "left"),
    [
        (event("MODIFIED", pool("bad", 9)), set()),
        (event("DELETED", pool("bad", 9, 7)), set()),
        (event("MODIFIED", pool("bad", 9, 8)), {(POOL, "bad")}),
        (event("MODIFIED", pool("good", 9, 8)), {(POOL, "bad"), (POOL, "good")}),
    ],
)
def test_what_can_be_read_again_is_no_longer_remembered(
    then: WatchEvent, left: set[tuple[str, Key]]
) -> None:
    store = Store()
    store.replace(POOL, [pool("bad", 1, 7), pool("good", 2)])
    store.apply(POOL, then)
    assert set(store.unreadable) == left
    assert not set(names(store)) & {key for _, key in left}


def test_whoever_wants_to_is_told_of_everything_that_is_shown() -> None:
    told: list[tuple[str, Key]] = []
    store = Store(lambda kind, key, _manifest: told.append((kind, key)))
    store.replace(POOL, [pool("a", 10)])
    store.apply(POOL, event("MODIFIED", pool("a", 11)))
    store.apply(POOL, event("DELETED", pool("a", 12)))
    store.learn(POOL, pool("b", 13))
    assert told == [(POOL, "a")] * 3 + [(POOL, "b")]


def test_services_of_another_type_are_not_kept() -> None:
    store = Store()
    service = {
        "metadata": {"name": "web", "namespace": "default", "resourceVersion": "5"},
        "spec": {"type": "LoadBalancer"},
    }
    store.apply("Service", event("ADDED", service))
    assert list(store.index.objects["Service"]) == [("default", "web")]
    service["metadata"]["resourceVersion"] = "6"  # type: ignore[index] # it is a dict
    store.apply("Service", event("MODIFIED", service | {"spec": {"type": "ClusterIP"}}))
    assert not store.index.objects["Service"]
