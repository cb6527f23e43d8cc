"""`kubectl metallb migrate`: an older installation as objects of today."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from metallb_cli import printed
from metallb_cli.connection import connected, path_of
from metallb_cli.helmcharts import ChartError, installed
from metallb_cli.helmrelease import HelmReleaseError, read_release
from metallb_cli.helmvalues import metallb_for
from metallb_cli.inputs import InputError
from metallb_cli.manifests import text_of
from metallb_cli.oldconfig import OldConfigurationError, configuration_in, offer
from metallb_cli.oldsources import configuration_of
from metallb_cli.options import NAMESPACE, Context, Kubeconfig, Namespace
from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_kube.resources import resource_for
from metallb_operator.fields import name_of
from metallb_operator.oldconfigmap import is_old_configuration

FAILED = 1
_NAME: Final = "config"
"""Of the ConfigMap, where it comes from MetalLB's manifests."""


def migrate(
    *,
    filename: Annotated[
        Path | None,
        typer.Option(
            "--filename",
            "-f",
            help="File with the ConfigMap, what it holds, values of MetalLB's chart with"
            " `configInline` or an object that has them (HelmRelease, Application, HelmChart), or"
            " AddressPools; - for standard input. Without it, the ConfigMap of the cluster.",
        ),
    ] = None,
    from_helm: Annotated[
        str | None,
        typer.Option(
            metavar="RELEASE",
            help="Read a Helm release of MetalLB's own chart, or of one that has it as a"
            " dependency, and print the MetalLB object that asks for the same.",
        ),
    ] = None,
    namespace: Namespace = NAMESPACE,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Print what takes the place of an older installation, without changing anything.

    The ConfigMap that configured MetalLB before 0.13 becomes pools, advertisements, peers,
    profiles and communities; passwords become Secrets. With --from-helm, the values of a Helm
    release become a MetalLB object. What cannot be carried over stands in comments: read them,
    then check with `kubectl metallb lint` and apply.

    Exit code: 0, or 1 if there is nothing to read or it cannot be understood (2 for wrong options).
    """
    if from_helm and filename:
        raise typer.BadParameter("--from-helm and --filename exclude each other: give one")
    try:
        if from_helm:
            text = asyncio.run(_release(from_helm, namespace, kubeconfig, context))
        else:
            source = str(filename or f"ConfigMap of namespace {namespace}")
            text = _configuration(
                lambda: (
                    configuration_of(filename)
                    if filename
                    else configuration_in(asyncio.run(_stored(namespace, kubeconfig, context)))
                ),
                source,
                namespace,
            )
    except (HelmReleaseError, InputError, KubeError) as error:
        printed.complain("migrate", error)
        raise typer.Exit(FAILED) from error
    typer.echo(text, nl=False)


def _configuration(read: Callable[[], Mapping[str, Any]], source: str, namespace: str) -> str:
    try:
        found = offer(read(), namespace)
    except OldConfigurationError as error:
        raise InputError(f"{source}: {error}") from error
    return text_of(found.documents, found.notes)


async def _release(name: str, namespace: str, kubeconfig: Path | None, context: str | None) -> str:
    helm = os.environ.get("HELM") or "helm"
    release = await read_release(
        name, namespace, helm=helm, kubeconfig=path_of(kubeconfig), context=context
    )
    try:
        found = installed(release.given, release.computed, release.chart)
    except ChartError as error:
        raise HelmReleaseError(f"Helm release {namespace}/{name}: {error}") from error
    asked = metallb_for(found.computed, found.given, found.app_version, namespace, found.path)
    return text_of([asked])


async def _stored(namespace: str, kubeconfig: Path | None, context: str | None) -> Manifest:
    async with connected(kubeconfig, context) as client:
        found = await client.get(ObjectRef("v1", "ConfigMap", namespace, _NAME))
        if found is not None:
            return found
        there = await client.list(resource_for("v1", "ConfigMap"), namespace=namespace)
    return _only([one for one in there.items if is_old_configuration(one)], namespace)


def _only(found: Sequence[Manifest], namespace: str) -> Manifest:
    """Return the one ConfigMap that holds an old configuration, whatever its name: charts give any.

    Raises:
        InputError: there is none, or more than one.
    """
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(map(name_of, found))
        raise InputError(
            f"ConfigMaps {names} of namespace {namespace} hold a configuration of MetalLB before"
            " 0.13 each; write one of them to a file, and name that with --filename"
        )
    raise InputError(
        f"no ConfigMap in namespace {namespace} holds a configuration of MetalLB before 0.13; name"
        " another namespace with --namespace, or a file with --filename"
    )
