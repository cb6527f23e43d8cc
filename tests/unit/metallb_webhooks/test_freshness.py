import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Final

import pytest
from aiohttp import web

from metallb_webhooks.followed import FOLLOWED
from metallb_webhooks.freshness import Refresher, concerned
from metallb_webhooks.reading import REVIEWED
from metallb_webhooks.rules.base import Operation, Severity
from metallb_webhooks.rules.registry import RULES
from metallb_webhooks.settings import Settings
from metallb_webhooks.snapshot import Snapshot
from metallb_webhooks.source import Source
from support.api import answering, status
from support.reviews import stored
from support.samples import NAMESPACE

KINDS = sorted({kind for _, kind in REVIEWED})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", [Operation.CREATE, Operation.UPDATE])
def test_a_write_depends_on_what_is_stored_of_its_kind(kind: str, operation: Operation) -> None:
    others = {"BFDProfile": "BGPPeer"}  # profiles have nothing to do with each other
    assert others.get(kind, kind) in concerned(kind, operation)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", Operation)
def test_only_objects_that_are_reviewed_are_read_once_more(kind: str, operation: Operation) -> None:
    for other in concerned(kind, operation):
        assert (FOLLOWED[other].api_version, other) in REVIEWED


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("BFDProfile", ("BGPPeer",)), ("Community", ("BGPAdvertisement",)), ("IPAddressPool", ())],
)
def test_a_deletion_depends_on_who_refers_to_the_object(
    kind: str, expected: tuple[str, ...]
) -> None:
    assert concerned(kind, Operation.DELETE) == expected


# What the rules look at, found in their code

LOOKED_AT: Final = {
    "advertisements_for_pool": {"BGPAdvertisement", "L2Advertisement"},
    "advertisements_naming_peer": {"BGPAdvertisement"},
    "advertisements_naming_pool": {"BGPAdvertisement", "L2Advertisement"},
    "advertisements_using_alias": {"BGPAdvertisement"},
    "all_pools_announced": {"BGPAdvertisement", "L2Advertisement"},
    "asns": {"BGPPeer"},
    "backend": {"MetalLB"},
    "bgp_advertisements": {"BGPAdvertisement"},
    "bgp_advertisements_for_pool": {"BGPAdvertisement"},
    "communities_defining": {"Community"},
    "echo_profiles": {"BFDProfile"},
    "frr_configurations": {"FRRConfiguration"},
    "frr_configurations_describing": {"FRRConfiguration"},
    "frr_configurations_on": {"FRRConfiguration"},
    "frr_configurations_unlike": {"FRRConfiguration"},
    "l2_advertisements": {"L2Advertisement"},
    "listed_communities": {"BGPAdvertisement"},
    "local_prefs": {"BGPAdvertisement"},
    "metallbs": {"MetalLB"},
    "peers_at": {"BGPPeer"},
    "peers_not_external": {"BGPPeer"},
    "peers_on": {"BGPPeer"},
    "peers_using_profile": {"BGPPeer"},
    "peers_using_secret": {"BGPPeer"},
    "pools": {"IPAddressPool"},
    "pools_longer_than": {"IPAddressPool"},
    "pools_of_advertisement": {"IPAddressPool"},
    "pools_of_family": {"IPAddressPool"},
    "pools_overlapping": {"IPAddressPool"},
    "pools_selected": {"IPAddressPool"},
    "router_ids": {"BGPPeer"},
}
"""Kinds that are reviewed, by what gives a rule access to them."""

NOT_REVIEWED: Final = {
    "names_of_nodes",
    "namespaces_selected",
    "nodes",
    "nodes_selected",
    "nodes_within",
    "pod_networks_within",
    "secrets",
    "services",
    "services_within",
    "shared_addresses",
}
LIKE_FIELDS: Final = {"bfd_profiles", "communities", "namespaces", "peers"}
"""In the code of a rule these are fields of the object under review just as well."""

CHANGES: Final = {"of", "with_object", "without_object"}


def names_in(thing: object, seen: set[object]) -> Iterator[str]:
    """Yield every name that a check uses, in whatever it calls of the rules, too."""
    if isinstance(thing, partial):
        for part in (thing.func, *thing.args, *thing.keywords.values()):
            yield from names_in(part, seen)
    ours = isinstance(thing, FunctionType) and thing.__module__.startswith("metallb_webhooks.rules")
    if not ours or thing in seen:
        return
    assert isinstance(thing, FunctionType)
    seen.add(thing)
    for name in set(names_of(thing.__code__)):
        yield name
        yield from names_in(thing.__globals__.get(name), seen)
    for cell in thing.__closure__ or ():
        yield from names_in(cell.cell_contents, seen)


