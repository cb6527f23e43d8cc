"""`python -m benchmarks.admission [--quick]`: our webhooks and MetalLB's over one API server.

Ratios within a run are what counts: the machine may do other things at the same time. Reviews are
sent directly, as dry runs, since nothing is stored after them; writes through the API server show
what a user waits for, with everything that a review costs when it is none.
"""

import asyncio
import tempfile
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from benchmarks.measuring import Budget, Times, measured, mixed, post, seconds_to_ready
from benchmarks.objects import KINDS, stream
from benchmarks.results import WIDTH, KindRow, Row, kind_row, kinds_table, row, save, table
from benchmarks.servers import METALLB, OURS, Server, servers
from benchmarks.storing import Through, ask, ask_nobody, grow, led, prepare, vacate
from cluster import Cluster
from metallb_kube.client import KubeClient
from support.operating import install
from support.parity.oracle import PORT, port_to_ourselves

SIZES: Final = (10, 100, 1000, 5000)
QUICK: Final = (10, 100, 1000)
OUTPUT: Final = Path("build/bench-admission.json")

# For longer than a replica is new to deciding, and reads before each verdict.
_WARM_UP: Final = Budget(100_000, 2.0)
_REVIEWS: Final = Budget(600, 4.0)
_WRITES: Final = Budget(120, 4.0)


def main(
    *, quick: Annotated[bool, typer.Option(help="Stop at 1,000 stored objects a kind.")] = False
) -> None:
    """Compare both webhook servers on this machine."""
    console = Console()
    console.width = max(console.width, WIDTH)
    with (
        tempfile.TemporaryDirectory(prefix="bench-admission-") as folder,
        Cluster.start(nodes=1) as cluster,
    ):
        install(cluster)
        prepare(cluster)
        bench = Bench(cluster, Path(folder), console)
        try:
            asyncio.run(bench.run(QUICK if quick else SIZES))
        finally:
            save(OUTPUT, bench.rows, bench.baseline, bench.kinds)
            console.print(table(bench.rows, bench.baseline))
            console.print(kinds_table(bench.kinds))
    console.print(f"kept in {OUTPUT}")


class Bench:
    """One run.

    Attributes:
        rows: what was found so far.
        kinds: the same of our server, by kind.
        baseline: milliseconds of a write that nobody is asked about, by what is stored.
    """

    def __init__(self, cluster: Cluster, folder: Path, console: Console) -> None:
        self.rows: list[Row] = []
        self.kinds: list[KindRow] = []
        self.baseline: dict[int, float] = {}
        self._cluster = cluster
        self._servers = servers(cluster, folder)
        self._console = console

    async def run(self, sizes: tuple[int, ...]) -> None:
        """Measure every server at every size."""
        async with KubeClient.connect(self._cluster.kubeconfig) as client:
            for before, size in zip((0, *sizes), sizes, strict=False):
                await grow(client, before, size)
                self.baseline[size] = (await _writes(client, denying=False)).percentile(0.5)
                for server in self._servers:
                    self._console.print(f"[dim]{size:,} stored: {server.name} ...[/]")
                    async with port_to_ourselves() if server.port == PORT else nullcontext():
                        self.rows.append(await self._one(client, server, size))

    async def _one(self, client: KubeClient, server: Server, size: int) -> Row:
        await vacate(client)
        try:
            if server.ahead is not None:
                server.ahead.start()
                await led(client)
            ready = await seconds_to_ready(server)
            if server.name != METALLB:
                await led(client)
            alone, together = await _reviews(server, 1), await _reviews(server, 8)
            if server.name == OURS:
                for kind in KINDS:
                    times = await _reviews(server, 1, kind)
                    self.kinds.append(kind_row(kind, size, times))
            writes = await self._reviewed_writes(client, server)
            resident = server.process.resident_mib()
        finally:
            server.process.kill()
            if server.ahead is not None:
                server.ahead.kill()
        return row(
            server.name,
            size,
            alone=alone,
            together=together,
            writes=writes,
            resident_mib=resident,
            ready_seconds=ready,
        )

    async def _reviewed_writes(self, client: KubeClient, server: Server) -> Times:
        """Write while the API server asks this server."""
        await ask(client, server)
        times = await _writes(client, denying=True)
        await ask_nobody(client)
        return times


async def _reviews(server: Server, clients: int, *kinds: str) -> Times:
    """Send reviews directly, of pools and peers unless it is said of which kinds."""
    async with server.session(clients) as session:
        asked = mixed([stream(kind) for kind in kinds or ("IPAddressPool", "BGPPeer")])
        send = partial(post, session)
        await measured(send, asked, clients, _WARM_UP)
        return await measured(send, asked, clients, _REVIEWS)


async def _writes(client: KubeClient, *, denying: bool) -> Times:
    """Create objects, one after the other, and delete them again."""
    through = Through(client)
    asked = mixed([stream("IPAddressPool"), stream("BGPPeer")])
    try:
        return await measured(
            through.send, (one for one in asked if one.allowed or denying), 1, _WRITES
        )
    finally:
        await through.undo()


if __name__ == "__main__":
    typer.run(main)
