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


def holder(
    spec: dict[str, Any] | None = None, address: str = "192.0.2.9", **annotations: str
) -> Any:  # noqa: ANN401
    found = service({"ports": [{"port": 53, "protocol": "UDP"}], **(spec or {})}, **annotations)
    found["metadata"]["name"] = "dns"
    return {**found, "status": {"loadBalancer": {"ingress": [{"ip": address}]}}}


def asking(spec: dict[str, Any] | None = None, **annotations: str) -> dict[str, Any]:
    wanted = {"loadBalancerIP": "192.0.2.9", "ports": [{"port": 53, "protocol": "TCP"}]}
    return service({**wanted, **(spec or {})}, **annotations)


LOCAL = {"externalTrafficPolicy": "Local", "selector": {"app": "a"}}
OTHERS = {"externalTrafficPolicy": "Local", "selector": {"app": "b"}}
CLUSTER = {"externalTrafficPolicy": "Cluster", "selector": {"app": "b"}}
KEY = {"allow-shared-ip": "k"}
POLICIES = "the sharing keys are the same, but externalTrafficPolicy is "


@pytest.mark.parametrize(
    ("waiting", "other", "said"),
    [
        (asking({}, **KEY), holder({}, **KEY), ""),
        (asking(LOCAL, **KEY), holder(LOCAL, **KEY), ""),
        (asking(CLUSTER, **KEY), holder({}, **KEY), ""),
        (asking(), holder(address="192.0.2.8"), ""),
        # Somebody else gave it that address.
        (asking(), holder({"loadBalancerClass": "x/y"}), ""),
        (asking(), holder(), "to share it, this one and shop/dns would need metallb.io/allow-"),
        (asking(), holder({}, **KEY), "to share it, this one would need metallb.io/allow-shared"),
        (asking({}, **KEY), holder(), "to share it, shop/dns would need metallb.io/allow-shared"),
        (
            asking({}, **KEY),
            holder({}, **{"allow-shared-ip": "l"}),
            "metallb.io/allow-shared-ip is 'k' here and 'l' there, and must be the same",
        ),
        (
            asking(LOCAL, **KEY),
            holder(OTHERS, **KEY),
            f"{POLICIES}Local (app=a) here and Local (app=b) there",
        ),
        (
            asking(LOCAL, **KEY),
            holder(CLUSTER, **KEY),
            f"{POLICIES}Local (app=a) here and Cluster there",
        ),
        (
            asking({"ports": [{"port": 53, "protocol": "UDP"}]}, **KEY),
            holder({}, **KEY),
            "both have port 53/UDP; give one of them another",
        ),
        # The same address, however it is written.
        (
            asking({"loadBalancerIP": "2001:DB8:0::9"}),
            holder(address="2001:db8::9"),
            "to share it, this one and shop/dns",
        ),
    ],
)
def test_an_address_that_another_service_has(
    waiting: dict[str, Any], other: dict[str, Any], said: str
) -> None:
    pools = [pool(addresses=["192.0.2.0/24", "2001:db8::/120"])]
    # It is among the Services of the cluster itself, too.
    found = reason(waiting, pools, NAMESPACES, "", [waiting, other])
    assert found.partition(" has: ")[2].startswith(said)
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
