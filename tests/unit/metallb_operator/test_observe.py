"""What the observer believes, whatever the order in which watches and own writes tell it."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from metallb_kube.client import EventType, KubeClient, WatchEvent
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_kube.resources import resource_for
from metallb_operator.fields import is_terminating
from metallb_operator.observe import Observer
from metallb_operator.plan import Delete
from support.api import answering, status

NAMESPACE = "metallb-system"
CONFIG_MAPS = resource_for("v1", "ConfigMap")


def config(name: str, version: int, uid: str = "1", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": uid,
            "resourceVersion": str(version),
        },
        "data": data,
    }


A = ref_of(config("a", 1))


def observer() -> Observer:
    """Return an observer that follows nothing: it is told what to believe."""
    return Observer(cast("KubeClient", None), NAMESPACE)


def happened(watcher: Observer, kind: EventType, manifest: Manifest) -> None:
    watcher._happened(WatchEvent(kind, manifest))


def version(watcher: Observer, ref: ObjectRef = A) -> int:
    """Return the version that is believed in; 0 for none."""
    found = watcher.observation().objects.get(ref)
    return int(found["metadata"]["resourceVersion"]) if found else 0


class TestEvents:
    def test_add_change_and_remove(self) -> None:
        watcher = observer()
        happened(watcher, "ADDED", config("a", 5))
        assert version(watcher) == 5
        happened(watcher, "MODIFIED", config("a", 6))
        assert version(watcher) == 6
        happened(watcher, "DELETED", config("a", 7))
        assert version(watcher) == 0

    def test_of_another_incarnation_replace_the_one_before(self) -> None:
        watcher = observer()
        happened(watcher, "ADDED", config("a", 5, uid="1"))
        happened(watcher, "DELETED", config("a", 6, uid="1"))
        happened(watcher, "ADDED", config("a", 7, uid="2"))
        assert version(watcher) == 7

    def test_tell_whoever_waits(self) -> None:
        watcher = observer()
        for kind, manifest in (("ADDED", config("a", 5)), ("DELETED", config("a", 6))):
            changed = watcher.changed
            happened(watcher, cast("EventType", kind), manifest)
            assert changed.is_set()

    def test_are_news_to_everybody_who_has_not_looked_since(self) -> None:
        watcher = observer()
        slow = watcher.changed
        happened(watcher, "ADDED", config("a", 5))
        quick = watcher.changed
        assert slow.is_set()
        assert not quick.is_set()

    def test_of_what_is_not_known_tell_nobody(self) -> None:
        watcher = observer()
        changed = watcher.changed
        happened(watcher, "DELETED", config("a", 6))
        assert not changed.is_set()

    def test_that_repeat_what_is_known_tell_nobody(self) -> None:
        watcher = observer()
        happened(watcher, "ADDED", config("a", 5))
        changed = watcher.changed
        happened(watcher, "ADDED", config("a", 5))
        assert not changed.is_set()


class TestOwnWrites:
    def test_are_known_at_once(self) -> None:
        watcher = observer()
        changed = watcher.changed
        watcher.learn([config("a", 5)])
        assert version(watcher) == 5
        assert changed.is_set()

    def test_are_not_undone_by_a_watch_that_lags(self) -> None:
        watcher = observer()
        happened(watcher, "ADDED", config("a", 5))
        watcher.learn([config("a", 9)])
        happened(watcher, "MODIFIED", config("a", 7))
        assert version(watcher) == 9

    def test_are_not_undone_by_the_end_of_an_earlier_incarnation(self) -> None:
        watcher = observer()
        watcher.learn([config("a", 9, uid="2")])
        happened(watcher, "DELETED", config("a", 8, uid="1"))
        assert version(watcher) == 9

    def test_end_when_somebody_deletes_the_object(self) -> None:
        watcher = observer()
        watcher.learn([config("a", 9)])
        happened(watcher, "DELETED", config("a", 10))
        assert version(watcher) == 0

    def test_that_are_learnt_too_late_do_not_bring_back_what_is_deleted(self) -> None:
        watcher = observer()
        happened(watcher, "ADDED", config("a", 9))
        happened(watcher, "DELETED", config("a", 10))
        watcher.learn([config("a", 9)])
        assert version(watcher) == 0

    def test_that_are_learnt_too_late_do_not_undo_a_later_change(self) -> None:
        watcher = observer()
        happened(watcher, "MODIFIED", config("a", 10))
        watcher.learn([config("a", 9)])
        assert version(watcher) == 10

    def test_of_one_kind_say_nothing_about_another(self) -> None:
        watcher = observer()
        secret = {**config("s", 50), "kind": "Secret"}
        happened(watcher, "ADDED", secret)
        watcher.learn([config("a", 9)])
        assert version(watcher) == 9


class TestOwnDeletions:
    def step(self, uid: str = "1") -> Delete:
        return Delete(A, uid)

    def test_count_as_being_under_way(self) -> None:
        watcher = observer()
        happened(watcher, "ADDED", config("a", 5))
        watcher.learn([], [self.step()])
        assert is_terminating(watcher.observation().objects[A])

    def test_end_with_the_event(self) -> None:
        watcher = observer()
        happened(watcher, "ADDED", config("a", 5))
        watcher.learn([], [self.step()])
        happened(watcher, "DELETED", config("a", 6))
        assert version(watcher) == 0

    def test_of_another_incarnation_mean_nothing(self) -> None:
        watcher = observer()
        happened(watcher, "ADDED", config("a", 5, uid="2"))
        watcher.learn([], [self.step()])
        assert not is_terminating(watcher.observation().objects[A])

    def test_of_what_is_gone_already_mean_nothing(self) -> None:
        watcher = observer()
        watcher.learn([], [self.step()])
        assert watcher.observation().objects == {}

    def test_do_not_hide_what_the_api_server_says_of_them(self) -> None:
        watcher = observer()
        going = config("a", 6)
        going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        happened(watcher, "MODIFIED", going)
        watcher.learn([], [self.step()])
        found = watcher.observation().objects[A]
        assert found["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:00Z"


class TestLists:
    def test_are_the_truth_about_their_kind(self) -> None:
        watcher = observer()
        secret = {**config("s", 50), "kind": "Secret"}
        for manifest in (config("a", 5), config("b", 6), secret):
            happened(watcher, "ADDED", manifest)
        watcher._replaced(CONFIG_MAPS, [config("b", 7), config("c", 8)])
        names = {ref.name for ref in watcher.observation().objects}
        assert names == {"b", "c", "s"}

    def test_are_believed_even_if_they_are_older(self) -> None:
        """As after etcd was restored from a backup: versions begin again."""
        watcher = observer()
        happened(watcher, "ADDED", config("a", 900))
        watcher._replaced(CONFIG_MAPS, [config("a", 5)])
        assert version(watcher) == 5
        watcher.learn([config("a", 6)])
        assert version(watcher) == 6
        happened(watcher, "MODIFIED", config("a", 7))
        assert version(watcher) == 7

    @pytest.mark.parametrize(
        ("items", "news"),
        [([config("a", 5)], False), ([config("a", 6)], True), ([], True)],
    )
    def test_tell_whoever_waits_only_what_is_news(
        self,
        items: list[Manifest],
        news: bool,  # noqa: FBT001 - a row of a table
    ) -> None:
        watcher = observer()
        watcher._replaced(CONFIG_MAPS, [config("a", 5)])
        changed = watcher.changed
        watcher._replaced(CONFIG_MAPS, items)
        assert changed.is_set() is news


def test_pods_and_nodes_are_kept_apart_from_what_is_applied() -> None:
    watcher = observer()
    pod = {**config("p", 5), "kind": "Pod"}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "resourceVersion": "6"}}
    for manifest in (pod, node, config("a", 7)):
        happened(watcher, "ADDED", manifest)
    seen = watcher.observation()
    assert [ref.name for ref in seen.objects] == ["a"]
    assert [ref_of(found).name for found in (*seen.pods, *seen.nodes)] == ["p", "n"]
    assert (seen.warnings, seen.accounts) == ((), None)


def test_an_observation_does_not_change_any_more() -> None:
    watcher = observer()
    happened(watcher, "ADDED", config("a", 5))
    seen = watcher.observation()
    happened(watcher, "DELETED", config("a", 6))
    assert A in seen.objects


@pytest.mark.parametrize(
    ("status_of", "news"),
    [({"readyReplicas": 1}, True), ({}, False)],
)
def test_a_status_wakes_whoever_waits_only_if_it_says_something_new(
    status_of: dict[str, int],
    news: bool,  # noqa: FBT001 - a row of a table
) -> None:
    watcher = observer()
    workload = {**config("d", 5), "apiVersion": "apps/v1", "kind": "Deployment", "status": {}}
    happened(watcher, "ADDED", workload)
    changed = watcher.changed
    happened(watcher, "MODIFIED", {**workload, "status": status_of})
    assert changed.is_set() is news


@dataclass
class World:
    """An API server's history of a few objects: the truth, and what a watch will say of it."""

    versions: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    truth: dict[ObjectRef, Manifest] = field(default_factory=dict)
    events: list[tuple[EventType, Manifest]] = field(default_factory=list)

    def write(self, name: str) -> Manifest:
        ref = ref_of(config(name, 1))
        now = next(self.versions)
        before = self.truth.get(ref)
        uid = before["metadata"]["uid"] if before else str(now)
        self.truth[ref] = config(name, now, uid)
        self.events.append(("MODIFIED" if before else "ADDED", self.truth[ref]))
        return self.truth[ref]

    def delete(self, name: str) -> Delete | None:
        gone = self.truth.pop(ref_of(config(name, 1)), None)
        if gone is None:
            return None
        uid = str(gone["metadata"]["uid"])
        self.events.append(("DELETED", config(name, next(self.versions), uid)))
        return Delete(ref_of(gone), uid)


