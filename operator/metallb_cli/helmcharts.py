"""Where in a Helm release the values of MetalLB's chart are: its own, or a dependency's. Pure.

Source: Helm's documentation of subcharts: their values stand under their name, or their alias.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from metallb_operator.fields import at, text_at

Values = Mapping[str, Any]

_CHART: Final = "metallb"
_PARTS: Final = ("controller", "speaker")
"""What the values of MetalLB's chart have, whatever somebody calls the chart."""
_EXACT: Final = re.compile(r"v?\d+\.\d+\.\d+")
_DEEPEST: Final = 4


class ChartError(Exception):
    """The release has no values of MetalLB's chart, or has them more than once."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The values of MetalLB's chart.

    Attributes:
        given: values that somebody set.
        computed: those and the chart's defaults, as far as the release has them.
        app_version: of MetalLB, such as v0.15.3; "" if it is not told.
        path: of the values within the release's, such as `metallb.`; "" for its own.
    """

    given: Values
    computed: Values
    app_version: str
    path: str = ""


def installed(given: Values, computed: Values, chart: Values) -> Installed:
    """Return what a release says of MetalLB.

    Args:
        given: values of the release that somebody set.
        computed: those and the chart's defaults.
        chart: Chart.yaml of the release.

    Raises:
        ChartError: there is nothing of MetalLB's chart, or more than one.
    """
    if text_at(chart, "name") == _CHART or _is_metallbs(computed):
        return Installed(given, computed, text_at(chart, "appVersion"))
    dependencies = tuple(at(chart, "dependencies") or ())
    named = [(_key(one),) for one in dependencies if text_at(one, "name") == _CHART]
    keys = dict.fromkeys((*named, *_places(computed)))
    if len(keys) != 1:
        found = ", ".join(".".join(place) for place in keys)
        what = f"MetalLB's chart more than once ({found})" if keys else "nothing of MetalLB's chart"
        raise ChartError(f"chart {text_at(chart, 'name')!r} has {what} in it")
    (place,) = keys
    version = next((text_at(one, "version") for one in dependencies if (_key(one),) == place), "")
    return Installed(
        at(given, *place) or {},
        at(computed, *place) or {},
        # MetalLB's chart has the version of MetalLB; a range tells nothing.
        version if _EXACT.fullmatch(version) else "",
        ".".join((*place, "")),
    )


def _key(dependency: Values) -> str:
    """Return where the values of a dependency stand; Helm stores an alias as its name, too."""
    return text_at(dependency, "alias") or text_at(dependency, "name")


def _places(values: Values, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, below in values.items():
        if not isinstance(below, Mapping) or len(above) == _DEEPEST:
            continue
        if _is_metallbs(below):
            yield (*above, key)
        else:
            yield from _places(below, (*above, key))


def _is_metallbs(values: Values) -> bool:
    return all(isinstance(values.get(part), Mapping) for part in _PARTS)
