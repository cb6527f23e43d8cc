"""Read an existing Helm release of MetalLB's own chart; nothing is written."""

import logging
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pyhelm3 import Client
from pyhelm3 import errors as helm_errors

from metallb_cli.yaml_limits import MAX_DEPTH, is_deep

# It logs every failed command, which the error tells of already.
logging.getLogger("pyhelm3").addHandler(logging.NullHandler())


# Whoever may write Secrets in the namespace writes the values, and JSON is nested without end.
_UNREADABLE: Final = (
    helm_errors.Error,
    OSError,
    RecursionError,
    ValueError,
    subprocess.CalledProcessError,
)


class HelmReleaseError(Exception):
    """The release cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class HelmRelease:
    """What a release was installed with.

    Attributes:
        given: values that somebody set.
        computed: those and the chart's defaults.
        app_version: the version of what the chart installs.
    """

    given: dict[str, Any]
    computed: dict[str, Any]
    app_version: str


async def read_release(
    name: str, namespace: str, *, helm: str, kubeconfig: Path, context: str | None
) -> HelmRelease:
    """Read the current revision of a release.

    Args:
        name: of the release.
        namespace: that it is in.
        helm: executable, by path or by a name on PATH.
        kubeconfig: where the cluster is.
        context: of the kubeconfig; its current one if None.

    Raises:
        HelmReleaseError: there is no such release, or helm cannot be run.
    """
    if shutil.which(helm) is None:
        raise HelmReleaseError(f"there is no executable {helm}; set HELM to the path of helm")
    try:
        client = Client(executable=helm, kubeconfig=kubeconfig, kubecontext=context)
        revision = await client.get_current_revision(name, namespace=namespace)
        metadata = await revision.chart_metadata()
        found = HelmRelease(
            given=await revision.values() or {},
            computed=await revision.values(computed=True) or {},
            app_version=str(metadata.app_version or ""),
        )
    except _UNREADABLE as error:
        said = " ".join(str(error).split())
        raise HelmReleaseError(f"Helm release {namespace}/{name} cannot be read: {said}") from error
    if is_deep(found.given) or is_deep(found.computed):
        raise HelmReleaseError(
            f"the values of Helm release {namespace}/{name} are nested more than {MAX_DEPTH} levels"
            " deep, as no values of MetalLB's chart are; remove the innermost"
        )
    return found
