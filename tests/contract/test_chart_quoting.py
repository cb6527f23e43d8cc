"""No value of the chart can become more than the value that it is, whatever stands in it."""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson
import pytest
import yaml
from jsonschema import Draft202012Validator

from metallb_operator.chart import FOLDER
from metallb_operator.errors import ChartError
from support.rendering import BACKENDS, EVERYTHING, Rendered, intent, render_values

TEMPLATES: Final = sorted(
    path for path in (FOLDER / "templates").iterdir() if path.suffix in {".yaml", ".tpl"}
)
TEXTS: Final = frozenset(
    {"metallb.image", "metallb.checksum", "metallb.metricsPort", "metallb.frrMetricsPort"}
)
"""Named templates that are part of a scalar: whoever includes them quotes them."""
CONSTANTS: Final = frozenset(
    {
        # Within the files that FRR starts from, which are block scalars; none of it is a value.
        "index . 1",
        'ternary "file /etc/frr/frr.log" "stdout" (index . 0).Values.legacy',
    }
)
_ACTION: Final = re.compile(
    r'\{\{-?\s*(?P<text>/\*.*?\*/|(?:"(?:\\.|[^"\\])*"|`[^`]*`|[^"`])*?)\s*-?\}\}', re.DOTALL
)
_CONTROL: Final = re.compile(r"(if|else|end|with|range|define|fail)\b|/\*|\$\w*\s*:?=")
_QUOTED: Final = re.compile(r"(quote|toJson)\s.*|.*\|\s*(quote|toJson)", re.DOTALL)
_BLOCK: Final = re.compile(
    r'(toYaml|include "(?P<name>[^"]+)"|include \(print "metallb\.)', re.DOTALL
)
_FILE: Final = '(index . 0).Files.Get "files/sessions-up.sh" | nindent 2'


class Action(NamedTuple):
    """One `{{ }}` of a template.

    Attributes:
        within: the named template that it is in, "" for a file's own text.
        before: what stands before it on its line.
        after: what follows on its line.
    """

    place: str
    within: str
    text: str
    before: str
    after: str


def actions(name: str, text: str) -> Iterator[Action]:
    within = ""
    depth = 0
    for found in _ACTION.finditer(text):
        inside = found["text"]
        word = inside.partition(" ")[0]
        if word == "define":
            within, depth = inside.split('"')[1], 0
        elif word in {"if", "with", "range"}:
            depth += 1
        elif word == "end":
            within, depth = (within, depth - 1) if depth else ("", 0)
        line = text.count("\n", 0, found.start()) + 1
        before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
        after = text[found.end() :].partition("\n")[0]
        yield Action(f"{name}:{line}", within, inside, before, after)


def wrong(action: Action) -> str:
    """Say what is wrong with an action, "" if nothing is."""
    text = action.text
    if _CONTROL.match(text) or action.within in TEXTS or text in {*CONSTANTS, _FILE}:
        return ""
    if _QUOTED.fullmatch(text):
        alone = re.search(r"(^|[\s\[{]|\}\})$", action.before)
        ends = re.match(r"\s*$|[,:\]}]|\{\{", action.after)
        return "" if alone and ends else "is only a part of its scalar"
    block = _BLOCK.match(text)
    if block and block["name"] not in TEXTS:
        return "" if not (action.before + action.after).strip() else "shares its line"
    return "is not quoted"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_scalar_of_the_templates_is_quoted(path: Any) -> None:  # noqa: ANN401 - a path
    found = list(actions(path.name, path.read_text()))
    assert [f"{one.place}: {one.text} {wrong(one)}" for one in found if wrong(one)] == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("image: {{ .Values.x }}", "is not quoted"),
        ("- --port={{ .Values.x | quote }}", "is only a part of its scalar"),
        ("a: {{ .Values.x | quote }}b", "is only a part of its scalar"),
        ('image: {{ include "metallb.image" (list . "x") }}', "is not quoted"),
        ('{{ include "metallb.image" (list . "x") | nindent 2 }}', "is not quoted"),
        ("x: {{ toYaml .Values.x }}", "shares its line"),
        ("{port: {{ . }}}", "is not quoted"),
        ("{{ range .Values.x }}- {{ . }}{{ end }}", "is not quoted"),
        ("{port: {{ . | toJson }}}", ""),
        ("  {{- toYaml .Values.x | nindent 2 }}", ""),
        ('summary: {{ "{{ $labels.pod }} runs" | quote }}', ""),
        ("{{- $x := .Values.x }}", ""),
    ],
)
def test_what_is_not_quoted_is_found(text: str, says: str) -> None:
    assert [wrong(one) for one in actions("x", text) if wrong(one)] == ([says] if says else [])


