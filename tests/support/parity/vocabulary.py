"""The values that objects are made of: few usual ones, that they meet, and those at boundaries."""

from typing import Final

LABELS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"env": "a"},
    {"env": "b"},
    {"env": "a", "zone": "1"},
    {"zone": "1"},
)

KEYS: Final = ("env", "zone", "example.com/env")
BAD_KEYS: Final = ("", "-env", "env-", "a b", "a/b/c", "/env", "UPPER.com/env", "x" * 64, "é")
VALUES: Final = ("a", "b", "1")
BAD_VALUES: Final = ("", "-a", "a-", "a b", "x" * 63, "x" * 64, "é")
OPERATORS: Final = ("In", "NotIn", "Exists", "DoesNotExist")
BAD_OPERATORS: Final = ("Gt", "in", "", "IN")

POOLS: Final = tuple(f"pool-{letter}" for letter in "abcd")
PEERS: Final = tuple(f"peer-{letter}" for letter in "abcd")
PROFILES: Final = tuple(f"bfd-{letter}" for letter in "abcd")

PREFIXES: Final = (
    *(f"10.{number}.0.0/24" for number in range(6)),
    *(f"10.{number}.1.0/28" for number in range(6)),
    "fc00:1::/64",
    "fc00:2::/120",
)
RANGES: Final = (
    *(f"10.{number}.2.10-10.{number}.2.20" for number in range(4)),
    *(f"10.{number}.0.2-10.{number}.0.254" for number in range(4)),
    "10.9.0.1 - 10.9.0.9",
    "fc00:3::1-fc00:3::ff",
)
ENTRIES: Final = (
    "",
    "-",
    "10.0.0.1",
    "fc00::1",
    "10.0.0.0/33",
    "10.0.0.0/32",
    "10.0.0.5/24",
    "10.0.0.0/024",
    "010.0.0.0/24",
    "10.0.0.0/255.255.255.0",
    " 10.5.0.0/24",
    "10.5.0.0/24 ",
    "0.0.0.0/0",
    "::/0",
    "fc00::/129",
    "fe80::1%eth0/64",
    "fe80::1%eth0-fe80::2%eth0",
    "::ffff:10.0.0.0/120",
    "::ffff:10.8.0.0/96",
    "::ffff:10.8.0.1-10.8.0.9",
    "10.8.0.1-::ffff:10.8.0.9",
    "10.0.0.1-5",
    "10.0.0.9-10.0.0.1",
    "10.0.0.1-10.0.0.1",
    "10.0.0.0/24-10.0.1.0/24",
    "10.0.0.1-10.0.0.5-10.0.0.9",
    "10.0.0.1--10.0.0.5",
    "\t10.7.0.1-10.7.0.9\n",
    "\u00a010.7.0.1-10.7.0.9",
    "10.0.0.1-fc00::1",
    "fc00::1-10.0.0.1",
    "fc00::2-fc00::1",
    "255.255.255.250-255.255.255.255",
    "fc00:5:0::/64",
    "FC00:5::/64",
    "fc00:5::1.2.3.4/128",
    "1.2.3.4.5/24",
    "10.0.0/24",
    "10.0.0.0/+24",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "/24",
    "\uff110.0.0.0/24",
)

ADDRESSES: Final = (
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.3",
    "192.0.2.4",
    "2001:db8::1",
    "2001:DB8::1",
)
ODD_ADDRESSES: Final = (
    "1.1.1",
    "1.1.1.1/32",
    "router",
    "192.0.2.01",
    "192.0.2.256",
    " 192.0.2.1",
    "fe80::1%eth0",
    "fe80::1",
    "::ffff:192.0.2.1",
    "0.0.0.0",  # noqa: S104 - an address of a router
    "::",
    "224.0.0.1",
    "255.255.255.255",
    "2001:db8:0::1",
    "2001:DB8::1",
    "2001:db8::0.0.0.1",
    ":::",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "12345::",
    "[2001:db8::1]",
    "192.0.2.1\n",
    "\uff1192.0.2.1",
)

DURATIONS: Final = ("90s", "180s", "30s", "3s", "1m30s")
ODD_DURATIONS: Final = (
    "",
    "0",
    "0s",
    "-0s",
    "+9s",
    "-5s",
    "-500ms",
    "1s",
    "2s",
    "2.999s",
    "3.5s",
    "500ms",
    "999ms",
    "1ns",
    "1h20m",
    "18h12m15s",
    "65535s",
    "65535.5s",
    "65536s",
    "70000s",
    "90",
    "abc",
    "3S",
    " 3s",
    "3s ",
    "1.s",
    ".5m",
    ".s",
    "1µs",
    "1μs",
    "4us",
    "3m3",
    "1e3s",
    "9223372036854775807ns",
    "9223372036854775808ns",
    "-9223372036854775808ns",
    "2562047h47m16.854775807s",
    "2562048h",
    "1d",
    "5s5s",
    "5s-5s",
)

COMMUNITIES: Final = ("64500:1", "64500:2", "large:64500:1:2", "first", "second")
ODD_COMMUNITIES: Final = (
    "",
    ":",
    "65535:65535",
    "65536:1",
    "1:65536",
    "-1:1",
    "+1:1",
    "1: 1",
    "01:001",
    "0x1:1",
    "1:2:3",
    "1:2:3:4",
    "1:2:3:4:5",
    "large:4294967295:0:0",
    "large:4294967296:0:0",
    "Large:1:2:3",
    "large:1:2",
    "large:1:2:3:4",
    "large:1::3",
    "no:colon",
    "third",
    "1_0:1",
    "\uff11:1",
)
ALIASES: Final = ("first", "second", "third", "fourth", "no:colon")
ODD_ALIASES: Final = ("", "1:2:3", "64500:1", "a b")
VALUES_OF_ALIASES: Final = ("64500:1", "64500:2", "64500:3", "large:64500:1:2")

DEVICES: Final = ("eth0", "eth1", "eth0-red")
ODD_DEVICES: Final = ("a b", "a/b", "x" * 16, "eth0\nexit", ".", "..", "é", "eth0:1")
VRFS: Final = ("red", "blue")
PASSWORDS: Final = ("secret", "x" * 80)
ODD_PASSWORDS: Final = ("x" * 81, "a\nneighbor", " blank", "blank ", "é" * 41)
