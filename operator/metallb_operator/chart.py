"""Render the chart with helm; the only importer of pyhelm3. It never talks to a cluster."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pyhelm3 import Client
from pyhelm3 import errors as helm_errors

from metallb_kube.objects import Manifest
from metallb_operator.chartobjects import refuse_others
from metallb_operator.errors import ChartError

FOLDER: Final = Path(__file__).parent / "charts" / "metallb"
RELEASE_NAME: Final = "metallb"
_KEPT: Final = 16


class Chart:
    """Renders the chart, and remembers what it has rendered.

    Attributes:
        runs: how often helm was run.
    """

    def __init__(self, helm: str | Path) -> None:
        """Use a helm executable, by path or by a name on PATH.

        Raises:
            ChartError: there is none, or it cannot tell its version.
        """
        if shutil.which(helm) is None:
            raise _not_run(f"there is no executable {helm}")
        try:
            self._client = Client(executable=str(helm))
        except subprocess.CalledProcessError as error:
            raise _not_run(_one_line(error.stderr.decode())) from error
        except (OSError, ValueError) as error:  # built for another processor; no version
            raise _not_run(str(error)) from error
        self._rendered: dict[str, tuple[Manifest, ...]] = {}
        self._one_at_a_time = asyncio.Lock()
        self.runs = 0

    async def render(self, values: Mapping[str, Any], *, namespace: str) -> tuple[Manifest, ...]:
        """Return the manifests for these values; helm runs only for values not seen before.

        Raises:
            ChartError: helm cannot be run, or refuses the values, or renders what it should not.
        """
        key = json.dumps([namespace, values], sort_keys=True)
        async with self._one_at_a_time:
            if key not in self._rendered:
                self._forget_oldest()
                self._rendered[key] = await self._render(values, namespace)
            return self._rendered[key]

    def _forget_oldest(self) -> None:
        while len(self._rendered) >= _KEPT:
            del self._rendered[next(iter(self._rendered))]

    async def _render(self, values: Mapping[str, Any], namespace: str) -> tuple[Manifest, ...]:
        self.runs += 1
        try:
            chart = await self._client.get_chart(FOLDER)
            found = await self._client.template_resources(
                chart, RELEASE_NAME, dict(values), namespace=namespace
            )
        except helm_errors.Error as error:
            said = _one_line(str(error)).removeprefix("Error: ")
            raise ChartError(f"helm cannot render MetalLB: {said}") from error
        except OSError as error:  # no folder for temporary files
            raise ChartError(f"helm cannot render MetalLB: {error}") from error
        return refuse_others(filter(None, found), values, namespace)


def _one_line(said: str) -> str:
    """Put on one line what helm wrote to stderr, without its advice to helm's own users."""
    lines = (line.strip() for line in said.splitlines())
    return " ".join(line for line in lines if line and not line.startswith("Use --debug"))


def _not_run(why: str) -> ChartError:
    return ChartError(f"helm cannot be run: {why}; set HELM to its path")
