"""Files of a folder that look like objects and are none: templates of charts, patches. Pure.

Source: Helm's and kustomize's documentation of what stands in a chart and in a kustomization.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final

from metallb_cli.inputs import Text
from metallb_cli.yaml_limits import UnusableTextError
from metallb_cli.yaml_nodes import compose, plain

_CHART: Final = "Chart.yaml"
_TEMPLATES: Final = "templates"
_KUSTOMIZATIONS: Final = frozenset({"kustomization.yaml", "kustomization.yml"})
_PATCHES: Final = ("patches", "patchesStrategicMerge", "patchesJson6902")
_MARKS: Final = re.compile(r"\{\{|\{%|<%")
"""Of Helm and Jinja, Jinja, and ERB."""
_OBJECT: Final = re.compile(r"""^[\s{"'-]*(?:apiVersion|kind)["']?\s*:""", re.MULTILINE)
_GROUP: Final = "metallb.io"

TEMPLATE: Final = (
    "it is a template; check what comes of it: `helm template | kubectl metallb lint -`"
)
PATCH: Final = "it is a patch; check what comes of it: `kubectl kustomize | kubectl metallb lint -`"


def is_template(content: str) -> bool:
    """Return whether a text has the marks of a template."""
    return bool(_MARKS.search(content))


def is_meant(content: str) -> bool:
    """Return whether a text that cannot be read was to be a Kubernetes object, or is MetalLB's."""
    return bool(_OBJECT.search(content)) or _GROUP in content


def side_files(texts: Iterable[Text]) -> Mapping[str, str]:
    """Return why files are no objects of their own, by their source.

    Args:
        texts: what was read; only what was found in folders counts.
    """
    found = [text for text in texts if text.found]
    charts = {_folder(text.source) for text in found if PurePath(text.source).name == _CHART}
    templates = {text.source: TEMPLATE for text in found if _is_of(text.source, charts)}
    patches = {_normal(path) for text in found for path in _patches(text)}
    return templates | {text.source: PATCH for text in found if _normal(text.source) in patches}


def _is_of(source: str, charts: Iterable[str]) -> bool:
    path = PurePath(_normal(source))
    return any(path.is_relative_to(PurePath(chart) / _TEMPLATES) for chart in charts)


def _patches(text: Text) -> Iterator[str]:
    """Yield the paths of patches that a kustomization names; others stand within it."""
    if PurePath(text.source).name not in _KUSTOMIZATIONS:
        return
    try:
        documents = [plain(node) for node in compose(text.content)]
    except UnusableTextError:
        return
    for document in documents:
        for key in _PATCHES:
            listed = document.get(key) if isinstance(document, dict) else None
            for one in listed if isinstance(listed, list) else ():
                if path := _path(one):
                    yield posixpath.join(_folder(text.source), path)


def _path(patch: Any) -> str:  # noqa: ANN401 - YAML
    named = patch.get("path") if isinstance(patch, dict) else patch
    return named if isinstance(named, str) and "\n" not in named else ""


def _folder(source: str) -> str:
    return posixpath.dirname(_normal(source))


def _normal(source: str) -> str:
    return posixpath.normpath(PurePath(source).as_posix())
