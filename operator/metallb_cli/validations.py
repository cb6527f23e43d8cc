"""The validation rules of our CRDs in the Common Expression Language, by their text.

There are few, so that each stands here once more in Python instead of an interpreter of the
language. A contract test makes sure that none is missing.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from metallb_crds.config_v1beta1 import AGGREGATION_RULE
from metallb_crds.config_v1beta2 import CONNECT_TIME_RULES
from metallb_crds.operator_v1beta1 import MONITORS_RULE
from metallb_webhooks import durations

_MAX_SECONDS: Final = 65535
_ADDRESS_LENGTHS: Final = {"aggregationLength": 32, "aggregationLengthV6": 128}
_BETWEEN, _WHOLE = CONNECT_TIME_RULES


def _aggregates_all_or_selects(spec: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    if not spec.get("serviceSelectors"):
        return True
    return all(spec.get(field, length) == length for field, length in _ADDRESS_LENGTHS.items())


def _within_bounds(text: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    return 1 <= durations.parse(text) // durations.SECOND <= _MAX_SECONDS


def _whole_seconds(text: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    return durations.parse(text) // durations.MILLISECOND % 1000 == 0


def _scrapes_once(metrics: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    monitors = (metrics.get("serviceMonitor"), metrics.get("podMonitor"))
    return not all(monitor and monitor.get("enabled") for monitor in monitors)


VALIDATIONS: Final[Mapping[str, Callable[[Any], bool]]] = {
    str(rule["rule"]): check
    for rule, check in (
        (AGGREGATION_RULE, _aggregates_all_or_selects),
        (_BETWEEN, _within_bounds),
        (_WHOLE, _whole_seconds),
        (MONITORS_RULE, _scrapes_once),
    )
}
"""Whether a value passes a rule, by the rule's text; values have the type that the schema says."""


def compares_with_stored(rule: str) -> bool:
    """Tell whether a rule is about a change: it says nothing of an object by itself."""
    return "oldSelf" in rule


def holds(rule: str, value: Any) -> bool:  # noqa: ANN401 - whatever JSON holds
    """Tell whether a value passes a rule; one that the rule cannot be asked about does not.

    A value of the wrong type passes: that is another finding.
    """
    if compares_with_stored(rule):
        return True
    try:
        return VALIDATIONS[rule](value)
    except durations.DurationError:
        return False
    except (AttributeError, TypeError):
        return True