steps = st.lists(
    st.tuples(
        st.sampled_from(["we write", "we delete", "they write", "they delete", "watch", "learn"]),
        st.sampled_from("ab"),
    ),
    max_size=30,
)


@given(steps)
def test_in_the_end_the_observer_believes_the_truth(sequence: Sequence[tuple[str, str]]) -> None:
    world, watcher = World(), observer()
    told = 0
    answers: list[tuple[list[Manifest], list[Delete]]] = []
    for what, name in [*sequence, *[("learn", "a")] * len(sequence)]:
        if what == "we write":
            answers.append(([world.write(name)], []))
        elif what == "we delete":
            step = world.delete(name)
            answers.append(([], [step] if step else []))
        elif what == "they write":
            world.write(name)
        elif what == "they delete":
            world.delete(name)
        elif what == "watch" and told < len(world.events):
            happened(watcher, *world.events[told])
            told += 1
        elif what == "learn" and answers:
            watcher.learn(*answers.pop(0))
    for event in world.events[told:]:
        happened(watcher, *event)
    assert watcher.observation().objects == world.truth


@dataclass
class Served:
    """Lists and watches of an API server on which only ConfigMaps are there.

    Attributes:
        events: what the watch of ConfigMaps says, when there is something.
        unserved: kinds that the API server does not know, by their plural.
        accounts: the ServiceAccounts; None if they may not be read.
    """

    events: asyncio.Queue[tuple[str, Manifest]] = field(default_factory=asyncio.Queue)
    unserved: frozenset[str] = frozenset()
    warnings: web.Response | None = None
    accounts: tuple[Manifest, ...] | None = ()
    asked: list[str] = field(default_factory=list)
    refused_again: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        plural = request.path.rpartition("/")[2]
        self.asked.append(request.path_qs)
        if plural == "events" and self.warnings:
            return self.warnings
        if plural == "serviceaccounts" and self.accounts is None:
            return status(403, "Forbidden")
        if plural in self.unserved:
            if sum(request.path in path for path in self.asked) > 1:
                self.refused_again.set()
            return status(404, "NotFound")
        if "watch" not in request.query:
            items = {"configmaps": [config("a", 5)], "serviceaccounts": self.accounts}
            return web.json_response(
                {"metadata": {"resourceVersion": "9"}, "items": items.get(plural, [])}
            )
        response = web.StreamResponse()
        await response.prepare(request)
        events = self.events if plural == "configmaps" else asyncio.Queue()
        while True:
            kind, manifest = await events.get()
            line = json.dumps({"type": kind, "object": manifest})
            await response.write(line.encode() + b"\n")


