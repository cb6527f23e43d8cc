"""What FRR says of its routes and sessions, as values.

FRR 8.4 gives a list of a header and paths for each prefix, later releases an object with `paths`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any


@dataclass(frozen=True, slots=True)
class Route:
    """A prefix as the router has learnt it.

    Attributes:
        next_hops: of all paths that are used, by which the traffic is shared; sorted.
        communities: like `64512:100` or `no-export`; these and all below are of the best path.
        large_communities: like `64512:1:2`.
        local_pref: None if the path has none (eBGP).
        as_path: from the nearest; empty in iBGP.
        learnt: how many paths there are, used or not.
    """

    next_hops: tuple[str, ...]
    communities: tuple[str, ...] = ()
    large_communities: tuple[str, ...] = ()
    local_pref: int | None = None
    as_path: tuple[int, ...] = ()
    learnt: int = 1


def routes(document: Mapping[str, Any]) -> dict[str, Route]:
    """Return every prefix that has a best path.

    Args:
        document: of `show bgp FAMILY unicast json detail`.
    """
    found = {prefix: _route(_paths(said)) for prefix, said in document.get("routes", {}).items()}
    return {prefix: route for prefix, route in found.items() if route is not None}


def _paths(said: Any) -> list[Mapping[str, Any]]:  # noqa: ANN401 - an object or a list
    entries = said["paths"] if isinstance(said, dict) else said
    return [entry for entry in entries if "nexthops" in entry]


def _route(paths: list[Mapping[str, Any]]) -> Route | None:
    best = next((one for one in paths if one.get("bestpath", {}).get("overall")), None)
    if best is None:
        return None
    used = [one for one in paths if one is best or one.get("multipath")]
    return Route(
        next_hops=tuple(sorted(_next_hop(one["nexthops"]) for one in used)),
        communities=_words(best, "community"),
        large_communities=_words(best, "largeCommunity"),
        local_pref=best.get("locPrf"),
        as_path=tuple(
            asn for segment in best.get("aspath", {}).get("segments", ()) for asn in segment["list"]
        ),
        learnt=len(paths),
    )


def _next_hop(next_hops: Iterable[Mapping[str, Any]]) -> str:
    """Return the address by which a neighbor is known: IPv6 has a link-local one beside it."""
    lasting = [one["ip"] for one in next_hops if one.get("scope") != "link-local"]
    return str(next(iter(lasting), "") or next(iter(next_hops))["ip"])


def _words(path: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(sorted(str(path.get(name, {}).get("string", "")).split()))


def sessions(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the state of each neighbor, like `Established` or `Active`.

    Args:
        document: of `show bgp neighbors json`.
    """
    return {
        address: str(said["bgpState"])
        for address, said in document.items()
        if isinstance(said, dict) and "bgpState" in said
    }


def bfd_peers(document: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the state of BFD with each peer: `up`, `down`, `init` or `shutdown`.

    Args:
        document: of `show bfd peers json`.
    """
    return {str(said["peer"]): str(said["status"]) for said in document}


def kernel_routes(document: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return the gateways of each prefix, sorted.

    Args:
        document: of `ip -j route`; both families.
    """
    return {
        str(ip_network(said["dst"])): tuple(sorted(_gateways(said)))
        for said in document
        if said["dst"] != "default"
    }


def _gateways(said: Mapping[str, Any]) -> Iterable[str]:
    for hop in said.get("nexthops", (said,)):
        via = hop.get("via", {}).get("host", "")
        if gateway := str(hop.get("gateway", via)):
            yield gateway
