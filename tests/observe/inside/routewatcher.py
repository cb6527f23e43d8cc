"""Write a line of JSON for each route of the kernel, and for each change of one, as it happens.

Source: rtnetlink(7), `linux/rtnetlink.h`.
"""

import ipaddress
import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

RTM_NEWROUTE: Final = 24
RTM_DELROUTE: Final = 25
_RTM_GETROUTE: Final = 26
_GROUPS: Final = 0x40 | 0x400  # RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_ROUTE
_REQUEST_DUMP: Final = 0x1 | 0x300  # NLM_F_REQUEST, NLM_F_DUMP
_DST: Final = 1
_GATEWAY: Final = 5
_MULTIPATH: Final = 9
_VIA: Final = 18
_HEADER: Final = struct.Struct("=IHHII")
_RTMSG: Final = struct.Struct("=BBBBBBBBI")
_NEXTHOP: Final = struct.Struct("=HBBi")
_ATTRIBUTE: Final = struct.Struct("=HH")
_BUFFER: Final = 1 << 20


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and body of each netlink message."""
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : length]
        data = data[_aligned(length) :]


def route(kind: int, body: bytes) -> dict[str, Any] | None:
    """Return what a message says of a route: prefix, protocol, next hops (none if it is gone).

    None if it is about something else, or about a default route.
    """
    if kind not in (RTM_NEWROUTE, RTM_DELROUTE):
        return None
    _, length, _, _, _, protocol, *_ = _RTMSG.unpack_from(body)
    found = dict(_attributes(body[_RTMSG.size :]))
    if _DST not in found:
        return None
    hops = () if kind == RTM_DELROUTE else sorted(_gateways(found))
    prefix = f"{ipaddress.ip_address(found[_DST])}/{length}"
    return {"prefix": prefix, "protocol": protocol, "next_hops": list(hops)}


def _gateways(found: dict[int, bytes]) -> Iterator[str]:
    if _GATEWAY in found:
        yield str(ipaddress.ip_address(found[_GATEWAY]))
    if _VIA in found:  # a family, then an address of it
        yield str(ipaddress.ip_address(found[_VIA][2:]))
    hops = found.get(_MULTIPATH, b"")
    while len(hops) >= _NEXTHOP.size:
        length, *_ = _NEXTHOP.unpack_from(hops)
        yield from _gateways(dict(_attributes(hops[_NEXTHOP.size : length])))
        hops = hops[_aligned(length) :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        yield kind, data[_ATTRIBUTE.size : length]
        data = data[_aligned(length) :]


def _aligned(length: int) -> int:
    return (length + 3) & ~3


def _dump(family: int) -> bytes:
    body = _RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0)
    return _HEADER.pack(_HEADER.size + len(body), _RTM_GETROUTE, _REQUEST_DUMP, 1, 0) + body


def _tell(data: bytes, protocol: int) -> None:
    now = time.monotonic()
    for kind, body in messages(data):
        found = route(kind, body)
        if found and protocol in (0, found.pop("protocol")):
            sys.stdout.write(json.dumps({"at": round(now, 6), **found}) + "\n")
    sys.stdout.flush()


def main(settings: dict[str, Any]) -> None:
    """Tell what there is, then what changes, until standard input ends."""
    wire = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    wire.bind((0, _GROUPS))
    for family in (socket.AF_INET, socket.AF_INET6):
        wire.send(_dump(family))
        _until_done(wire, settings["protocol"])
    sys.stdout.write(json.dumps({"ready": True}) + "\n")
    sys.stdout.flush()
    while True:
        readable, _, _ = select.select([wire, sys.stdin], [], [])
        if wire in readable:
            _tell(wire.recv(_BUFFER), settings["protocol"])
        elif not os.read(sys.stdin.fileno(), 1):
            return


def _until_done(wire: socket.socket, protocol: int) -> None:
    """Read the answer to a request, which ends with NLMSG_DONE or NLMSG_ERROR."""
    while True:
        data = wire.recv(_BUFFER)
        _tell(data, protocol)
        if any(kind in (2, 3) for kind, _ in messages(data)):
            return


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