@asynccontextmanager
async def following(served: Served, folder: Path) -> AsyncIterator[Observer]:
    async with answering(served, folder) as client:
        watcher = Observer(client, NAMESPACE)
        task = asyncio.create_task(watcher.run())
        try:
            async with asyncio.timeout(10):
                yield watcher
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


MONITORS = frozenset({"podmonitors", "prometheusrules", "servicemonitors"})


@pytest.mark.parametrize("unserved", [frozenset(), MONITORS])
async def test_it_is_synced_when_everything_was_listed_that_can_be(
    unserved: frozenset[str], tmp_path: Path
) -> None:
    async with following(Served(unserved=unserved), tmp_path) as watcher:
        assert (watcher.synced, watcher.last_heard) == (False, 0)
        await watcher.wait_synced()
        assert watcher.synced
        assert version(watcher) == 5


async def test_without_a_kind_that_is_always_served_it_is_not(tmp_path: Path) -> None:
    served = Served(unserved=frozenset({"daemonsets"}))
    async with following(served, tmp_path) as watcher:
        await served.refused_again.wait()
        assert not watcher.synced


async def test_only_its_namespace_is_followed_and_all_nodes(tmp_path: Path) -> None:
    served = Served()
    async with following(served, tmp_path) as watcher:
        await watcher.wait_synced()
    lists = {path.partition("?")[0] for path in served.asked}
    assert "/api/v1/nodes" in lists
    elsewhere = [path for path in lists if f"/namespaces/{NAMESPACE}/" not in path]
    assert elsewhere == ["/api/v1/nodes"]


