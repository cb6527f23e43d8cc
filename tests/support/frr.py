"""A router: FRR's bgpd, which listens, learns and installs nothing."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support.namespaces import Namespace
from support.processes import Process, running

ASN: Final = 64513
_BGPD: Final = Path("/usr/lib/frr/bgpd")


@dataclass(frozen=True, slots=True)
class Router:
    """A running bgpd.

    Attributes:
        folder: of its sockets and configuration.
    """

    process: Process
    folder: Path

    def show(self, what: str) -> dict[str, Any]:
        """Return what `show bgp WHAT json` says."""
        done = subprocess.run(
            [
                "vtysh",
                "--vty_socket",
                str(self.folder),
                "-d",
                "bgpd",
                "-c",
                f"show bgp {what} json",
            ],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        if done.returncode or not done.stdout.strip():
            raise AssertionError(f"{done.stderr}\n{self.process.tail()}")
        return dict(json.loads(done.stdout))

    def routes(self, family: str = "ipv4") -> dict[str, Any]:
        """Return what was learnt, by prefix."""
        return dict(self.show(f"{family} unicast").get("routes", {}))


@contextmanager
def routing(where: Namespace, folder: Path, *, peer: str, asn: int) -> Iterator[Router]:
    """Run a router that waits for one peer until the end of the block.

    Args:
        where: the namespace that it is in.
        folder: for its files; other users must be able to enter it.
        peer: address that the other end calls from.
        asn: of the other end.
    """
    if not _BGPD.exists():
        raise RuntimeError("FRR is not installed; on Debian: apt-get install frr")
    configuration = folder / "bgpd.conf"
    configuration.write_text(
        f"""router bgp {ASN}
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor {peer} remote-as {asn}
 neighbor {peer} passive
 neighbor {peer} timers 3 9
"""
    )
    for path in (folder, configuration):
        shutil.chown(path, "frr", "frr")
    process = Process(
        name="bgpd",
        command=where.command(
            str(_BGPD),
            *("--no_kernel", "--no_zebra", "--log", "stdout", "--log-level", "info"),
            *("--vty_port", "0", "--vty_socket", str(folder), "--pid_file", str(folder / "pid")),
            *("--config_file", str(configuration)),
        ),
        log=folder / "bgpd.log",
    )
    with running(process):
        yield Router(process, folder)
