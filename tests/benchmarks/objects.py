"""What is stored and what is reviewed: pools and peers, few of which exclude each other. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from metallb_webhooks.review import ReviewRequest
from support.reviews import review, stored

DENIED_EVERY: Final = 20
"""One review in so many is of an object that what is stored excludes."""

_POOLS: Final = IPv4Address("10.0.0.0")
_NEW_POOLS: Final = IPv4Address("10.128.0.0")
_PEERS: Final = IPv4Address("172.16.0.1")
_NEW_PEERS: Final = IPv4Address("172.24.0.1")
_POOL_SIZE: Final = 16


@dataclass(frozen=True, slots=True)
class Asked:
    """A review, and the verdict that both servers must give.

    Attributes:
        manifest: the object.
    """

    manifest: dict[str, Any]
    allowed: bool

    @property
    def kind(self) -> str:
        """What is created."""
        return str(self.manifest["kind"])

    def request(self) -> ReviewRequest:
        """Return the review as a dry run, since nothing is stored after it."""
        uid = str(uuid5(NAMESPACE_OID, self.manifest["metadata"]["name"]))
        metadata = {**self.manifest["metadata"], "uid": uid}
        return review({**self.manifest, "metadata": metadata}, dry_run=True)


def pool(number: int) -> dict[str, Any]:
    """Return a pool of 16 addresses."""
    return _pool(f"pool-{number}", _POOLS + number * _POOL_SIZE)


def peer(number: int) -> dict[str, Any]:
    """Return a peer."""
    return _peer(f"peer-{number}", _PEERS + number)


def announcements() -> tuple[dict[str, Any], ...]:
    """Return what announces every pool to every peer."""
    return stored("BGPAdvertisement", "all"), stored("L2Advertisement", "all")


def _plain(kind: str, number: int) -> dict[str, Any]:
    """Return a new object of another kind, which nothing excludes; advertisements select all."""
    name = f"new-{kind.lower()}-{number}"
    match kind:
        case "FRRConfiguration":
            neighbor = {"address": str(_NEW_PEERS + number), "asn": 64501}
            router = {"asn": 64500, "neighbors": [neighbor]}
            return stored(kind, name, bgp={"routers": [router]})
        case "Community":
            return stored(kind, name, communities=[{"name": name, "value": "64500:1"}])
        case "MetalLB":
            return stored(kind, "metallb")
        case _:
            return stored(kind, name)


KINDS: Final = (
    "IPAddressPool",
    "BGPPeer",
    "BGPAdvertisement",
    "L2Advertisement",
    "BFDProfile",
    "Community",
    "FRRConfiguration",
    "MetalLB",
)
"""Everything that is reviewed."""


def stream(kind: str, start: int = 0) -> Iterator[Asked]:
    """Yield reviews of new objects of a kind without end; some are in conflict with number 0."""
    number = start
    while True:
        number += 1
        bad = number % DENIED_EVERY == 0
        if kind == "IPAddressPool":
            place = _POOLS if bad else _NEW_POOLS + number * _POOL_SIZE
            yield Asked(_pool(f"new-pool-{number}", place), not bad)
        elif kind != "BGPPeer":
            yield Asked(_plain(kind, number), allowed=True)
        else:
            place = _PEERS if bad else _NEW_PEERS + number
            yield Asked(_peer(f"new-peer-{number}", place), not bad)


def _pool(name: str, first: IPv4Address) -> dict[str, Any]:
    return stored("IPAddressPool", name, addresses=[f"{first}-{first + _POOL_SIZE // 2 - 1}"])


def _peer(name: str, address: IPv4Address) -> dict[str, Any]:
    return stored("BGPPeer", name, myASN=64500, peerASN=64501, peerAddress=str(address))
