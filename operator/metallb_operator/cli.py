"""The command line of the operator process."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from metallb_crds.backend import Backend
from metallb_kube.patience import PATIENCE, Patience
from metallb_kube.process import (
    Codes,
    ExitCode,
    own_namespace,
    run_program,
    spare_memory,
    start_logging,
    termination_log,
)
from metallb_operator.errors import ChartError
from metallb_operator.run import LeadLostError, run
from metallb_operator.settings import Settings, SettingsError
from metallb_webhooks.registries import VARIABLE

app = typer.Typer(
    help="Installs, configures, upgrades, repairs and removes MetalLB from one MetalLB object.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

_NAME: Final = "metallb-operator"
_CODES: Final[Codes] = {
    SettingsError: ExitCode.SETTING,
    ChartError: ExitCode.HELM,
    LeadLostError: ExitCode.LEASE_LOST,
}
KOPF_RETRIES: Final = "Request attempt"
"""How kopf's lines about requests begin, which it tries again every five seconds."""


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
    allowed_registries: Annotated[
        str | None,
        typer.Option(
            envvar=VARIABLE,
            help="Registries, or repositories, separated by commas: no image from elsewhere is"
            " run. Without it they may come from anywhere.",
        ),
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
        str | None,
        typer.Option(help="Address for /healthz, /readyz and /metrics; all of them without it."),
    ] = None,
    health_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Its TCP port; 0 picks a free one.")
    ] = None,
    metrics_authorization: Annotated[
        bool,
        typer.Option(
            envvar="METALLB_METRICS_AUTHORIZATION",
            help="Show /metrics only to who sends the token of an account that may `get` it"
            " (TokenReview, SubjectAccessReview).",
        ),
    ] = False,
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
    start_logging(verbose=verbose, seldom=KOPF_RETRIES)
    spare_memory()
    for library in ("kopf", "pyhelm3"):
        logging.getLogger(library).setLevel(logging.DEBUG if verbose else logging.WARNING)
    settings = Settings.build(
        os.environ,
        kubeconfig=kubeconfig,
        namespace=namespace or own_namespace(),
        default_backend=default_backend,
        allowed_registries=allowed_registries,
        helm=str(helm) if helm else None,
        identity=identity or f"{socket.gethostname()}-{os.getpid()}",
        health_host=health_host,
        health_port=health_port,
        metrics_authorization=metrics_authorization,
        leader_election=leader_election,
        patience=Patience(request_seconds, silence_seconds),
    )
    asyncio.run(run(settings))


def main(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ
) -> None:
    """Run the command line and exit.

    Args:
        arguments: without the program's name; those of the process if None.
        environment: where the file of the termination message is looked up.
    """
    sys.exit(
        run_program(
            _NAME,
            lambda: app(arguments, prog_name=_NAME, standalone_mode=False),
            _CODES,
            termination_log(environment),
        )
    )
