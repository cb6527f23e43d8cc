"""Which ConfigMaps configured MetalLB before 0.13."""

from typing import Any

import pytest

from metallb_operator.oldconfigmap import is_old_configuration


@pytest.mark.parametrize(
    ("data", "old"),
    [
        ({"config": "address-pools:\n- name: a\n"}, True),
        ({"config": "# ours\npeers: []\n"}, True),
        ({"config": '{"bfd-profiles": []}'}, True),
        ({"config": "{ address-pools: [] }"}, True),
        ({"config": "'bgp-communities' : {}"}, True),
        # Others' settings, and what only mentions it.
        ({"config": "level: debug"}, False),
        ({"config": "a: peers\n# address-pools are elsewhere"}, False),
        ({"config": ""}, False),
        ({"settings": "address-pools: []"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_by_its_content(data: dict[str, Any] | None, old: bool) -> None:  # noqa: FBT001 - a row of a table
    assert is_old_configuration({"kind": "ConfigMap", "data": data}) is old
