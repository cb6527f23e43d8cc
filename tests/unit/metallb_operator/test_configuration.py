"""What is said of everything stored."""

import pytest

from metallb_crds.backend import Backend
from metallb_crds.meta import Resource
from metallb_operator.configuration import Fault, checked, fault, subjects, told_about
from metallb_webhooks.index import Index
from support.samples import NAMESPACE, bgp, l2, node, peer, pool

OVERLAPPING = (pool("one", "10.0.0.0/24"), pool("two", "10.0.0.128/25"), l2("all"))


def judged(*objects: Resource, backend: Backend = Backend.FRR_K8S) -> dict[str, Fault]:
    index = Index(objects)
    found = (fault(subject, index, backend, NAMESPACE) for subject in subjects(index))
    return {one.name: one for one in found if one}


def test_both_of_two_overlapping_pools_are_named() -> None:
    found = judged(*OVERLAPPING)
    assert found.keys() == {"one", "two"}
    assert "pool-overlap" in found["one"].denied[0]


def test_sound_configuration_has_no_fault() -> None:
    assert judged(pool("one", "10.0.0.0/24"), l2("all")) == {}


def test_an_object_that_is_stored_is_not_judged_as_a_change() -> None:
    # As a CREATE, each would overlap with itself at the latest.
    assert not any(one.denied for one in judged(pool("one", "10.0.0.0/24")).values())


def test_the_backend_in_effect_counts() -> None:
    stored = (pool("one", "fc00::/64"), bgp("all"), peer("p"))
    assert any(one.denied for one in judged(*stored, backend=Backend.NATIVE).values())
    assert not any(one.denied for one in judged(*stored, backend=Backend.FRR_K8S).values())


def test_what_is_no_configuration_of_metallb_is_not_judged() -> None:
    assert subjects(Index([node("n1", "10.0.0.1")])) == ()


FAULT = Fault("IPAddressPool", "one", ("spec.addresses[0]: is taken [pool-overlap]",), ())
WARNED = Fault("IPAddressPool", "two", (), ("spec: nobody announces it [pool-not-announced]",))


def test_problems_name_object_field_and_what_they_freeze() -> None:
    outcome = checked([FAULT, WARNED], {})
    assert outcome.done
    assert outcome.problems[0] == "IPAddressPool one: spec.addresses[0]: is taken [pool-overlap]"
    assert "ignore every change" in outcome.problems[-1]
    assert outcome.warnings == (
        "IPAddressPool two: spec: nobody announces it [pool-not-announced]",
    )


def test_warnings_alone_freeze_nothing() -> None:
    outcome = checked([WARNED], {})
    assert outcome.problems == ()


@pytest.mark.parametrize(
    ("key", "name"), [("lost", "BGPPeer lost"), (("ns", "lost"), "BGPPeer ns/lost")]
)
def test_what_cannot_be_read_is_a_problem(key: str | tuple[str, str], name: str) -> None:
    outcome = checked([], {("BGPPeer", key): "spec.holdTime: 90 is not text"})
    assert outcome.problems[0] == f"{name} cannot be read: spec.holdTime: 90 is not text"


def test_many_problems_are_counted_not_listed() -> None:
    many = [Fault("IPAddressPool", f"p{number}", ("x",), ()) for number in range(40)]
    outcome = checked(many, {})
    assert len(outcome.problems) == 12
    assert "and 30 more, of IPAddressPool p10, " in outcome.problems[10]


def test_nothing_wrong_is_said_as_such() -> None:
    assert checked([], {}) == checked([], {})
    assert (checked([], {}).problems, checked([], {}).warnings) == ((), ())


def test_an_event_is_about_this_incarnation_of_the_object() -> None:
    told = told_about(peer("p"))
    assert (told["apiVersion"], told["kind"]) == ("metallb.io/v1beta2", "BGPPeer")
    assert told["metadata"] == {"name": "p", "namespace": NAMESPACE, "uid": ""}