async def test_a_watch_wakes_whoever_waits(tmp_path: Path) -> None:
    served = Served()
    async with following(served, tmp_path) as watcher:
        await watcher.wait_synced()
        changed = watcher.changed
        served.events.put_nowait(("MODIFIED", config("a", 10)))
        await changed.wait()
        assert version(watcher) == 10
        assert watcher.last_heard > 0


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (web.json_response({"items": [{"reason": "FailedMount"}], "metadata": {}}), 1),
        (status(403, "Forbidden"), 0),
    ],
)
async def test_warnings_are_read_if_they_can_be(
    answer: web.Response, found: int, tmp_path: Path
) -> None:
    served = Served(warnings=answer)
    async with answering(served, tmp_path) as client:
        assert len(await Observer(client, NAMESPACE).warnings()) == found
    assert "fieldSelector=type%3DWarning" in served.asked[0] or "type=Warning" in served.asked[0]


ACCOUNT = {"metadata": {"name": "speaker", "uid": "7", "resourceVersion": "5"}, "secrets": []}


async def test_what_may_explain_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    warning = web.json_response({"items": [{"reason": "FailedMount"}], "metadata": {}})
    async with following(Served(warnings=warning, accounts=(ACCOUNT,)), tmp_path) as watcher:
        await watcher.wait_synced()
        seen = await watcher.explained()
    assert (len(seen.warnings), seen.accounts) == (1, frozenset({"speaker"}))
    assert seen.identities is not None
    assert seen.identities["speaker"]["metadata"]["uid"] == "7"
    assert "secrets" not in seen.identities["speaker"]


async def test_accounts_that_may_not_be_read_are_not_known(tmp_path: Path) -> None:
    async with following(Served(accounts=None), tmp_path) as watcher:
        while "serviceaccounts" not in watcher.refused:
            await watcher.changed.wait()
        assert (watcher.observation().identities, (await watcher.explained()).accounts) == (
            None,
            None,
        )
