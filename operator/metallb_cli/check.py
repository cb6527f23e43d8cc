"""From documents to a report: every object by its schema, then all of them by the rules. Pure."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

from metallb_cli.documents import Document, UnusableInputError
from metallb_cli.entries import CORE_KINDS, GROUPS, Entry, entries
from metallb_cli.findings import Level, LocatedFinding, Report, report
from metallb_cli.judge import Judged, Surroundings, bench, judged
from metallb_cli.metadata import CORE
from metallb_cli.placeholders import is_placeholder
from metallb_cli.schema import Problem, against, problems
from metallb_crds.backend import Backend
from metallb_crds.meta import Resource
from metallb_crds.registry import KINDS
from metallb_kube.printing import clipped
from metallb_webhooks.followed import FOLLOWED
from metallb_webhooks.index import Object
from metallb_webhooks.reading import REVIEWED, UnreadableError, read

_LONGEST_PLACEHOLDER: Final = 200

UNKNOWN_KIND: Final = "schema-unknown-kind"
NAME: Final = "schema-name"
DEPRECATED: Final = "schema-deprecated"
DUPLICATE: Final = "object-duplicate"

COMPARED: Final = frozenset({"BGPAdvertisement", "BGPPeer", "FRRConfiguration"})
"""Kinds whose rules ask about every other object of the kind."""
MAX_COMPARED: Final = 1_000
"""Of each: less than a minute, where 10,000 pools take some seconds."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to judge.

    Attributes:
        namespace: MetalLB's, and that of objects which name none.
        backend: if it is prescribed.
    """

    namespace: str
    backend: Backend | None = None


def refuse_many(documents: Iterable[Document]) -> None:
    """Refuse more objects than can be compared with one another.

    Raises:
        UnusableInputError: there are more; it is at the first of those.
    """
    counts: Counter[str] = Counter()
    for document in documents:
        kind = document.manifest["kind"]
        counts[kind] += kind in COMPARED
        if counts[kind] > MAX_COMPARED:
            at = document.position("")
            problem = (
                f"there are more than {MAX_COMPARED:,} objects of kind {kind} up to here, each of"
                " which is compared with every other; give fewer files at a time"
            )
            raise UnusableInputError(at.source, at.line, at.column, problem)


def check(
    documents: Iterable[Document],
    options: Options,
    around: Surroundings | None = None,
    files: int = 1,
) -> Report:
    """Return everything there is to say about documents, as if all of them were applied together.

    Args:
        documents: what was read; objects of other kinds are left out.
        options: how to judge.
        around: what there is besides; nothing is known of it if None.
        files: how many texts they come from, for the summary.
    """
    given = tuple(entries(documents, options.namespace))
    faults = tuple(_fault(entry, one) for entry in given for one in _faults(entry))
    told = {_field(one) for one in faults}
    ruled = _ruled(given, options, around or Surroundings())
    # One word about a field is enough: what the schema refuses no rule needs to refuse again.
    rest = (one for one in ruled if _field(one) not in told)
    return report([*faults, *_duplicates(given), *rest], objects=len(given), files=files)


def _ruled(
    given: Sequence[Entry], options: Options, around: Surroundings
) -> Iterator[LocatedFinding]:
    """Yield what the rules say."""
    subjects = [one for one in map(_decoded, given) if one]
    core = [thing for entry in given for thing in _looked_at(entry, options)]
    decoded = {one.entry.identity for one in subjects}
    # What cannot be read is there all the same: nothing that names it names something unknown.
    unread = [_stand_in(entry) for entry in given if entry.identity not in decoded]
    models = [*(one.model for one in subjects), *(one for one in unread if one)]
    by = bench([*models, *core], _around(given, around), options.namespace, options.backend)
    for one in subjects:
        for finding in judged(one, by):
            yield _of_placeholder(one.entry, finding)


def _field(finding: LocatedFinding) -> tuple[str, int, int, str]:
    return finding.file, finding.line, finding.column, finding.path


def _fault(entry: Entry, problem: Problem) -> LocatedFinding:
    found = entry.finding(problem.rule, problem.level, problem.path, problem.message)
    return _of_placeholder(entry, found)


def _of_placeholder(entry: Entry, finding: LocatedFinding) -> LocatedFinding:
    """Return a finding about a value that is yet to be put in, with what helps there."""
    value = entry.document.scalar(finding.path)
    if "password" in finding.path.lower() or not is_placeholder(value, finding.path):
        return finding
    shown = repr(clipped(value, _LONGEST_PLACEHOLDER))
    text = f"{shown} is a placeholder; check what comes out of the substitution"
    return replace(finding, message=text)


def _faults(entry: Entry) -> Iterator[Problem]:
    """Yield what is wrong with an object by itself, before any rule is asked."""
    if entry.row is None and not entry.is_core:
        path = "kind" if entry.group in GROUPS else "apiVersion"
        yield Problem(UNKNOWN_KIND, path, _unknown_kind(entry))
        return
    if not entry.name and isinstance(entry.manifest.get("metadata"), dict):
        yield Problem(NAME, "metadata.name", "is required and missing")
    if entry.row is None:
        yield from against(entry.manifest, CORE[entry.kind])
        return
    if entry.row.deprecation:
        yield Problem(DEPRECATED, "apiVersion", entry.row.deprecation, Level.WARNING)
    yield from problems(entry.manifest, entry.row)


def _unknown_kind(entry: Entry) -> str:
    versions = [row.model.api_version for row in KINDS if row.kind == entry.kind]
    if versions and entry.group not in GROUPS:
        wrong = f"{entry.group} is no API group of MetalLB" if entry.group else "has no API group"
        return f"{wrong}; write apiVersion: {versions[-1]}"
    if versions:
        return f"there is no such version of {entry.kind}; write apiVersion: {versions[-1]}"
    kinds = sorted({row.kind for row in KINDS if row.group == entry.group})
    near = difflib.get_close_matches(entry.kind, kinds, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(kinds)}"
    return f"{entry.group} has no kind {entry.kind!r}; {hint}"


def _decoded(entry: Entry) -> Judged | None:
    """Return an object that there are rules for; None if there are none, or it cannot be read."""
    api_version = entry.manifest.get("apiVersion")
    if entry.row is None or (api_version, entry.kind) not in REVIEWED:
        return None
    try:
        return Judged(entry, read(str(api_version), entry.kind, entry.manifest))
    except UnreadableError:
        return None  # its schema has said why


def _stand_in(entry: Entry) -> Resource | None:
    """Return an object of the name alone, for one whose fields are of wrong types."""
    api_version = str(entry.manifest.get("apiVersion"))
    if entry.row is None or not entry.name or (api_version, entry.kind) not in REVIEWED:
        return None
    named = {key: entry.manifest[key] for key in ("apiVersion", "kind", "metadata")}
    try:
        return read(api_version, entry.kind, {**named, "spec": {}})
    except UnreadableError:
        return None  # it is its metadata that cannot be read


def _looked_at(entry: Entry, options: Options) -> Iterator[Object]:
    """Yield what the rules know of an object of a core kind."""
    elsewhere = entry.kind == "Secret" and entry.namespace != options.namespace
    if entry.is_core and not elsewhere and not any(_faults(entry)):
        thing = FOLLOWED[entry.kind].decode(_as_stored(entry.manifest))
        if thing is not None:
            yield thing


def _as_stored(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a Secret as the API server keeps it: with a type, and stringData as data."""
    if manifest.get("kind") != "Secret":
        return manifest
    data = {**manifest.get("data", {}), **manifest.get("stringData", {})}
    return {**manifest, "type": manifest.get("type") or "Opaque", "data": data}


