from typing import Any

import pytest

from observe.bgproutes import Route, bfd_peers, kernel_routes, routes, sessions


def path(next_hop: str, **more: object) -> dict[str, Any]:
    return {
        "aspath": {"string": "64512", "segments": [{"type": "as-sequence", "list": [64512]}]},
        "valid": True,
        "nexthops": [{"ip": next_hop, "afi": "ipv4", "used": True}],
        **more,
    }


BEST = {"bestpath": {"overall": True, "selectionReason": "Older Path"}}
COMMUNITIES = {
    "community": {"string": "64512:100 no-export", "list": ["64512:100", "noExport"]},
    "largeCommunity": {"string": "64512:1:2", "list": ["64512:1:2"]},
    "locPrf": 150,
}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([path("192.0.2.1", **BEST)], Route(("192.0.2.1",), as_path=(64512,))),
        # The other one is not used: it is neither best nor as good.
        (
            [path("192.0.2.2"), path("192.0.2.1", **BEST)],
            Route(("192.0.2.1",), as_path=(64512,), learnt=2),
        ),
        (
            [path("192.0.2.2", multipath=True), path("192.0.2.1", multipath=True, **BEST)],
            Route(("192.0.2.1", "192.0.2.2"), as_path=(64512,), learnt=2),
        ),
        (
            [path("192.0.2.1", aspath={"string": "Local", "segments": []}, **BEST, **COMMUNITIES)],
            Route(("192.0.2.1",), ("64512:100", "no-export"), ("64512:1:2",), 150),
        ),
        (
            [
                {
                    **BEST,
                    "nexthops": [
                        {"ip": "fe80::1", "scope": "link-local", "used": True},
                        {"ip": "2001:db8::1", "scope": "global"},
                    ],
                }
            ],
            Route(("2001:db8::1",)),
        ),
        ([{**BEST, "nexthops": [{"ip": "fe80::1", "scope": "link-local"}]}], Route(("fe80::1",))),
    ],
)
def test_routes(paths: list[dict[str, Any]], expected: Route) -> None:
    header = {"prefix": "p", "advertisedTo": {"192.0.2.1": {"hostname": "n1"}}}
    assert routes({"routes": {"p": [header, *paths]}}) == {"p": expected}
    assert routes({"routes": {"p": {**header, "paths": paths}}}) == {"p": expected}


def test_a_prefix_without_a_best_path_is_no_route() -> None:
    assert routes({"routes": {"p": [path("192.0.2.1", valid=False)]}}) == {}
    assert routes({}) == {}


def test_states() -> None:
    neighbors = {"192.0.2.1": {"bgpState": "Established"}, "192.0.2.2": {"bgpState": "Active"}}
    assert sessions(neighbors) == {"192.0.2.1": "Established", "192.0.2.2": "Active"}
    assert sessions({"bgpNoSuchNeighbor": True}) == {}
    assert bfd_peers([{"peer": "192.0.2.1", "status": "up"}]) == {"192.0.2.1": "up"}


def test_kernel_routes() -> None:
    said = [
        {"dst": "default", "gateway": "192.0.2.254"},
        {"dst": "198.51.100.1", "gateway": "192.0.2.1"},
        {"dst": "198.51.100.2", "nexthops": [{"gateway": "192.0.2.2"}, {"gateway": "192.0.2.1"}]},
        {"dst": "198.51.100.3", "via": {"family": "inet6", "host": "fe80::1"}},
        {"dst": "2001:db8:1::/64", "gateway": "fe80::2"},
        {"dst": "203.0.113.0/24", "dev": "eth0"},
    ]
    assert kernel_routes(said) == {
        "198.51.100.1/32": ("192.0.2.1",),
        "198.51.100.2/32": ("192.0.2.1", "192.0.2.2"),
        "198.51.100.3/32": ("fe80::1",),
        "2001:db8:1::/64": ("fe80::2",),
        "203.0.113.0/24": (),
    }
