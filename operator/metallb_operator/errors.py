"""What can keep the operator from doing its work, apart from the API server. Pure."""

from typing import ClassVar

from metallb_operator.conditions import Reason


class OperatorError(Exception):
    """The root; the message is a sentence for the status, with the remedy.

    Attributes:
        reason: of the condition Degraded.
    """

    reason: ClassVar[Reason] = Reason.INVALID_SPEC


class UnsupportedReleaseError(OperatorError):
    """No such MetalLB release can be run."""


class ChartError(OperatorError):
    """The chart cannot be rendered."""

    reason: ClassVar[Reason] = Reason.RENDERING_FAILED
