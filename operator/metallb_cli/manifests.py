"""Manifests as YAML text, with comments in front of those that need a word. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import yaml

from metallb_cli.printed import line
from metallb_cli.yaml_scalars import resolve
from metallb_kube.objects import Manifest
from metallb_kube.printing import printable

_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Commented:
    """One manifest.

    Attributes:
        notes: sentences to stand above it.
    """

    manifest: Manifest
    notes: tuple[str, ...] = ()


class _Dumper(yaml.SafeDumper):
    """Writes what is referred to twice out twice: no anchors for people to follow."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - as inherited
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML writes `y` and `0o17` without quotes, and kubectl would not read them as text.
    style = None if isinstance(resolve(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def text_of(documents: Iterable[Commented], head: Iterable[str] = ()) -> str:
    """Return one YAML text of all documents.

    Args:
        documents: in the order to write them in.
        head: sentences for the top of the text.
    """
    return _comments(head) + "".join(map(_document, documents))


def _document(document: Commented) -> str:
    body = _yaml(document.manifest, raw=True)
    if printable(body) != body:
        body = _yaml(document.manifest, raw=False)
    return f"---\n{_comments(document.notes)}{body}"


def _yaml(manifest: Manifest, *, raw: bool) -> str:
    """Return YAML, with every character as it is, or with escapes for all that is not ASCII."""
    return yaml.dump(
        dict(manifest), Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=raw
    )


def _comments(sentences: Iterable[str]) -> str:
    # A line break within a sentence would end the comment, and what follows would be YAML.
    return "".join(f"# {line(' '.join(sentence.split()))}\n" for sentence in sentences)
