"""The conditions of a MetalLB object: their types, their reasons, when they change. Pure.

Source: the API conventions of Kubernetes, "Typical status properties".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from metallb_operator.fields import time_text
from metallb_operator.wording import clipped

LONGEST_MESSAGE: Final = 32768
"""What the CRD's schema allows."""


class Type(StrEnum):
    """Which aspect of the object a condition is about, in the order of the status."""

    AVAILABLE = "Available"
    PROGRESSING = "Progressing"
    DEGRADED = "Degraded"
    UPGRADEABLE = "Upgradeable"
    PREFLIGHT_PASSED = "PreflightPassed"
    CONFIGURATION_VALID = "ConfigurationValid"


class Truth(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """Why a condition is what it is; programs may rely on these words."""

    AS_EXPECTED = "AsExpected"
    # What is wrong with the object.
    WRONG_NAME = "WrongName"
    WRONG_NAMESPACE = "WrongNamespace"
    INVALID_SPEC = "InvalidSpec"
    PAUSED = "Paused"
    # What is under way.
    APPLYING = "Applying"
    ROLLING_OUT = "RollingOut"
    UPGRADING = "Upgrading"
    REMOVING = "Removing"
    NOT_INSTALLED = "NotInstalled"
    # What keeps the operator from doing its work.
    RENDERING_FAILED = "RenderingFailed"
    FORBIDDEN = "Forbidden"
    REFUSED_BY_API_SERVER = "RefusedByApiServer"
    API_SERVER_UNAVAILABLE = "ApiServerUnavailable"
    OBJECT_HELD = "ObjectHeld"
    MISSING_KIND = "MissingKind"
    NOT_OBSERVED = "NotObserved"
    ADMISSION_FAILED = "AdmissionFailed"
    ROLLED_BACK = "RolledBack"
    OTHER_INSTALLATION = "OtherInstallation"
    DOWNGRADE_BLOCKED = "DowngradeBlocked"
    SERVICE_ACCOUNT_MISSING = "ServiceAccountMissing"
    # What keeps pods from working; the values of troubles.Kind.
    SCALED_TO_ZERO = "ScaledToZero"
    IMAGE_PULL_FAILED = "ImagePullFailed"
    CONTAINER_CRASHING = "ContainerCrashing"
    CONTAINER_CONFIGURATION_FAILED = "ContainerConfigurationFailed"
    UNSCHEDULABLE = "Unschedulable"
    PODS_REFUSED = "PodsRefused"
    VOLUME_MOUNT_FAILED = "VolumeMountFailed"
    POD_TERMINATING = "PodTerminating"
    POD_FAILED = "PodFailed"
    CONTAINER_NOT_READY = "ContainerNotReady"
    CONTAINER_CREATING = "ContainerCreating"
    COMPONENTS_NOT_READY = "ComponentsNotReady"
    COMPONENT_MISSING = "ComponentMissing"
    NO_MATCHING_NODE = "NoMatchingNode"
    NODES_NOT_READY = "NodesNotReady"
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    # Upgrades, the cluster, the configuration.
    DEGRADED = "Degraded"
    PROGRESSING = "Progressing"
    NOT_CHECKED = "NotChecked"
    PREFLIGHT_FAILED = "PreflightFailed"
    PREFLIGHT_WARNINGS = "PreflightWarnings"
    INVALID_CONFIGURATION = "InvalidConfiguration"
    CONFIGURATION_WARNINGS = "ConfigurationWarnings"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one condition shall say."""

    type: Type
    truth: Truth
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Transition:
    """One condition that has another status or reason than before.

    Attributes:
        before: the status it had; None if the condition is new.
    """

    type: Type
    truth: Truth
    reason: Reason
    message: str
    before: Truth | None

    @property
    def is_good(self) -> bool:
        """Whether this is how it should be."""
        good = Truth.FALSE if self.type in {Type.DEGRADED, Type.PROGRESSING} else Truth.TRUE
        return self.truth is good


def merged(
    verdicts: Iterable[Verdict],
    previous: Sequence[Mapping[str, Any]],
    *,
    generation: int,
    now: datetime,
) -> list[dict[str, Any]]:
    """Return status.conditions: times of transition move only when the status does.

    Args:
        verdicts: one a type.
        previous: the conditions as they are stored.
        generation: of the object that was judged.
        now: the time, with a time zone.
    """
    before = {condition.get("type"): condition for condition in previous}
    return [
        {
            "type": verdict.type.value,
            "status": verdict.truth.value,
            "reason": verdict.reason.value,
            "message": clipped(verdict.message, LONGEST_MESSAGE),
            "lastTransitionTime": _since(verdict, before.get(verdict.type.value), now),
            "observedGeneration": generation,
        }
        for verdict in verdicts
    ]


def _since(verdict: Verdict, before: Mapping[str, Any] | None, now: datetime) -> str:
    if before and before.get("status") == verdict.truth.value and before.get("lastTransitionTime"):
        return str(before["lastTransitionTime"])
    return time_text(now)


def transitions(
    verdicts: Iterable[Verdict], previous: Sequence[Mapping[str, Any]]
) -> tuple[Transition, ...]:
    """Return what has changed, for events: a new status, or a new reason for the same one."""
    before = {c.get("type"): (c.get("status"), c.get("reason")) for c in previous}
    return tuple(
        Transition(verdict.type, verdict.truth, verdict.reason, verdict.message, _truth(status))
        for verdict in verdicts
        for status, reason in [before.get(verdict.type.value, (None, None))]
        if (status, reason) != (verdict.truth.value, verdict.reason.value)
    )


def _truth(status: object) -> Truth | None:
    return next((truth for truth in Truth if truth.value == status), None)