def names_of(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_of(constant)


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_denial_looks_at_is_caught_up_with(kind: str, operation: Operation) -> None:
    used = {
        name
        for rule in RULES[kind]
        if operation in rule.operations and rule.severity is Severity.DENY
        for name in names_in(rule.check, set())
    }
    kinds = set().union(*(LOOKED_AT.get(name, set()) for name in used))
    assert kinds <= set(concerned(kind, operation))


def test_rules_that_ask_for_the_backend_say_so() -> None:
    """Others are not asked when it changes."""
    rules = {rule.id: rule for rules in RULES.values() for rule in rules}
    assert {name: rule.by_backend for name, rule in rules.items()} == {
        name: "backend" in set(names_in(rule.check, set())) for name, rule in rules.items()
    }


def test_every_way_to_look_at_what_is_stored_is_known_here() -> None:
    ways = {name for name in vars(Snapshot) if not name.startswith("_")}
    assert (
        ways - {"index", "layers", "nodes_known", "selected"}
        <= LOOKED_AT.keys() | NOT_REVIEWED | LIKE_FIELDS | CHANGES
    )
    assert "pools_overlapping" in set(names_in(RULES["IPAddressPool"][5].check, set()))


# Reading what is stored

POOLS: Final = "ipaddresspools"


class Lists:
    """An API server that only lists: one pool, and whatever it is told to refuse."""

    def __init__(self, refused: dict[str, int] | None = None, *, silent: bool = False) -> None:
        self.refused = refused or {}
        self.silent = silent
        self.listed: Counter[str] = Counter()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        plural = request.path.rsplit("/", 1)[1]
        self.listed[plural] += 1
        if self.silent:
            await asyncio.Event().wait()
        if plural in self.refused:
            return status(self.refused[plural], "Refused")
        pool = stored("IPAddressPool", "a", addresses=["192.0.2.0/28"])
        pool["metadata"]["resourceVersion"] = "7"
        items = [pool] if plural == POOLS else []
        return web.json_response({"metadata": {"resourceVersion": "9"}, "items": items})


@pytest.mark.parametrize(
    ("refused", "silent", "done"),
    [({}, False, True), ({POOLS: 500}, False, False), ({}, True, False)],
)
async def test_what_is_stored_is_read_or_the_watches_are_believed(
    refused: dict[str, int], *, silent: bool, done: bool, tmp_path: Path
) -> None:
    lists, steps = Lists(refused, silent=silent), []
    async with answering(lists, tmp_path) as client:
        source = Source(client, NAMESPACE)
        refresher = Refresher(
            client,
            source,
            Settings(NAMESPACE, fresh_seconds=0.3),
            lambda step, outcome: steps.append((step, outcome)),
        )
        assert await refresher.refresh(["IPAddressPool", "BGPPeer"]) is done
    assert steps == [("refresh", done)]
    assert set(lists.listed) == {POOLS, "bgppeers"}
    assert bool(source.store.index.objects["IPAddressPool"]) is done


async def test_many_share_two_reads(tmp_path: Path) -> None:
    lists = Lists()
    async with answering(lists, tmp_path) as client:
        refresher = Refresher(client, Source(client, NAMESPACE), Settings(NAMESPACE), print)
        both = [refresher.refresh(["IPAddressPool"]) for _ in range(20)]
        assert all(await asyncio.gather(*both))
    assert lists.listed[POOLS] <= 2


@pytest.mark.parametrize(
    ("refused", "done"),
    [({}, True), ({"bgppeers": 500}, False), ({"frrconfigurations": 404}, True)],
)
async def test_everything_that_is_reviewed_is_read_and_may_be_absent_if_optional(
    refused: dict[str, int], *, done: bool, tmp_path: Path
) -> None:
    lists = Lists(refused)
    async with answering(lists, tmp_path) as client:
        refresher = Refresher(client, Source(client, NAMESPACE), Settings(NAMESPACE), print)
        assert await refresher.refresh_all() is done
    if done:
        assert set(lists.listed.values()) == {1}
        assert len(lists.listed) == len(KINDS)
