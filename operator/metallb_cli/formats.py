"""Render a report: for people, for programs, for code scanning, for GitHub's annotations."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from metallb_cli import printed
from metallb_cli.findings import Level, LocatedFinding, Report
from metallb_kube.printing import one_line
from metallb_webhooks.rules.registry import RULE_IDS

_DOCS: Final = "https://github.com/metallb-operator/metallb-operator/blob/main/docs"
_SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_JSON_FIELDS: Final = (
    "rule",
    "severity",
    "kind",
    "name",
    "namespace",
    "path",
    "message",
    "file",
    "line",
    "column",
)


def as_text(report: Report) -> str:
    """One line a finding, as compilers write them, and a summary."""
    lines = [_line(finding) for finding in report.findings]
    return "\n".join([*lines, _summary(report)])


def as_json(report: Report) -> str:
    """One JSON object: `findings` and `summary`."""
    findings = [
        {field: getattr(finding, field) for field in _JSON_FIELDS} for finding in report.findings
    ]
    return printed.as_json({"findings": findings, "summary": report.summary()})


def as_sarif(report: Report) -> str:
    """A SARIF 2.1.0 log with one run."""
    rules = sorted({finding.rule for finding in report.findings})
    run = {
        "tool": {
            "driver": {
                "name": "kubectl-metallb",
                "rules": [{"id": rule, "helpUri": help_uri(rule), "name": rule} for rule in rules],
            }
        },
        "results": [_sarif_result(finding) for finding in report.findings],
    }
    return printed.as_json({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def help_uri(rule: str) -> str:
    """Return where a finding is explained; SARIF wants a whole address."""
    if rule in RULE_IDS:
        return f"{_DOCS}/rules.md#{rule}"
    return f"{_DOCS}/lint.md#what-is-checked-besides-the-rules"


def as_github(report: Report) -> str:
    """GitHub workflow commands: one annotation a finding."""
    return "\n".join(_annotation(finding) for finding in report.findings)


FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}


def _line(finding: LocatedFinding) -> str:
    place = f"{finding.file}:{finding.line}:{finding.column}"
    where = f"{finding.path}: " if finding.path else ""
    return printed.line(
        f"{place}: {finding.severity}: {finding.kind} {finding.name}: "
        f"{where}{finding.message} [{finding.rule}]"
    )


def _summary(report: Report) -> str:
    figures = report.summary()
    found = f"{_many(figures['errors'], 'error')}, {_many(figures['warnings'], 'warning')}"
    return f"{found} in {_many(report.objects, 'object')} ({_many(report.files, 'file')})"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _sarif_result(finding: LocatedFinding) -> Mapping[str, Any]:
    return {
        "ruleId": finding.rule,
        "level": str(finding.severity),
        "message": {"text": _subject(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": finding.file},
                    "region": {"startLine": finding.line, "startColumn": finding.column},
                },
                "logicalLocations": [{"fullyQualifiedName": _logical(finding)}],
            }
        ],
    }


def _subject(finding: LocatedFinding) -> str:
    where = f"{finding.path}: " if finding.path else ""
    return f"{finding.kind} {finding.name}: {where}{finding.message}"


def _logical(finding: LocatedFinding) -> str:
    return f"{finding.kind}/{finding.namespace}/{finding.name}:{finding.path}"


def _annotation(finding: LocatedFinding) -> str:
    level = "error" if finding.severity is Level.ERROR else "warning"
    properties = ",".join(
        f"{key}={_escape_property(str(value))}"
        for key, value in (
            ("file", finding.file),
            ("line", finding.line),
            ("col", finding.column),
            ("title", finding.rule),
        )
    )
    return f"::{level} {properties}::{_escape(printed.line(_subject(finding)))}"


def _escape(text: str) -> str:
    # The workflow-command escapes of GitHub Actions.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(one_line(text)).replace(":", "%3A").replace(",", "%2C")
