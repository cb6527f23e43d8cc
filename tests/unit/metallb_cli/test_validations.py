"""Every validation rule says of a value what the API server would say."""

from typing import Any

import pytest

from metallb_cli.validations import holds
from metallb_crds.config_v1beta1 import AGGREGATION_RULE, IMMUTABLE
from metallb_crds.config_v1beta2 import CONNECT_TIME_RULES
from metallb_crds.operator_v1beta1 import MONITORS_RULE

AGGREGATION = str(AGGREGATION_RULE["rule"])
BETWEEN, WHOLE = (str(rule["rule"]) for rule in CONNECT_TIME_RULES)
MONITORS = str(MONITORS_RULE["rule"])
ON, OFF = {"enabled": True}, {"enabled": False}


@pytest.mark.parametrize(
    ("rule", "value", "passes"),
    [
        (AGGREGATION, {}, True),
        (AGGREGATION, {"aggregationLength": 24}, True),
        (AGGREGATION, {"serviceSelectors": [], "aggregationLength": 24}, True),
        (AGGREGATION, {"serviceSelectors": [{}]}, True),
        (AGGREGATION, {"serviceSelectors": [{}], "aggregationLength": 32}, True),
        (AGGREGATION, {"serviceSelectors": [{}], "aggregationLength": 24}, False),
        (AGGREGATION, {"serviceSelectors": [{}], "aggregationLengthV6": 128}, True),
        (AGGREGATION, {"serviceSelectors": [{}], "aggregationLengthV6": 64}, False),
        (BETWEEN, "999ms", False),
        (BETWEEN, "1s", True),
        (BETWEEN, "65535s", True),
        (BETWEEN, "65536s", False),
        (BETWEEN, "soon", False),
        (WHOLE, "2s", True),
        (WHOLE, "2.5s", False),
        (WHOLE, "soon", False),
        (MONITORS, {}, True),
        (MONITORS, {"serviceMonitor": ON}, True),
        (MONITORS, {"serviceMonitor": ON, "podMonitor": {}}, True),
        (MONITORS, {"serviceMonitor": ON, "podMonitor": OFF}, True),
        (MONITORS, {"serviceMonitor": ON, "podMonitor": ON}, False),
        # What changes can be told of nothing but changes.
        (str(IMMUTABLE["rule"]), "anything", True),
        # A wrong type is another finding.
        (AGGREGATION, "text", True),
        (BETWEEN, 5, True),
        (MONITORS, {"serviceMonitor": "on", "podMonitor": ON}, True),
    ],
)
def test_rules(rule: str, value: Any, passes: bool) -> None:  # noqa: ANN401, FBT001 - a table's columns
    assert holds(rule, value) is passes
