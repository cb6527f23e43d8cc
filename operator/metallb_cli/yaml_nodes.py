"""YAML text as a tree of values, each with its place. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import yaml

from metallb_cli.yaml_limits import TOO_DEEP, Tally, UnusableTextError, check_depth, check_text
from metallb_cli.yaml_scalars import Scalar, resolve

_TEXT: Final = "tag:yaml.org,2002:str"
_MERGE: Final = "<<"
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"
_PAIR: Final = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
)

# go-yaml is a translation of libyaml, which is also some twenty times as fast as PyYAML's own.
_LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

# What libyaml says of brackets before anybody hears of them.
_PROBLEMS: Final = {"exceeded maximum nesting depth": TOO_DEEP}


class Node(NamedTuple):
    """A value and its place; line and column count from one.

    What an alias or a merge key brings in stands where it was written.
    """

    value: "Scalar | Sequence[Node] | Mapping[str, Node]"
    line: int
    column: int


def compose(
    text: str, scalar: Callable[[str], Scalar] = resolve, tally: Tally | None = None
) -> Iterator[Node]:
    """Yield the value of every document of a text; that of an empty document is None.

    Args:
        text: YAML, or JSON.
        scalar: what an unquoted scalar means.
        tally: what the texts before this one had, where they count together.

    Raises:
        UnusableTextError: the text is not YAML, or asks for too much.
    """
    check_text(text)
    composer = _Composer(scalar, tally or Tally())
    try:
        # Events instead of a tree: however deep they are nested, reading them needs no stack.
        for event in yaml.parse(_joined(text), Loader=_LOADER):
            if (node := composer.feed(event)) is not None:
                yield node
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        found = error.problem or "is not YAML"
        problem = _PROBLEMS.get(found, found)
        raise UnusableTextError(*_within(text, mark), problem) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise UnusableTextError(1, 1, f"is not YAML: {error}") from error


def plain(node: Node) -> Any:  # noqa: ANN401 - YAML holds anything
    """Return a value without its places."""
    if isinstance(node.value, dict):
        return {key: plain(below) for key, below in node.value.items()}
    if isinstance(node.value, list):
        return [plain(below) for below in node.value]
    return node.value


def _within(text: str, mark: "yaml.Mark | None") -> tuple[int, int]:
    """Return a place; the end of the text for what is missing there, which libyaml puts below."""
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.count("\n") + 1
    return (line, column) if line <= lines else (lines, len(text) - text.rfind("\n"))


def _joined(text: str) -> str:
    r"""Return JSON with `\ud83d\ude00`, two halves of one character, written as YAML has it.

    kubectl reads as JSON what begins with a brace; anywhere else a half is an error.
    """
    return _PAIR.sub(_whole, text) if text.lstrip().startswith("{") else text


def _whole(found: re.Match[str]) -> str:
    before, *halves = found.groups()
    character = b"".join(map(bytes.fromhex, halves)).decode("utf-16-be")
    return f"{before}\\U{ord(character):08x}"


class _Measured(NamedTuple):
    """A value, and how large and how deep it is with everything in it."""

    node: Node
    size: int = 1
    height: int = 1


@dataclass(slots=True)
class _Open:
    """A list or map that is being read.

    Attributes:
        anchor: its name for aliases.
        size: values in it so far, and itself.
        height: levels so far, this one among them.
        keys: those that stand in a map itself.
        key: the one whose value comes next.
        merges: whether that one is a merge key.
    """

    value: list[Node] | dict[str, Node]
    line: int
    column: int
    anchor: str | None
    size: int = 1
    height: int = 1
    keys: set[str] = field(default_factory=set)
    key: Node | None = None
    merges: bool = False

    def add(self, found: _Measured, *, merge: bool) -> None:
        """Take the next item, key or value.

        Args:
            found: the value.
            merge: whether it is a merge key, where it is a key.
        """
        self.size += found.size
        self.height = max(self.height, found.height + 1)
        if isinstance(self.value, list):
            self.value.append(found.node)
        elif self.key is None:
            self.merges = merge
            self.key = found.node if merge else self._key(found.node)
        else:
            self._put(self.value, self.key, found.node)
            self.key = None

    def _key(self, node: Node) -> Node:
        if isinstance(node.value, list | dict):
            raise UnusableTextError(
                node.line,
                node.column,
                "a key is a list or a map, and kubectl takes texts only; render templates first",
            )
        name = _name(node.value)
        if name in self.keys:
            problem = f"the key {name!r} stands here twice"
            raise UnusableTextError(node.line, node.column, problem)
        self.keys.add(name)
        return Node(name, node.line, node.column)

    def _put(self, into: dict[str, Node], key: Node, node: Node) -> None:
        if not self.merges:
            into[str(key.value)] = node
            return
        # As in go-yaml: what is merged replaces what stands before it, and earlier maps win.
        for merged in reversed(_maps(node, key)):
            into.update(merged)


class _Composer:
    """Builds values out of events."""

    def __init__(self, scalar: Callable[[str], Scalar], tally: Tally) -> None:
        """Begin a text.

        Args:
            scalar: as in `compose`.
            tally: as in `compose`.
        """
        self._scalar = scalar
        self._tally = tally
        tally.next_text()
        self._open: list[_Open] = []
        self._anchors: dict[str, _Measured | None] = {}

    def feed(self, event: yaml.Event) -> Node | None:
        """Take the next event; return the value of a document once it is complete."""
        if isinstance(event, yaml.DocumentStartEvent):
            self._tally.next_document()
            self._anchors.clear()
        elif isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            return self._leaf(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            return self._end()
        return None

    def _alias(self, event: yaml.AliasEvent) -> Node | None:
        name = event.anchor
        line, column = _place(event)
        if name not in self._anchors:
            problem = f"the alias *{name} stands for nothing; write &{name} in front of a value"
            raise UnusableTextError(line, column, problem)
        target = self._anchors[name]
        if target is None:
            problem = f"the alias *{name} stands within what it stands for; write it out"
            raise UnusableTextError(line, column, problem)
        self._measure(event, 1 + target.size, target.size, target.height)
        return self._add(target._replace(size=1 + target.size))

    def _leaf(self, event: yaml.ScalarEvent) -> Node | None:
        self._measure(event)
        found = _Measured(Node(self._meaning(event), *_place(event)))
        if event.anchor is not None:
            self._anchors[event.anchor] = found
        return self._add(found, merge=_is_merge(event))

    def _meaning(self, event: yaml.ScalarEvent) -> Scalar:
        text = str(event.value)
        untagged = event.tag is None or event.tag == "!"
        is_text = event.tag == _TEXT or (untagged and not event.implicit[0])
        return text if is_text else self._scalar(text)

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        self._measure(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        value: list[Node] | dict[str, Node]
        value = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._open.append(_Open(value, *_place(event), event.anchor))

    def _end(self) -> Node | None:
        done = self._open.pop()
        found = _Measured(Node(done.value, done.line, done.column), done.size, done.height)
        if done.anchor is not None:
            self._anchors[done.anchor] = found
        return self._add(found)

    def _measure(self, event: yaml.Event, size: int = 1, aliased: int = 0, height: int = 1) -> None:
        line, column = _place(event)
        self._tally.add(size, aliased, line, column)
        check_depth(len(self._open) + height, line, column)

    def _add(self, found: _Measured, *, merge: bool = False) -> Node | None:
        """Put a value where it belongs; return it if it is a whole document."""
        if not self._open:
            return found.node
        self._open[-1].add(found, merge=merge)
        return None


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _is_merge(event: yaml.ScalarEvent) -> bool:
    return event.value == _MERGE and (bool(event.implicit[0]) or event.tag == _MERGE_TAG)


def _maps(node: Node, key: Node) -> Sequence[Mapping[str, Node]]:
    """Return the maps to merge."""
    found = [below.value for below in node.value] if isinstance(node.value, list) else [node.value]
    maps = [one for one in found if isinstance(one, dict)]
    if len(maps) < len(found):
        problem = "`<<` takes a map or a list of maps; write one, or put the key in quotes"
        raise UnusableTextError(key.line, key.column, problem)
    return maps


def _name(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
