"""A release takes the place of a newer one only where that changes nothing unseen."""

from typing import Any

import pytest

from metallb_crds.meta import Resource
from metallb_operator.conditions import Reason
from metallb_operator.downgrade import ANNOTATION, FEATURES, KINDS, downgrade
from metallb_operator.releases import RELEASES, release_for
from support.samples import bgp, l2, labelled, peer, pool

NEW, OLD = "0.16.1", "0.15.3"
SELECTING = {"serviceSelectors": [labelled(app="web")]}
ADVERTISED = "Services that are left out there would be announced"


def metallb() -> dict[str, Any]:
    return {"metadata": {"name": "metallb", "annotations": {}}, "spec": {"version": OLD}}


def blocked(
    *stored: Resource, running: str = NEW, wanted: str = OLD, annotation: str | None = None
) -> str:
    given = {} if annotation is None else {ANNOTATION: annotation}
    found = downgrade({"metadata": {"annotations": given}}, running, release_for(wanted), stored)
    assert found is None or found.reason is Reason.DOWNGRADE_BLOCKED
    return found.message if found else ""


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        (bgp("a", **SELECTING), f"spec.serviceSelectors of BGPAdvertisement 'a' ({ADVERTISED})"),
        (l2("b", **SELECTING), f"spec.serviceSelectors of L2Advertisement 'b' ({ADVERTISED})"),
        (peer("c", localASN=64999), "spec.localASN of BGPPeer 'c'"),
    ],
)
def test_what_an_older_release_ignores_is_named_with_the_remedy(
    stored: Resource, told: str
) -> None:
    said = blocked(pool("p", "192.0.2.0/24"), stored)
    assert said.startswith(f"spec.version: {OLD} is older than {NEW}, which runs, and ignores ")
    assert told in said
    assert f'{ANNOTATION}: "{OLD}"' in said


def test_every_object_is_named() -> None:
    said = blocked(peer("c", localASN=64999), bgp("a", **SELECTING), l2("b", **SELECTING))
    assert [name in said for name in ("'a'", "'b'", "'c'")] == [True] * 3


@pytest.mark.parametrize(
    ("running", "wanted"), [(OLD, NEW), (NEW, NEW), (OLD, OLD), ("", OLD), ("0.99.0", OLD)]
)
def test_nothing_is_lost_unless_a_known_release_gives_way_to_an_older_one(
    running: str, wanted: str
) -> None:
    assert blocked(bgp("a", **SELECTING), running=running, wanted=wanted) == ""


@pytest.mark.parametrize("stored", [bgp("a"), l2("b"), peer("c"), pool("p", "192.0.2.0/24")])
def test_what_both_releases_know_is_in_nobodys_way(stored: Resource) -> None:
    assert blocked(stored) == ""


@pytest.mark.parametrize(
    ("annotation", "allowed"),
    [(OLD, True), (f"v{OLD}", True), (NEW, False), ("", False), ("true", False)],
)
def test_it_can_be_accepted_for_one_release(annotation: str, *, allowed: bool) -> None:
    said = blocked(bgp("a", **SELECTING), annotation=annotation)
    assert (said == "") is allowed


def test_what_is_not_known_yet_is_waited_for() -> None:
    found = downgrade(metallb(), NEW, release_for(OLD), None)
    assert found is not None
    assert "is looked up" in found.message


def test_an_upgrade_waits_for_nothing() -> None:
    assert downgrade(metallb(), OLD, release_for(NEW), None) is None


def test_every_feature_came_with_a_release_that_can_be_run_and_is_of_a_kind_that_is_read() -> None:
    assert {feature.kind for feature in FEATURES} == set(KINDS)
    oldest, newest = RELEASES[0].order, RELEASES[-1].order
    assert all(oldest < feature.since <= newest for feature in FEATURES)
