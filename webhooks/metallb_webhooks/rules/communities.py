"""Rules on Community."""

from collections.abc import Iterator, Mapping
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import Community
from metallb_webhooks.communities import SEPARATOR, CommunityError, is_community, parse
from metallb_webhooks.rules.base import Operation, Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import listed

ON_UPDATE_OR_DELETE: Final = frozenset({Operation.UPDATE, Operation.DELETE})


def _value_syntax(request: Request[Community]) -> Iterator[Problem]:
    for place, alias in enumerate(request.subject.spec.communities):
        try:
            parse(alias.value)
        except CommunityError as error:
            yield f"spec.communities[{place}].value", str(error)


def _large_native(request: Request[Community]) -> Iterator[Problem]:
    if request.backend is not Backend.NATIVE:
        return
    for place, alias in enumerate(request.subject.spec.communities):
        if is_community(alias.value) and parse(alias.value).large:
            message = (
                f"the native backend does not announce large communities such as {alias.value!r}:"
                " speakers would refuse the whole configuration. Use one of two numbers, or the"
                " backend frr-k8s"
            )
            yield f"spec.communities[{place}].value", message


def _repeated(request: Request[Community]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for place, alias in enumerate(request.subject.spec.communities):
        first = seen.setdefault(alias.name, place)
        if first != place:
            message = (
                f"{alias.name!r} is defined already by spec.communities[{first}]; remove one of"
                " them"
            )
            yield f"spec.communities[{place}].name", message


def _defined_elsewhere(request: Request[Community]) -> Iterator[Problem]:
    own = request.subject.metadata.name
    for alias, place in _places(request.subject).items():
        others = {
            other.metadata.name
            for other in request.snapshot.communities_defining(alias)
            if other.metadata.name != own
        }
        if others:
            message = (
                f"{alias!r} is defined already by Community {listed(sorted(others))}; choose"
                " another name, or remove it there first"
            )
            yield f"spec.communities[{place}].name", message


def _nameless(request: Request[Community]) -> Iterator[Problem]:
    for place, alias in enumerate(request.subject.spec.communities):
        if not alias.name:
            message = "an alias without a name can be used by no advertisement; give it one"
            yield f"spec.communities[{place}].name", message


def _name_like_value(request: Request[Community]) -> Iterator[Problem]:
    for alias, place in _places(request.subject).items():
        if SEPARATOR in alias:
            harm = (
                "advertisements that list this community would announce the alias's value instead"
                if is_community(alias)
                else "advertisements that use it are refused as long as the alias is not defined,"
                " and always by MetalLB's own webhooks"
            )
            message = f"{alias!r} reads as a community: {harm}. Choose a name without colons"
            yield f"spec.communities[{place}].name", message


def _used(request: Request[Community]) -> Iterator[Problem]:
    deleted = request.operation is Operation.DELETE
    before = request.subject if deleted else request.old
    for alias in _places(before) if before else ():
        if next(request.snapshot.communities_defining(alias), None) is None:
            users = sorted(
                adv.metadata.name for adv in request.snapshot.advertisements_using_alias(alias)
            )
            if users and not is_community(alias):
                message = (
                    f"BGPAdvertisement {listed(users)} would still use the alias {alias!r}, and"
                    " speakers would refuse the whole configuration. Take it out of the"
                    " advertisements first"
                )
                yield ("metadata.name" if deleted else "spec.communities"), message


def _places(community: Community) -> Mapping[str, int]:
    """Return the aliases that an object defines, each with its first place."""
    places: dict[str, int] = {}
    for place, alias in enumerate(community.spec.communities):
        places.setdefault(alias.name, place)
    return places


COMMUNITY_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "community-value-syntax",
        "The value of an alias is a community: two numbers, or large: and three",
        _value_syntax,
        source="COM-01",
    ),
    Rule(
        "community-large-native",
        "With the native backend no alias stands for a large community",
        _large_native,
        source="COM-03",
        by_backend=True,
    ),
    Rule(
        "community-alias-repeated",
        "A Community defines no alias twice",
        _repeated,
        source="COM-02",
    ),
    Rule(
        "community-alias-defined",
        "No alias is defined by two Communities",
        _defined_elsewhere,
        source="COM-02",
    ),
    Rule(
        "community-alias-name",
        "An alias has a name",
        _nameless,
        Severity.WARN,
        source="MetalLB 0.16.1, CommunityAlias",
    ),
    Rule(
        "community-alias-colon",
        "The name of an alias cannot be taken for a community",
        _name_like_value,
        Severity.WARN,
        source="ADV-11, ADV-13, GAP-15",
    ),
    Rule(
        "community-alias-used",
        "An alias is not removed while BGPAdvertisements use it",
        _used,
        Severity.WARN,
        ON_UPDATE_OR_DELETE,
        "COM-04, GAP-15",
    ),
)
