"""Read an existing Helm release; nothing is written."""

import logging
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from pyhelm3 import Command
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
    yaml.YAMLError,
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
        chart: as its Chart.yaml has it.
    """

    given: Mapping[str, Any]
    computed: Mapping[str, Any]
    chart: Mapping[str, Any]


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
        # The models of pyhelm3 ask more of charts and names than helm does.
        command = Command(executable=helm, kubeconfig=kubeconfig, kubecontext=context)
        found = HelmRelease(
            given=await command.get_values(name, namespace=namespace),
            computed=await command.get_values(name, namespace=namespace, computed=True),
            chart=await command.get_chart_metadata(name, namespace=namespace) or {},
        )
    except _UNREADABLE as error:
        said = " ".join(str(error).split())
        raise HelmReleaseError(f"Helm release {namespace}/{name} cannot be read: {said}") from error
    if any(map(is_deep, (found.given, found.computed, found.chart))):
        raise HelmReleaseError(
            f"the values of Helm release {namespace}/{name} are nested more than {MAX_DEPTH} levels"
            " deep, as no values of MetalLB's chart are; remove the innermost"
        )
    return found
