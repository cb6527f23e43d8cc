"""`kubectl metallb render`: MetalLB as plain manifests."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from metallb_cli import printed, standalone
from metallb_cli.given import metallb_in
from metallb_cli.inputs import InputError
from metallb_cli.manifests import text_of
from metallb_cli.obeyed import refuse_invalid
from metallb_cli.options import NAMESPACE, Context, Kubeconfig, Namespace
from metallb_crds.backend import Backend
from metallb_kube.objects import Manifest
from metallb_operator.chart import Chart
from metallb_operator.errors import OperatorError
from metallb_operator.intent import Intent, intent_of, misplaced
from metallb_operator.settings import Settings, SettingsError
from metallb_operator.situation import Problem

FAILED = 1


def render(
    *,
    filename: Annotated[
        Path | None,
        typer.Option(
            "--filename",
            "-f",
            help="File with the MetalLB object to render, - for standard input. Without it, one"
            " with an empty spec.",
        ),
    ] = None,
    backend: Annotated[
        Backend | None, typer.Option(help="BGP backend, in place of the object's.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="MetalLB release, in place of the object's.")
    ] = None,
    definitions: Annotated[
        bool, typer.Option("--crds", help="Begin with the CustomResourceDefinitions.")
    ] = False,
    secrets: Annotated[
        bool,
        typer.Option(
            help="Make the Secrets. They are other ones at every rendering: leave them out where"
            " what is rendered is compared with what runs, and they exist."
        ),
    ] = True,
    namespace: Namespace = NAMESPACE,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Print MetalLB as plain manifests, for `kubectl apply -f -` and for GitOps.

    The manifests stand alone, with namespace, permissions and accounts. Whoever applies them runs
    MetalLB without the operator: nothing repairs or upgrades it, and no MetalLB object may be
    created beside it. An object that admission would refuse is not rendered. Rendering needs `helm`
    on the PATH, or the variable HELM; no cluster is asked.

    Exit code: 0, or 1 if it cannot be rendered.
    """
    # Scripts give every command the same options; nothing here asks a cluster.
    del kubeconfig, context
    try:
        given = metallb_in(filename, namespace) if filename else _empty(namespace)
        settings = Settings.build(os.environ, namespace=namespace)
        asked = standalone.asking(given, backend, version)
        manifests = asyncio.run(_rendered(asked, settings, secrets=secrets))
    except (InputError, OperatorError, SettingsError) as error:
        printed.complain("render", error)
        raise typer.Exit(FAILED) from error
    found = standalone.documents(manifests, namespace, definitions=definitions)
    typer.echo(text_of(found), nl=False)


def _empty(namespace: str) -> Manifest:
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "MetalLB",
        "metadata": {"name": "metallb", "namespace": namespace},
    }


async def _rendered(
    metallb: Manifest, settings: Settings, *, secrets: bool
) -> tuple[Manifest, ...]:
    intent = _intent(metallb, settings)
    values = standalone.complete(intent.values, secrets=secrets)
    return await Chart(settings.helm).render(values, namespace=settings.namespace)


def _intent(metallb: Manifest, settings: Settings) -> Intent:
    problem = misplaced(metallb, settings.namespace)
    if problem is None:
        refuse_invalid(metallb, settings.namespace)
    found = problem or intent_of(metallb, settings)
    if isinstance(found, Problem):
        raise InputError(found.message)
    return found
