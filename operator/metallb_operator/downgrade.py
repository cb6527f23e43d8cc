"""What an older release would ignore of what is stored: it is not installed over that. Pure.

A release reads the fields that it knows, and acts as if the others were not there. The CRDs stay
those of the newest release, so that nothing tells of it.

Source: MetalLB's release notes, and the types of each release.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from metallb_crds.config_v1beta1 import BGPAdvertisement, L2Advertisement
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_crds.meta import Resource
from metallb_kube.objects import Manifest
from metallb_operator.conditions import Reason
from metallb_operator.errors import UnsupportedReleaseError
from metallb_operator.fields import text_at
from metallb_operator.releases import Release, release_for
from metallb_operator.situation import Problem
from metallb_operator.wording import listed

ANNOTATION: Final = "metallb.io/allow-downgrade"
"""Of the MetalLB object: the release that may be gone back to, whatever it ignores."""

KINDS: Final = (BGPAdvertisement, BGPPeer, L2Advertisement)
"""What is looked at."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that older releases do not have.

    Attributes:
        since: the first version that has it.
        field: which field asks for it.
        used: whether an object of the kind does.
        otherwise: what an older release does.
    """

    since: tuple[int, ...]
    kind: type[Resource]
    field: str
    used: Callable[[Any], object]
    otherwise: str


_EXCLUDED: Final = "Services that are left out there would be announced"

FEATURES: Final = (
    Feature(
        (0, 16, 0),
        BGPAdvertisement,
        "spec.serviceSelectors",
        lambda adv: adv.spec.service_selectors,
        _EXCLUDED,
    ),
    Feature(
        (0, 16, 0),
        L2Advertisement,
        "spec.serviceSelectors",
        lambda adv: adv.spec.service_selectors,
        _EXCLUDED,
    ),
    Feature(
        (0, 16, 0),
        BGPPeer,
        "spec.localASN",
        lambda peer: peer.spec.local_asn,
        "sessions would come up with another AS number, or not at all",
    ),
)


def downgrade(
    metallb: Manifest, running: str, wanted: Release, stored: Iterable[Resource] | None
) -> Problem | None:
    """Say why a release must not take the place of a newer one; None if it may.

    Args:
        metallb: the object as stored.
        running: the version that is installed; "" if none is.
        wanted: the release that is to be.
        stored: objects of `KINDS`, and perhaps others; None where they are not known yet.
    """
    installed = _release(running)
    if installed is None or wanted.order >= installed.order or _is_allowed(metallb, wanted):
        return None
    begins = f"spec.version: {wanted.version} is older than {running}, which runs"
    if stored is None:
        text = f"{begins}; what it would ignore of the configuration is looked up"
        return Problem(Reason.DOWNGRADE_BLOCKED, text)
    ignored = sorted(_ignored(stored, wanted, installed))
    if not ignored:
        return None
    text = (
        f"{begins}, and ignores {listed(ignored)}; change that first, or accept it with the"
        f' annotation {ANNOTATION}: "{wanted.version}"'
    )
    return Problem(Reason.DOWNGRADE_BLOCKED, text)


def _release(version: str) -> Release | None:
    try:
        return release_for(version) if version else None
    except UnsupportedReleaseError:
        return None


def _is_allowed(metallb: Manifest, wanted: Release) -> bool:
    given = text_at(metallb, "metadata", "annotations", ANNOTATION)
    return given.removeprefix("v") == wanted.version


def _ignored(stored: Iterable[Resource], wanted: Release, installed: Release) -> Iterator[str]:
    lost = [one for one in FEATURES if wanted.order < one.since <= installed.order]
    for thing in stored:
        for feature in lost:
            if isinstance(thing, feature.kind) and feature.used(thing):
                yield (
                    f"{feature.field} of {thing.kind} {thing.metadata.name!r} ({feature.otherwise})"
                )
