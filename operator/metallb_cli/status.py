"""`kubectl metallb status`: how MetalLB is, on one screen."""

import asyncio
import sys
from pathlib import Path

import typer
from rich.console import Console

from metallb_cli import printed, statusview
from metallb_cli.connection import connected
from metallb_cli.options import NAMESPACE, Context, Form, Kubeconfig, Namespace, Output
from metallb_cli.overview import Overview, overview
from metallb_cli.statusread import read_status
from metallb_kube.errors import KubeError
from metallb_operator.tools import utc_now

UNHEALTHY = 1
UNKNOWN = 2
_PLAIN_WIDTH = 160


def status(
    *,
    output: Form = Output.TEXT,
    namespace: Namespace = NAMESPACE,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Show how MetalLB is: conditions, components, pools, BGP sessions, Services that wait.

    While the operator does not look, the first line says since when, and what its pod does.
    Of each Service of type LoadBalancer without an address it says why, as far as that can be
    known from what is stored. Kinds that you may not read are left out and named.

    Exit code: 0 if MetalLB is healthy, 1 if it is not, 2 if the cluster cannot be asked.
    """
    try:
        found = asyncio.run(_read(namespace, kubeconfig, context))
    except KubeError as error:
        printed.complain("status", error)
        raise typer.Exit(UNKNOWN) from error
    _show(found, output)
    if not found.healthy:
        raise typer.Exit(UNHEALTHY)


async def _read(namespace: str, kubeconfig: Path | None, context: str | None) -> Overview:
    async with connected(kubeconfig, context) as client:
        seen = await read_status(client, namespace)
        # The clock of a laptop may be wrong; what is stored has the times of the cluster.
        return overview(seen, client.time or utc_now())


def _show(found: Overview, output: Output) -> None:
    if output is Output.JSON:
        typer.echo(statusview.json(found))
        return
    # Where there is no terminal to fit into, lines are for grep.
    width = None if sys.stdout.isatty() else _PLAIN_WIDTH
    console = Console(file=sys.stdout, width=width)
    for part in statusview.screen(found):
        console.print(part)
