"""Where people keep MetalLB's configuration of before 0.13: which file holds it, and in what.

That is the ConfigMap itself, its content alone, the values of its chart (a file of them, or an
object of Flux, Argo CD or k3s that has them), or objects of kind AddressPool, which MetalLB 0.13
and 0.14 and its operator had before IPAddressPools.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from metallb_cli.inputs import InputError, texts
from metallb_cli.oldconfig import TOP, configuration_in
from metallb_cli.yaml_limits import Tally, UnusableTextError
from metallb_cli.yaml_nodes import compose, plain
from metallb_operator.oldconfigmap import is_old_configuration

Found = Mapping[str, Any]

_POOL: Final = {
    "protocol": "protocol",
    "addresses": "addresses",
    "autoAssign": "auto-assign",
    "avoidBuggyIPs": "avoid-buggy-ips",
}
_ADVERTISEMENT: Final = {
    "aggregationLength": "aggregation-length",
    "aggregationLengthV6": "aggregation-length-v6",
    "localPref": "localpref",
    "communities": "communities",
}
_INLINE: Final = "configInline"
"""Where the values of MetalLB's chart had it."""
_TEXTS_IN_TEXTS: Final = 2
_WANTED: Final = (
    "a ConfigMap, the configuration that such a ConfigMap holds, values of MetalLB's chart with"
    f" {_INLINE} or what has them in it (HelmRelease, Application, HelmChart), or objects of kind"
    " AddressPool"
)


def configuration_of(path: Path) -> Found:
    """Return the old configuration that a file holds.

    Args:
        path: a file, a folder, or `-` for standard input.

    Raises:
        InputError: the path cannot be read, or does not hold exactly one configuration.
        OldConfigurationError: what it holds is no configuration of MetalLB.
    """
    documents = [document for document in _documents(path) if isinstance(document, dict)]
    pools = [document for document in documents if document.get("kind") == "AddressPool"]
    found = [one for document in documents for one in _configurations(document)]
    if not found and [document.get("kind") for document in documents] == ["ConfigMap"]:
        return configuration_in(documents[0])  # it says what is missing
    if len(found) + bool(pools) != 1:
        count = len(found) + bool(pools)
        raise InputError(f"{path}: holds {count} configurations; give exactly one: {_WANTED}")
    return found[0] if found else {"address-pools": [_old_pool(pool) for pool in pools]}


def _documents(path: Path) -> Iterator[Any]:
    tally = Tally()
    for text in texts([str(path)]):
        try:
            # Every scalar as it stands: MetalLB read `0123` as a password, and `y` as a label.
            nodes = list(compose(text.content, scalar=str, tally=tally))
        except UnusableTextError as error:
            where = f"{text.source}:{error.line}:{error.column}"
            raise InputError(f"{where}: {error.problem}") from error
        for node in nodes:
            yield from _flat(plain(node))


def _flat(document: Any) -> Iterator[Any]:  # noqa: ANN401 - YAML
    kind = document.get("kind") if isinstance(document, dict) else None
    items = document.get("items") if isinstance(document, dict) else None
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
        for item in items:
            yield from _flat(item)
    else:
        yield document


def _configurations(document: Found) -> Iterator[Found]:
    """Yield the configurations in a document, which is none for most."""
    kind = document.get("kind")
    if kind == "ConfigMap" and is_old_configuration(document):
        yield configuration_in(document)
    elif kind is None and not TOP.isdisjoint(document):
        yield document
    else:
        yield from _inline(document, _TEXTS_IN_TEXTS)


def _inline(value: Any, texts_left: int) -> Iterator[Found]:  # noqa: ANN401 - YAML
    """Yield what stands under `configInline`, however deep; values are often YAML within a text."""
    if isinstance(value, dict):
        if isinstance(value.get(_INLINE), dict):
            yield value[_INLINE]
        below: Iterable[Any] = [one for key, one in value.items() if key != _INLINE]
    elif isinstance(value, list):
        below = value
    elif isinstance(value, str) and _INLINE in value and texts_left:
        below, texts_left = _read(value), texts_left - 1
    else:
        return
    for one in below:
        yield from _inline(one, texts_left)


def _read(text: str) -> Iterable[Any]:
    try:
        return [plain(node) for node in compose(text, scalar=str)]
    except UnusableTextError:
        return ()  # some other text that has the word in it


def _old_pool(manifest: Found) -> Found:
    """Return an AddressPool as the ConfigMap would have had it."""
    metadata, spec = manifest.get("metadata"), manifest.get("spec")
    named = {"name": metadata.get("name", "")} if isinstance(metadata, dict) else {}
    given = spec if isinstance(spec, dict) else {}
    advertisements = given.get("bgpAdvertisements")
    if isinstance(advertisements, list):
        entries = [_renamed(one, _ADVERTISEMENT) for one in advertisements]
        named["bgp-advertisements"] = entries
    others = {key: value for key, value in given.items() if key != "bgpAdvertisements"}
    return {**named, **_renamed(others, _POOL)}


def _renamed(given: Any, names: Mapping[str, str]) -> Found:  # noqa: ANN401 - YAML
    return {names.get(key, key): value for key, value in given.items()} if given else {}
