"""Ask a wire again and again who has addresses, and write a line of JSON for whoever claims one.

Source: RFC 826 (ARP), RFC 4861 (NDP), packet(7).
"""

import ctypes
import fcntl
import ipaddress
import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_ARP: Final = 0x0806
_IPV6: Final = 0x86DD
_ICMPV6: Final = 58
_SOLICITATION: Final = 135
_ADVERTISEMENT: Final = 136
_LINK_LOCAL: Final = "20"
_SIOCGIFADDR: Final = 0x8915
_SIOCGIFHWADDR: Final = 0x8927
_SO_ATTACH_FILTER: Final = 26
_EVERYTHING: Final = 3  # ETH_P_ALL
_OUTGOING: Final = 4  # PACKET_OUTGOING
_BROADCAST: Final = b"\xff" * 6
_FRAME: Final = 2048
# (code, if true, if false, value): ARP, and advertisements of NDP; nothing else is copied here.
_FILTER: Final = (
    (0x28, 0, 0, 12),
    (0x15, 5, 0, _ARP),
    (0x15, 0, 5, _IPV6),
    (0x30, 0, 0, 20),
    (0x15, 0, 3, _ICMPV6),
    (0x30, 0, 0, 54),
    (0x15, 0, 1, _ADVERTISEMENT),
    (0x06, 0, 0, _FRAME),
    (0x06, 0, 0, 0),
)


@dataclass(frozen=True)
class Asker:
    """An interface as it shows on the wire: its MAC, IPv4 and link-local IPv6 address."""

    mac: bytes
    ipv4: bytes
    ipv6: bytes


def question(address: str, asker: Asker) -> bytes:
    """Return the frame that asks for an address, by ARP or NDP."""
    wanted = ipaddress.ip_address(address).packed
    return _arp(wanted, asker) if len(wanted) == len(asker.ipv4) else _solicitation(wanted, asker)


def _arp(wanted: bytes, asker: Asker) -> bytes:
    ethernet = _BROADCAST + asker.mac + struct.pack("!H", _ARP)
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
    return ethernet + head + asker.mac + asker.ipv4 + bytes(6) + wanted


def _solicitation(wanted: bytes, asker: Asker) -> bytes:
    group = bytes.fromhex("ff0200000000000000000001ff") + wanted[-3:]
    option = b"\x01\x01" + asker.mac
    rest = bytes(4) + wanted + option
    icmp = struct.pack("!BBH", _SOLICITATION, 0, 0) + rest
    total = checksum(asker.ipv6 + group + struct.pack("!II", len(icmp), _ICMPV6) + icmp)
    icmp = struct.pack("!BBH", _SOLICITATION, 0, total) + rest
    ipv6 = struct.pack("!IHBB", 0x60000000, len(icmp), _ICMPV6, 255) + asker.ipv6 + group
    return b"\x33\x33" + group[-4:] + asker.mac + struct.pack("!H", _IPV6) + ipv6 + icmp


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def claim(frame: bytes) -> tuple[str, str, bool] | None:
    """Return who claims what in a frame: address, MAC, and whether nobody was answered by it.

    None if a frame claims nothing.
    """
    [kind] = struct.unpack_from("!H", frame, 12)
    claimed = _arp_claim(frame) if kind == _ARP else _advertised(frame)
    if claimed is None:
        return None
    address, mac = claimed
    unsolicited = bool(frame[0] & 1)  # to a group or to everybody
    return str(ipaddress.ip_address(address)), mac.hex(":"), unsolicited


def _arp_claim(frame: bytes) -> tuple[bytes, bytes] | None:
    [operation] = struct.unpack_from("!H", frame, 20)
    mac, sender, wanted = frame[22:28], frame[28:32], frame[38:42]
    # A question with one's own address in it is an announcement, too (RFC 5227).
    return (sender, mac) if operation == 2 or sender == wanted else None


def _advertised(frame: bytes) -> tuple[bytes, bytes] | None:
    if len(frame) < 78 or frame[54] != _ADVERTISEMENT:
        return None
    option = frame[78:86]
    return frame[62:78], option[2:8] if option[:2] == b"\x02\x01" else frame[6:12]


def _asker(interface: str) -> Asker:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        named = struct.pack("16s240x", interface.encode())
        try:
            ipv4 = fcntl.ioctl(probe, _SIOCGIFADDR, named)[20:24]
        except OSError:
            ipv4 = bytes(4)
        # /sys would show the interfaces of the namespace in which it was mounted.
        mac = fcntl.ioctl(probe, _SIOCGIFHWADDR, named)[18:24]
    return Asker(mac, ipv4, _link_local(interface))


def _link_local(interface: str) -> bytes:
    for line in Path("/proc/self/net/if_inet6").read_text().splitlines():
        address, _, _, scope, _, name = line.split()
        if (scope, name) == (_LINK_LOCAL, interface):
            return bytes.fromhex(address)
    return bytes(16)


def _listening(interface: str) -> socket.socket:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    program = b"".join(struct.pack("HBBI", *one) for one in _FILTER)
    kept = ctypes.create_string_buffer(program)
    wire.setsockopt(
        socket.SOL_SOCKET,
        _SO_ATTACH_FILTER,
        struct.pack("HL", len(_FILTER), ctypes.addressof(kept)),
    )
    wire.bind((interface, _EVERYTHING))
    return wire


def _heard(wire: socket.socket, until: float, addresses: set[str]) -> Iterator[dict[str, Any]]:
    """Yield claims of these addresses until then."""
    while (left := until - time.monotonic()) > 0:
        readable, _, _ = select.select([wire], [], [], left)
        if not readable:
            return
        frame, (_, _, kind, *_) = wire.recvfrom(_FRAME)
        claimed = None if kind == _OUTGOING else claim(frame)
        if claimed and claimed[0] in addresses:
            address, mac, unsolicited = claimed
            at = round(time.monotonic(), 6)
            yield {"at": at, "address": address, "mac": mac, "unsolicited": unsolicited}


def _ended() -> bool:
    readable, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(readable) and not os.read(sys.stdin.fileno(), 1)


def main(settings: dict[str, Any]) -> None:
    """Ask for all addresses every so many seconds.

    Ends after so many rounds, or with standard input if `rounds` is 0.
    """
    addresses = {str(ipaddress.ip_address(one)) for one in settings["addresses"]}
    wire = _listening(settings["interface"])
    asker = _asker(settings["interface"])
    frames = [question(address, asker) for address in sorted(addresses)]
    rounds, due = 0, time.monotonic()
    sys.stdout.write(json.dumps({"asking": due}) + "\n")
    while rounds < settings["rounds"] if settings["rounds"] else not _ended():
        for frame in frames:
            wire.send(frame)
        rounds, due = rounds + 1, max(due + settings["every"], time.monotonic())
        for heard in _heard(wire, due, addresses):
            sys.stdout.write(json.dumps(heard) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
