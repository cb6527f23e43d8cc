"""Who has which address on the LAN. Everything is documentation or private address space."""

from dataclasses import dataclass
from typing import Final

from cluster.plane import Ranges

RANGES: Final = Ranges(services="10.96.0.0/16,fd00:96::/112", pods="10.244.0.0/16,fd00:244::/56")
API_SERVICE: Final = "10.96.0.1"


@dataclass(frozen=True, slots=True)
class Host:
    """A machine on the LAN.

    Attributes:
        number: the last part of each of its addresses.
    """

    name: str
    number: int

    @property
    def ipv4(self) -> str:
        """Where others reach it."""
        return f"192.0.2.{self.number}"

    @property
    def ipv6(self) -> str:
        """Where others reach it."""
        return f"2001:db8::{self.number}"

    @property
    def all(self) -> tuple[str, ...]:
        """Everything to configure on its interface, with prefix lengths.

        The networks 10.0.0.0/24 and 172.30.0.0/24 are those of the peers in MetalLB's introduction.
        """
        return (
            f"{self.ipv4}/24",
            f"{self.ipv6}/64",
            f"10.0.0.{self.number}/24",
            f"172.30.0.{self.number}/24",
        )

    @property
    def pods(self) -> tuple[str, str]:
        """The ranges of its pods, IPv4 and IPv6."""
        return f"10.244.{self.number}.0/24", f"fd00:244:0:{self.number}::/64"


CONTROL_PLANE: Final = Host("control-plane", 10)
ROUTER: Final = Host("router", 1)
SECOND_ROUTER: Final = Host("router2", 3)


def node(index: int) -> Host:
    """Return the node of that index, counted from 1."""
    return Host(f"n{index}", CONTROL_PLANE.number + index)
