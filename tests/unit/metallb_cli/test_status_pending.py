"""Why a Service has no address: one row a reason."""

from typing import Any

import pytest

from metallb_cli.pending import is_ours, is_pending, reason

NAMESPACES = {"shop": {"team": "a"}}


def service(spec: dict[str, Any] | None = None, **annotations: str) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "labels": {"app": "web"},
            "annotations": {f"metallb.io/{key}": value for key, value in annotations.items()},
        },
        "spec": {"type": "LoadBalancer", "ipFamilies": ["IPv4"], **(spec or {})},
    }


def pool(name: str = "first", free: int | None = 5, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    status = {} if free is None else {"status": {"availableIPv4": free, "availableIPv6": 0}}
    return {
        "metadata": {"name": name},
        "spec": {"addresses": ["192.0.2.0/24"], **spec},
        **status,
    }


def confined(**allocation: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return pool(serviceAllocation=allocation)


@pytest.mark.parametrize(
    ("waiting", "pools", "said"),
    [
        (service(), [], "there is no IPAddressPool"),
        (service(), [pool()], ""),
        (service(), [pool(free=None)], ""),
        (service(), [pool(free=0)], "pool first is exhausted"),
        (service(), [pool(free=0), pool("second", 0)], "pools first, second are exhausted"),
        (service(), [pool(free=0), pool("second")], ""),
        (service({"ipFamilies": ["IPv6"]}), [pool()], "pool first is without IPv6"),
        (service(), [pool(autoAssign=False)], "pool first is not given away unasked"),
        (service({}, **{"address-pool": "first"}), [pool(autoAssign=False)], ""),
        (service({}, **{"address-pool": "none"}), [pool()], "asks for pool none, which does not"),
        (service({}, **{"address-pool": "first"}), [pool(free=0), pool("b")], "pool first is exh"),
        (service(), [confined(namespaces=["other"])], "pool first is confined"),
        (service(), [confined(namespaces=["shop"])], ""),
        (service(), [confined(namespaceSelectors=[{"matchLabels": {"team": "a"}}])], ""),
        (service(), [confined(namespaceSelectors=[{"matchLabels": {"team": "b"}}])], "pool first"),
        (service(), [confined(serviceSelectors=[{"matchLabels": {"app": "web"}}])], ""),
        (service(), [confined(serviceSelectors=[{"matchLabels": {"app": "db"}}])], "pool first"),
        (service({"loadBalancerIP": "192.0.2.9"}), [pool(free=0)], ""),
        (service({"loadBalancerIP": "10.0.0.1"}), [pool()], "asks for 10.0.0.1, which no pool"),
        (service({}, loadBalancerIPs="192.0.2.9,10.0.0.1"), [pool()], "asks for 10.0.0.1,"),
        (service({}, loadBalancerIPs="no"), [pool()], "asks for no,"),
        (service(), [pool(addresses=["nonsense"])], "pool first is without IPv4"),
        (service({"loadBalancerClass": "x/y"}), [pool()], "has class x/y, and MetalLB serves"),
    ],
)
def test_reasons(waiting: dict[str, Any], pools: list[dict[str, Any]], said: str) -> None:
    found = reason(waiting, pools, NAMESPACES, "")
    assert found.startswith(said)
    assert bool(found) == bool(said)


def test_a_service_without_the_class_that_is_served() -> None:
    found = reason(service(), [pool()], {}, "metallb.io/it")
    assert found == "has no class, and MetalLB serves Services of class metallb.io/it only"
    assert not is_ours(service(), "metallb.io/it")


@pytest.mark.parametrize(
    ("kind", "ingress", "pending"),
    [
        ("LoadBalancer", [], True),
        ("LoadBalancer", [{"ip": "192.0.2.1"}], False),
        ("ClusterIP", [], False),
    ],
)
def test_what_is_pending(kind: str, ingress: list[dict[str, str]], *, pending: bool) -> None:
    found = {**service({"type": kind}), "status": {"loadBalancer": {"ingress": ingress}}}
    assert is_pending(found) is pending
