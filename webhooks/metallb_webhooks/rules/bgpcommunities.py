"""Rules on BGPAdvertisement about the communities that it lists.

An entry is an alias if a Community defines it, whatever it looks like, and else a literal.
MetalLB's own webhook takes all entries with a colon for literals; its speakers do not.
"""

from collections.abc import Iterator
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import BGPAdvertisement
from metallb_webhooks.communities import SEPARATOR, CommunityError, Value, is_community, parse
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import repeated_values
from metallb_webhooks.snapshot import Snapshot

COMMUNITIES_MAX: Final = 63
"""How many communities the session layer of every backend attaches to a route."""


def _repeated(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    yield from repeated_values("spec.communities", request.subject.spec.communities)


def _syntax(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    for path, entry in _entries(request.subject):
        if SEPARATOR in entry and not _defined(entry, request.snapshot):
            try:
                parse(entry)
            except CommunityError as error:
                yield path, str(error)


def _unknown(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    for path, entry in _entries(request.subject):
        if SEPARATOR not in entry and not _defined(entry, request.snapshot):
            message = (
                f"no Community defines the alias {entry!r}, and speakers refuse the whole"
                " configuration until one does; create it, or write the community itself, such as"
                " 64500:1"
            )
            yield path, message


def _shadowed(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    for path, entry in _entries(request.subject):
        found = next(request.snapshot.communities_defining(entry), None)
        if found and is_community(entry):
            message = (
                f"Community {found.metadata.name!r} defines an alias {entry!r}, whose value is"
                " announced instead of this community; rename the alias"
            )
            yield path, message


def _large_native(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    if request.backend is not Backend.NATIVE:
        return
    for path, entry in _entries(request.subject):
        if is_community(entry) and parse(entry).large:
            message = (
                f"the native backend does not announce large communities such as {entry!r}; use one"
                " of two numbers, or the backend frr-k8s"
            )
            yield path, message


def _many(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    entries = request.subject.spec.communities
    values = {value for entry in entries for value in _values(entry, request.snapshot)}
    if len(values) > COMMUNITIES_MAX:
        message = (
            f"{len(values)} communities are more than the {COMMUNITIES_MAX} that MetalLB attaches"
            " to a route: no Service would ever be announced. Remove some"
        )
        yield "spec.communities", message


def _entries(adv: BGPAdvertisement) -> Iterator[tuple[str, str]]:
    for place, entry in enumerate(adv.spec.communities):
        yield f"spec.communities[{place}]", entry


def _defined(alias: str, snapshot: Snapshot) -> bool:
    return next(snapshot.communities_defining(alias), None) is not None


def _values(entry: str, snapshot: Snapshot) -> Iterator[Value]:
    """Yield what an entry stands for: one community, or none as long as that is not known."""
    community = next(snapshot.communities_defining(entry), None)
    aliases = community.spec.communities if community else ()
    text = next((alias.value for alias in aliases if alias.name == entry), entry)
    if is_community(text):
        yield parse(text)


BGP_COMMUNITY_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "bgp-communities-repeated",
        "No community is listed twice",
        _repeated,
        source="ADV-02, GAP-15",
    ),
    Rule(
        "bgp-community-syntax",
        "A community with a colon is two numbers, or large: and three, or a defined alias",
        _syntax,
        source="ADV-10, ADV-11",
    ),
    Rule(
        "bgp-community-unknown",
        "A community without a colon is an alias that a Community defines",
        _unknown,
        Severity.WARN,
        source="ADV-12, GAP-15",
    ),
    Rule(
        "bgp-community-shadowed",
        "No alias is named like a community that is listed",
        _shadowed,
        Severity.WARN,
        source="ADV-13, GAP-15",
    ),
    Rule(
        "bgp-community-large-native",
        "With the native backend no large communities are listed",
        _large_native,
        source="ADV-15",
        by_backend=True,
    ),
    Rule(
        "bgp-communities-many",
        f"At most {COMMUNITIES_MAX} communities are listed",
        _many,
        source="ADV-17, GAP-26",
    ),
)
