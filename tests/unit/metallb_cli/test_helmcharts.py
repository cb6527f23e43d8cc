"""Where a Helm release has the values of MetalLB's chart."""

from typing import Any

import pytest

from metallb_cli.helmcharts import ChartError, Installed, installed

VALUES: dict[str, Any] = {"controller": {"enabled": True}, "speaker": {"frr": {"enabled": True}}}
GIVEN: dict[str, Any] = {"speaker": {"tolerations": [{"operator": "Exists"}]}}


def chart(name: str, *dependencies: dict[str, str], **fields: str) -> dict[str, Any]:
    return {"name": name, **fields, "dependencies": list(dependencies)}


def metallb(version: str = "0.15.3", **fields: str) -> dict[str, str]:
    return {"name": "metallb", "version": version, **fields}


OTHER = {"name": "ingress-nginx", "version": "4.11.3"}


@pytest.mark.parametrize(
    ("given", "computed", "found_in", "expected"),
    [
        # Its own chart, however its values look.
        (
            GIVEN,
            VALUES,
            chart("metallb", appVersion="v0.15.3"),
            Installed(GIVEN, VALUES, "v0.15.3"),
        ),
        ({}, {}, chart("metallb"), Installed({}, {}, "")),
        # A copy of it under another name.
        (GIVEN, VALUES, chart("lb", appVersion="v0.15.3"), Installed(GIVEN, VALUES, "v0.15.3")),
        (
            {"metallb": GIVEN, "nginx": {"a": 1}},
            {"metallb": VALUES, "nginx": {"a": 1}},
            chart("stack", OTHER, metallb(), appVersion="9"),
            Installed(GIVEN, VALUES, "0.15.3", "metallb."),
        ),
        (
            {"lb": GIVEN},
            {"lb": VALUES},
            chart("stack", metallb(alias="lb")),
            Installed(GIVEN, VALUES, "0.15.3", "lb."),
        ),
        # As Helm stores it: the name is the alias.
        (
            {"lb": GIVEN},
            {"lb": VALUES},
            chart("stack", OTHER, {"name": "lb", "alias": "lb", "version": "0.15.3"}),
            Installed(GIVEN, VALUES, "0.15.3", "lb."),
        ),
        # The release does not keep the defaults of dependencies; a range is no version.
        (
            {"metallb": GIVEN},
            {"metallb": GIVEN},
            chart("stack", metallb("~0.15")),
            Installed(GIVEN, GIVEN, "", "metallb."),
        ),
        ({}, {}, chart("stack", metallb()), Installed({}, {}, "0.15.3", "metallb.")),
        # A chart within a chart within a chart: its metadata names the first only.
        (
            {"platform": {"metallb": GIVEN}},
            {"platform": {"metallb": VALUES}},
            chart("stack", {"name": "platform", "version": "1.0.0"}),
            Installed(GIVEN, VALUES, "", "platform.metallb."),
        ),
    ],
)
def test_its_own_chart_or_a_dependency(
    given: dict[str, Any], computed: dict[str, Any], found_in: dict[str, Any], expected: Installed
) -> None:
    assert installed(given, computed, found_in) == expected


@pytest.mark.parametrize(
    ("computed", "found_in", "said"),
    [
        ({}, chart("nginx"), "'nginx' has nothing of MetalLB's chart"),
        ({"controller": {}}, chart("ingress-nginx", OTHER), "nothing of MetalLB's chart"),
        ({}, {}, "nothing of MetalLB's chart"),
        (
            {"a": VALUES, "b": VALUES},
            chart("stack", metallb(alias="a"), metallb(alias="b")),
            "more than once (a, b)",
        ),
    ],
)
def test_other_charts_are_refused(
    computed: dict[str, Any], found_in: dict[str, Any], said: str
) -> None:
    with pytest.raises(ChartError) as told:
        installed({}, computed, found_in)
    assert said in str(told.value)