def _around(given: Iterable[Entry], around: Surroundings) -> Surroundings:
    """Return what there is besides the files; kinds that they contain count as known."""
    known = {entry.kind for entry in given if entry.is_core}
    return replace(around, known=around.known | (known & CORE_KINDS))


def _duplicates(given: Iterable[Entry]) -> Iterator[LocatedFinding]:
    """Yield every object that stands in the input before, in whatever version."""
    first: dict[tuple[str, str, str, str], Entry] = {}
    for entry in given:
        # Others' objects stand in several overlays of one folder: that is no business of ours.
        if not entry.name or entry.row is None:
            continue
        other = first.setdefault(entry.identity, entry)
        if other is entry:
            continue
        at = other.document.position("metadata.name")
        alike = other.manifest == entry.manifest
        which = "the same" if alike else "another"
        message = (
            f"{which} {entry.kind} {entry.name!r} stands at {at.source}:{at.line}, and only the one"
            " that is applied last counts; remove one, or rename it"
            f"{_elsewhere(entry, at.source)}"
        )
        level = Level.WARNING if alike else Level.ERROR
        yield entry.finding(DUPLICATE, level, "metadata.name", message)


def _elsewhere(entry: Entry, source: str) -> str:
    """Return what else helps where the two stand in folders of their own, as overlays do."""
    apart = PurePath(source).parent != PurePath(entry.document.source).parent
    return "; check folders that are for several clusters one at a time" if apart else ""
