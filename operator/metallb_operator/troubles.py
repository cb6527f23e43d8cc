"""One reason why pods are not ready, as a value, and how many alike are told at once. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import Final

from metallb_operator.wording import listed


class Kind(StrEnum):
    """What holds a pod up, the most telling first; the values are reasons of conditions."""

    SCALED = "ScaledToZero"
    REFUSED = "PodsRefused"
    IMAGE = "ImagePullFailed"
    CRASH = "ContainerCrashing"
    CONFIGURATION = "ContainerConfigurationFailed"
    VOLUME = "VolumeMountFailed"
    UNSCHEDULABLE = "Unschedulable"
    NODE = "NodesNotReady"
    LEAVING = "PodTerminating"
    FAILED = "PodFailed"
    UNREADY = "ContainerNotReady"
    PENDING = "ContainerCreating"

    @property
    def is_normal(self) -> bool:
        """Whether every pod goes through it: trouble only when it lasts."""
        return self in {Kind.UNREADY, Kind.PENDING}


_ORDER: Final = {kind: index for index, kind in enumerate(Kind)}


NOBODY_KNOWS: Final = datetime.max.replace(tzinfo=UTC)
"""For trouble that every rollout brings and nobody notes down: what is overdue makes it count."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason why one pod, or a workload's pods, are not ready.

    Attributes:
        where: "pod speaker-x7x2p on n1"; "" if it is about the workload as a whole.
        message: a sentence, with the remedy where there is one; the same at every look.
        container: the one concerned; "" if it is none in particular.
        since: when it began; None where nobody wrote that down.
        certain: it will not go away by waiting a moment.
        at_first: what is said in place of the message before it counts as trouble: most pods that
            are deleted, or start, need no remedy; "" if that is the same.
    """

    kind: Kind
    where: str
    message: str
    container: str = ""
    since: datetime | None = None
    certain: bool = True
    at_first: str = ""

    def __str__(self) -> str:
        return told([self])

    def lasts(self, now: datetime, seconds: float) -> bool:
        """Return whether it has lasted for so long, as far as anybody knows."""
        return self.since is None or (now - self.since).total_seconds() >= seconds

    @property
    def calmly(self) -> "Trouble":
        """The same, in the words for what may be over in a moment."""
        return replace(self, message=self.at_first) if self.at_first else self

    @property
    def alike(self) -> tuple[int, str, str]:
        """What troubles have in common that one sentence tells; sorts the telling ones first."""
        return (_ORDER[self.kind], self.container, self.message)


def in_order(troubles: Iterable[Trouble]) -> tuple[Trouble, ...]:
    """Return troubles in an order that does not depend on the one they were found in."""
    return tuple(sorted(troubles, key=lambda trouble: (trouble.alike, trouble.where)))


def grouped(troubles: Iterable[Trouble]) -> tuple[tuple[Trouble, ...], ...]:
    """Return troubles in order, those alike together: a thousand nodes are one sentence."""
    ordered = in_order(troubles)
    return tuple(tuple(group) for _, group in groupby(ordered, key=lambda t: t.alike))


def told(alike: Iterable[Trouble]) -> str:
    """Say in one sentence what troubles that are alike come to."""
    group = tuple(alike)
    places = listed([trouble.where for trouble in group])
    container = f", container {group[0].container}" if group[0].container else ""
    return f"{places}{container}: {group[0].message}" if places else group[0].message