SCHEMA: Final[dict[str, Any]] = orjson.loads((FOLDER / "values.schema.json").read_bytes())
VALIDATOR: Final = Draft202012Validator(SCHEMA)
HOSTILE: Final = (
    "x\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: pwn\n#",
    "x\n---\nkind: Pod",
    '"',
    "'",
    'x" #',
    "# x",
    "a: b",
    "a: {b: c}",
    "{{ fail `x` }}",
    "{{",
    "null",
    "~",
    "123",
    "1e3",
    "0x10",
    "true",
    "no",
    "2026-01-01",
    "!!int 5",
    "&a x",
    "*a",
    "- x",
    "| x",
    "%x",
    "\\",
    "\\n",
    "\u2028x",
    "\u0085x",
    "\ufeffx",
    "x\ty",
    "]",
    "}",
    ",",
)
"""What means something else to YAML, or to Go's templates, than what it is."""

Path = tuple[str | int, ...]


def everything(backend: str) -> dict[str, Any]:
    """Values in which every text that the chart knows of is given."""
    component = {
        "annotations": {"a": "b"},
        "priorityClassName": "high",
        "runtimeClassName": "crun",
        "affinity": {"nodeAffinity": {"x": [{"key": "a", "values": ["b"]}]}},
        "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
    }
    monitor = {"labels": {"a": "b"}, "interval": "30s"}
    spec = {
        **EVERYTHING,
        "speakerTolerations": [{"key": "a", "operator": "Equal", "value": "b"}],
        "controllerTolerations": [{"key": "a", "operator": "Equal", "value": "b"}],
        "controllerConfig": component,
        "speakerConfig": component,
        "excludeInterfaces": {"patterns": ["^x"]},
        "updateStrategy": {"speaker": {"type": "RollingUpdate", "maxUnavailable": "50%"}},
        "metrics": {
            "serviceMonitor": {"enabled": True, **monitor},
            "prometheusRule": {"enabled": True, "labels": {"a": "b"}},
        },
    }
    return dict(intent(spec, backend).values) | {
        "rbac": {"create": True},
        "serviceAccounts": {"create": True},
    }


def texts(value: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - JSON
    """Yield the path of every text."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from texts(below, (*path, key))
    elif isinstance(value, list | tuple):
        for place, below in enumerate(value):
            yield from texts(below, (*path, place))


def put(values: dict[str, Any], path: Path, text: str) -> None:
    target: Any = values
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = text


def shape(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Everything about a manifest but what its texts say."""
    if isinstance(value, Mapping):
        return {key: shape(below) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [shape(below) for below in value]
    return "text" if isinstance(value, str) else value


def shapes(rendered: Rendered) -> Any:  # noqa: ANN401 - JSON
    files = [
        yaml.safe_load(one["data"]["excludel2.yaml"])
        for one in rendered.of_kind("ConfigMap")
        if "excludel2.yaml" in one["data"]
    ]
    names = [(one["kind"], one["metadata"]["name"]) for one in rendered.manifests]
    return names, shape(rendered.manifests), shape(files)


def is_allowed(values: Mapping[str, Any]) -> bool:
    return next(VALIDATOR.iter_errors(values), None) is None


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_values_stay_texts(text: str, backend: str) -> None:
    """What the schema lets pass changes nothing about what is rendered but the text itself."""
    harmless = everything(backend)
    hostile: dict[str, Any] = copy.deepcopy(harmless)
    for path in texts(harmless):
        alone = copy.deepcopy(harmless)
        put(alone, path, text)
        if is_allowed(alone):
            put(hostile, path, text)
    assert hostile != harmless
    assert shapes(render_values(hostile)) == shapes(render_values(harmless))


@pytest.mark.parametrize("namespace", ["123", "null", "true", "1e3"])
def test_any_namespace_is_a_text(namespace: str) -> None:
    for manifest in render_values({}, namespace=namespace).manifests:
        assert manifest["metadata"].get("namespace", namespace) == namespace


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"logLevel": HOSTILE[0]}, "logLevel"),
        ({"images": {"speaker": HOSTILE[0]}}, "/images/speaker"),
        ({"images": {"registry": HOSTILE[1]}}, "/images/registry"),
        ({"images": {"pullSecrets": ["null", HOSTILE[1]]}}, "/images/pullSecrets/1"),
        ({"speaker": {"priorityClassName": HOSTILE[1]}}, "/speaker/priorityClassName"),
        ({"controller": {"runtimeClassName": "a\n"}}, "/controller/runtimeClassName"),
        ({"frrK8s": {"namespace": HOSTILE[1]}}, "/frrK8s/namespace"),
        ({"images": {"pullPolicy": HOSTILE[0]}}, "pullPolicy"),
    ],
)
def test_what_the_schema_refuses_helm_does_not_render(values: dict[str, Any], named: str) -> None:
    with pytest.raises(ChartError, match=named):
        render_values(values)
