"""`kubectl metallb plan`: what the operator would change now."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from metallb_cli import planview, printed
from metallb_cli.connection import connected
from metallb_cli.given import metallb_in
from metallb_cli.inputs import InputError
from metallb_cli.obeyed import refuse_invalid
from metallb_cli.options import NAMESPACE, Context, Form, Kubeconfig, Namespace, Output
from metallb_cli.planned import NoPlanError, Planned, asked_for, planned
from metallb_cli.terminal import print_lines
from metallb_kube.errors import KubeError
from metallb_operator.chart import Chart
from metallb_operator.errors import OperatorError
from metallb_operator.intent import misplaced
from metallb_operator.settings import Settings, SettingsError

FAILED = 1
WOULD_CHANGE = 2


def plan(
    *,
    filename: Annotated[
        Path | None,
        typer.Option(
            "--filename",
            "-f",
            help="File with a MetalLB object to plan for, - for standard input. Without it, the"
            " stored one.",
        ),
    ] = None,
    output: Form = Output.TEXT,
    namespace: Namespace = NAMESPACE,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Show what the operator would change now, field by field, without changing anything.

    The cluster is read once, and what is there is compared with what the MetalLB object asks for,
    by the operator's own code. For a file that admission would refuse there is no plan. Values
    within Secrets are never shown. Rendering needs `helm` on the PATH, or the variable HELM; images
    that the operator's environment replaces are replaced here only if RELATED_IMAGE_CONTROLLER and
    its like are set here, too.

    Exit code: 0 if nothing would change, 2 if something would, 1 if no plan can be made.
    """
    try:
        settings = Settings.build(os.environ, namespace=namespace)
        found = asyncio.run(_planned(filename, settings, kubeconfig, context))
    except (InputError, KubeError, NoPlanError, OperatorError, SettingsError) as error:
        printed.complain("plan", error)
        raise typer.Exit(FAILED) from error
    _show(found, namespace, output)
    if planview.changes(found.plan):
        raise typer.Exit(WOULD_CHANGE)


async def _planned(
    filename: Path | None, settings: Settings, kubeconfig: Path | None, context: str | None
) -> Planned:
    given = metallb_in(filename, settings.namespace) if filename else None
    if given is not None and misplaced(given, settings.namespace) is None:
        refuse_invalid(given, settings.namespace)
    async with connected(kubeconfig, context) as client:
        metallb = await asked_for(client, settings.namespace, given)
        return await planned(client, Chart(settings.helm), settings, metallb)


def _show(found: Planned, namespace: str, output: Output) -> None:
    if output is Output.JSON:
        typer.echo(planview.json(found, namespace))
        return
    print_lines(planview.text(found, namespace), Console(file=sys.stdout))
