"""The command line of the webhook process."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from metallb_crds.backend import Backend
from metallb_kube.process import (
    Codes,
    ExitCode,
    own_namespace,
    run_program,
    spare_memory,
    start_logging,
    termination_log,
)
from metallb_webhooks.registries import VARIABLE
from metallb_webhooks.run import run
from metallb_webhooks.settings import CertificateError, Settings, SettingsError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_NAME: Final = "metallb-webhooks"
_CODES: Final[Codes] = {
    CertificateError: ExitCode.CERTIFICATE,
    SettingsError: ExitCode.SETTING,
}


@app.command()
def serve(
    *,
    kubeconfig: Annotated[
        Path | None,
        typer.Option(help="Kubeconfig to use; inside a pod its ServiceAccount is used."),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option(
            envvar="POD_NAMESPACE", help="MetalLB's namespace, this process's own inside a pod."
        ),
    ] = None,
    tls_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder with tls.crt and tls.key that somebody else keeps (OLM, cert-manager);"
            " they are read again when they change. Without it a certificate is made, kept in the"
            " Secret metallb-webhooks-cert and published in the webhook configurations."
        ),
    ] = None,
    client_ca_file: Annotated[
        Path | None,
        typer.Option(
            envvar="METALLB_CLIENT_CA_FILE",
            help="PEM file of the authorities that sign the client certificates of API servers:"
            " reviews are then taken from clients with such a certificate only. Without it they"
            " are taken from everybody, as by other webhooks.",
        ),
    ] = None,
    metrics_authorization: Annotated[
        bool,
        typer.Option(
            envvar="METALLB_METRICS_AUTHORIZATION",
            help="Show /metrics only to who sends the token of an account that may `get` it"
            " (TokenReview, SubjectAccessReview).",
        ),
    ] = False,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; all of them without it.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="TCP port to listen on (9443); 0 picks a free one.")
    ] = None,
    bgp_backend: Annotated[
        Backend | None,
        typer.Option(
            envvar="METALLB_BGP_TYPE",
            help="BGP backend that objects are judged for, whatever the MetalLB object says.",
        ),
    ] = None,
    allowed_registries: Annotated[
        str | None,
        typer.Option(
            envvar=VARIABLE,
            help="Registries, or repositories, separated by commas: MetalLB objects with images"
            " from elsewhere are refused. Without it they may come from anywhere.",
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            envvar="POD_IP",
            help="Address under which other replicas reach this one, to pass reviews on to it;"
            " --host without it.",
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log everything.")] = False,
) -> None:
    """Review MetalLB's configuration before it is stored: refuse what cannot work, and say why.

    Serves admission webhooks over HTTPS until SIGTERM; /readyz, /healthz and /metrics, too.
    """
    start_logging(verbose=verbose)
    spare_memory()
    settings = Settings.build(
        os.environ,
        kubeconfig=kubeconfig,
        namespace=namespace or own_namespace(),
        tls_dir=tls_dir,
        client_ca_file=client_ca_file,
        metrics_authorization=metrics_authorization,
        host=host,
        port=port,
        backend=bgp_backend,
        allowed_registries=allowed_registries,
        address=address,
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
