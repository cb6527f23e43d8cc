"""The command line of the operator process."""

import asyncio
import logging
import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from metallb_crds.backend import Backend
from metallb_kube.errors import ConfigurationError
from metallb_kube.patience import PATIENCE, Patience
from metallb_kube.process import own_namespace, start_logging
from metallb_operator.errors import OperatorError
from metallb_operator.run import LeadLostError, run
from metallb_operator.settings import Settings, SettingsError

app = typer.Typer(
    help="Installs, configures, upgrades, repairs and removes MetalLB from one MetalLB object.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Keep `run` a subcommand."""


@app.command("run")
def run_command(
    *,
    kubeconfig: Annotated[
        Path | None,
        typer.Option(help="Kubeconfig to use; inside a pod its ServiceAccount is used."),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(
            envvar="POD_NAMESPACE", help="MetalLB's namespace, the operator's own inside a pod."
        ),
    ] = None,
    default_backend: Annotated[
        Backend | None,
        typer.Option(help="BGP backend of MetalLB objects that name none."),
    ] = None,
    helm: Annotated[
        Path | None, typer.Option(help="The helm executable; HELM, or helm on PATH, without it.")
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(
            envvar="POD_NAME", help="Who this process is in the Lease; must be its own alone."
        ),
    ] = None,
    health_host: Annotated[
        str | None, typer.Option(help="Address for /healthz, /readyz and /metrics.")
    ] = None,
    health_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Its TCP port; 0 picks a free one.")
    ] = None,
    leader_election: Annotated[
        bool, typer.Option(help="Act only while holding the Lease metallb-operator.")
    ] = True,
    request_seconds: Annotated[
        float, typer.Option(min=0.1, help="How long the API server has for an answer.")
    ] = PATIENCE.request,
    silence_seconds: Annotated[
        float,
        typer.Option(
            min=0.1,
            help="A watch that is silent for so long counts as dead and is opened again; a "
            "healthy one hears of the API server about every minute.",
        ),
    ] = PATIENCE.silence,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log everything.")] = False,
) -> None:
    """Run the operator until SIGTERM."""
    start_logging(verbose=verbose)
    for library in ("kopf", "pyhelm3"):
        logging.getLogger(library).setLevel(logging.DEBUG if verbose else logging.WARNING)
    try:
        settings = Settings.build(
            os.environ,
            kubeconfig=kubeconfig,
            namespace=namespace or own_namespace(),
            default_backend=default_backend,
            helm=str(helm) if helm else None,
            identity=identity or f"{socket.gethostname()}-{os.getpid()}",
            health_host=health_host,
            health_port=health_port,
            leader_election=leader_election,
            patience=Patience(request_seconds, silence_seconds),
        )
        asyncio.run(run(settings))
    except (SettingsError, ConfigurationError, OperatorError, OSError) as error:
        typer.echo(f"metallb-operator: {error}", err=True)
        raise typer.Exit(2) from error
    except LeadLostError as error:
        typer.echo(f"metallb-operator: {error}", err=True)
        raise typer.Exit(1) from error


def main() -> None:
    """Run the command line."""
    app()
