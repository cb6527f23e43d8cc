"""Addresses are remembered while the controller is replaced, and compared afterwards."""

from base64 import b64encode
from gzip import compress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_kube.objects import ObjectRef, ref_of
from metallb_operator.plan import Apply, Cause, Plan
from metallb_operator.serviceaddresses import (
    addresses_of,
    compared,
    note,
    note_ref,
    noted,
    replaces_controller,
)
from metallb_webhooks.index import ServiceInfo
from support.samples import NAMESPACE, service

METALLB = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "MetalLB",
    "metadata": {"name": "metallb", "namespace": NAMESPACE, "uid": "u1"},
}
CONTROLLER = ObjectRef("apps/v1", "Deployment", NAMESPACE, "controller")
SPEAKER = ObjectRef("apps/v1", "DaemonSet", NAMESPACE, "speaker")


@pytest.mark.parametrize(
    ("ref", "cause", "replaced"),
    [
        (CONTROLLER, Cause.CHANGED, True),
        (CONTROLLER, Cause.ADOPTED, True),
        (CONTROLLER, Cause.CREATED, False),
        (CONTROLLER, Cause.RESTORED, False),
        (SPEAKER, Cause.CHANGED, False),
    ],
)
def test_addresses_matter_when_a_controller_makes_way(
    ref: ObjectRef, cause: Cause, *, replaced: bool
) -> None:
    assert replaces_controller(Plan((Apply(ref, {}, cause, 1),))) is replaced


def test_only_services_with_an_address_are_remembered() -> None:
    services = [service("a", "192.0.2.2", "192.0.2.1"), service("b"), service("a", space="x")]
    assert addresses_of(services) == {"default/a": ("192.0.2.1", "192.0.2.2")}


def test_what_is_remembered_goes_with_the_object() -> None:
    made = note({"default/a": ("192.0.2.1",)}, METALLB)
    assert ref_of(made) == note_ref(NAMESPACE)
    [owner] = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("MetalLB", "metallb", "u1")


NAMES = st.text("abc-", min_size=1, max_size=8)
HELD = st.lists(st.ip_addresses().map(str), min_size=1, max_size=3, unique=True)


@given(st.dictionaries(st.tuples(NAMES, NAMES).map("/".join), HELD.map(tuple)))
def test_what_was_remembered_is_read_as_it_was(held: dict[str, tuple[str, ...]]) -> None:
    assert noted(note(held, METALLB)) == held


def test_thousands_of_services_fit() -> None:
    services = [
        ServiceInfo(f"namespace-{n % 50}", f"service-{n}", {}, (f"10.0.{n // 256}.{n % 256}",))
        for n in range(5000)
    ]
    [text] = note(addresses_of(services), METALLB)["binaryData"].values()
    assert len(text) < 200_000


def edited(raw: bytes) -> dict[str, Any]:
    return {"binaryData": {"services.json.gz": b64encode(raw).decode()}}


@pytest.mark.parametrize(
    "found",
    [
        None,
        {},
        {"binaryData": None},
        {"binaryData": {"services.json.gz": "%"}},
        edited(b"no gzip"),
        edited(compress(b"no JSON")),
        edited(compress(b"[]")),
        edited(compress(b'{"a": 1}')),
        edited(compress(b"{}")[:-4]),
    ],
)
def test_what_cannot_be_read_remembers_nothing(found: dict[str, Any] | None) -> None:
    assert noted(found) == {}


BEFORE = {"default/a": ("192.0.2.1",), "default/b": ("192.0.2.2", "2001:db8::2")}
A = service("a", "192.0.2.1")
B = service("b", "2001:db8::2", "192.0.2.2")


@pytest.mark.parametrize(
    ("services", "told"),
    [
        pytest.param([A, B], "the addresses of 2 Services are as before", id="as-before"),
        pytest.param([A], "the addresses of 1 Service are as before", id="one-is-gone"),
        pytest.param([A, B, service("new", "192.0.2.9")], "2 Services are", id="one-is-new"),
    ],
)
def test_what_is_as_before_is_told_quietly(services: list[ServiceInfo], told: str) -> None:
    found = compared(BEFORE, services)
    assert found is not None
    assert (found.reason, found.warning) == ("AddressesKept", False)
    assert told in found.message


@pytest.mark.parametrize(
    ("services", "told"),
    [
        pytest.param(
            [service("a", "192.0.2.7"), B],
            "1 of 2 Services are not as before: default/a has 192.0.2.7 in place of 192.0.2.1;",
            id="another-address",
        ),
        pytest.param(
            [service("a"), B], "default/a has none in place of 192.0.2.1;", id="no-address"
        ),
        pytest.param(
            [A, service("b", "192.0.2.2")],
            "default/b has 192.0.2.2 in place of 192.0.2.2 and 2001:db8::2;",
            id="one-of-two",
        ),
        pytest.param([service("a"), service("b")], "2 of 2 Services", id="all"),
    ],
)
def test_what_is_not_as_before_is_named_with_old_and_new(
    services: list[ServiceInfo], told: str
) -> None:
    found = compared(BEFORE, services)
    assert found is not None
    assert (found.reason, found.warning) == ("AddressesChanged", True)
    assert told in found.message


@pytest.mark.parametrize(("before", "services"), [({}, [A, B]), (BEFORE, [])])
def test_where_there_is_nothing_to_compare_nothing_is_told(
    before: dict[str, tuple[str, ...]], services: list[ServiceInfo]
) -> None:
    assert compared(before, services) is None
