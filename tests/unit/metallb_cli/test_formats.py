"""Every format carries every finding, and each is what its readers expect."""

import json

import pytest

from metallb_cli.findings import Level, LocatedFinding, Report, report
from metallb_cli.formats import FORMATS, as_github, as_json, as_sarif, as_text

OVERLAP = LocatedFinding(
    file="pools.yaml",
    line=9,
    column=7,
    rule="pool-overlap",
    severity=Level.ERROR,
    kind="IPAddressPool",
    name="second",
    namespace="metallb-system",
    path="spec.addresses[0]",
    message="10.0.0.0/24 overlaps",
)
UNUSED = LocatedFinding(
    file="pools.yaml",
    line=2,
    column=1,
    rule="pool-unadvertised",
    severity=Level.WARNING,
    kind="IPAddressPool",
    name="first",
    namespace="metallb-system",
    path="",
    message="no advertisement: 100%\nsure",
)
BOTH = report([OVERLAP, UNUSED, OVERLAP], objects=2, files=1)
CLEAN = report([], objects=1, files=1)
WARNED = report([UNUSED], objects=1, files=1)


def test_a_report_is_in_the_order_of_places_and_says_nothing_twice() -> None:
    assert BOTH.findings == (UNUSED, OVERLAP)


@pytest.mark.parametrize(
    ("given", "strict", "failed"),
    [
        (CLEAN, False, False),
        (CLEAN, True, False),
        (WARNED, False, False),
        (WARNED, True, True),
        (BOTH, False, True),
        (BOTH, True, True),
    ],
)
def test_when_a_run_fails(given: Report, strict: bool, failed: bool) -> None:  # noqa: FBT001 - a table's columns
    assert given.failed(strict=strict) is failed


def test_text() -> None:
    assert as_text(BOTH).splitlines() == [
        (
            "pools.yaml:2:1: warning: IPAddressPool first: no advertisement: 100% sure"
            " [pool-unadvertised]"
        ),
        (
            "pools.yaml:9:7: error: IPAddressPool second: "
            "spec.addresses[0]: 10.0.0.0/24 overlaps [pool-overlap]"
        ),
        "1 error, 1 warning in 2 objects (1 file)",
    ]
    assert as_text(CLEAN) == "0 errors, 0 warnings in 1 object (1 file)"


def test_json() -> None:
    read = json.loads(as_json(BOTH))
    assert read["summary"] == {"files": 1, "objects": 2, "errors": 1, "warnings": 1}
    assert read["findings"][1] == {
        "rule": "pool-overlap",
        "severity": "error",
        "kind": "IPAddressPool",
        "name": "second",
        "namespace": "metallb-system",
        "path": "spec.addresses[0]",
        "message": "10.0.0.0/24 overlaps",
        "file": "pools.yaml",
        "line": 9,
        "column": 7,
    }


def test_sarif() -> None:
    read = json.loads(as_sarif(BOTH))
    assert read["version"] == "2.1.0"
    (run,) = read["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == [
        "pool-overlap",
        "pool-unadvertised",
    ]
    warning, error = run["results"]
    assert (warning["level"], error["level"]) == ("warning", "error")
    place = error["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "pools.yaml"
    assert place["region"] == {"startLine": 9, "startColumn": 7}


def test_github() -> None:
    assert as_github(BOTH).splitlines() == [
        (
            "::warning file=pools.yaml,line=2,col=1,title=pool-unadvertised::"
            "IPAddressPool first: no advertisement: 100%25 sure"
        ),
        (
            "::error file=pools.yaml,line=9,col=7,title=pool-overlap::"
            "IPAddressPool second: spec.addresses[0]: 10.0.0.0/24 overlaps"
        ),
    ]
    assert as_github(CLEAN) == ""


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_loses_a_finding(name: str) -> None:
    text = FORMATS[name](BOTH)
    assert all(finding.rule in text for finding in BOTH.findings)
