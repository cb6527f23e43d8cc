"""Render the chart with helm; the only importer of pyhelm3. It never talks to a cluster."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pyhelm3 import Client
from pyhelm3.errors import Error as HelmError

from metallb_kube.objects import Manifest
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
        """Use a helm executable, by path or by a name on PATH."""
        self._client = Client(executable=str(helm))
        self._rendered: dict[str, tuple[Manifest, ...]] = {}
        self._one_at_a_time = asyncio.Lock()
        self.runs = 0

    async def render(self, values: Mapping[str, Any], *, namespace: str) -> tuple[Manifest, ...]:
        """Return the manifests for these values; helm runs only for values not seen before.

        Raises:
            ChartError: helm cannot be run, or refuses the values.
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
        except HelmError as error:
            raise ChartError(f"helm cannot render MetalLB: {error}") from error
        except OSError as error:
            raise ChartError(f"helm cannot be run: {error}; set HELM to its path") from error
        return tuple(manifest for manifest in found if manifest)
