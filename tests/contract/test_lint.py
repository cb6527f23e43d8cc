"""docs/lint.md, the hook for pre-commit, the linter and its tables agree."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
import yaml
from click import Command
from typer.testing import CliRunner

from metallb_cli import check, schema
from metallb_cli.formats import FORMATS, help_uri
from metallb_cli.judge import MEETINGS, NEEDS, OPERATIONS
from metallb_cli.lint import Output
from metallb_cli.main import app
from metallb_cli.metadata import CORE, WORDING
from metallb_cli.metadata import FORMATS as CHECKED
from metallb_cli.validations import VALIDATIONS, compares_with_stored
from metallb_crds.generate import crds
from metallb_webhooks.rules.base import Operation
from metallb_webhooks.rules.registry import RULE_IDS, RULES

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "lint.md").read_text()
BLOCKS: Final = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS: Final = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
WORKFLOW, PRE_COMMIT = (yaml.safe_load(text) for kind, text in BLOCKS if kind == "yaml")
EXAMPLES: Final = ROOT / "docs" / "examples"
OWN: Final = {
    value
    for module in (check, schema)
    for value in vars(module).values()
    if isinstance(value, str) and re.fullmatch(r"(schema|object)-[a-z-]+", value)
}


def command() -> Command:
    group: Any = typer.main.get_command(app)
    found: Command = group.get_command(None, "lint")
    return found


def options() -> set[str]:
    return {name for parameter in command().params for name in parameter.opts}


def schemas(node: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - whatever YAML holds
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for below in node:
            yield from schemas(below)


def lint(*arguments: str) -> int:
    return CliRunner().invoke(app, ["lint", *arguments]).exit_code


def test_the_examples_of_all_kinds_are_clean() -> None:
    assert lint("--strict", *map(str, sorted(EXAMPLES.glob("*.yaml")))) == 0


@pytest.mark.parametrize(
    "path", sorted((EXAMPLES / "introduction").glob("*.yaml")), ids=lambda path: path.stem
)
def test_the_examples_of_the_introduction_have_no_error(path: Path) -> None:
    # They are alternatives, so that each is judged by itself; some are half of something.
    assert lint(str(path)) == 0


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_of_the_page_are_real(line: str) -> None:
    for part in line.split("|"):
        words = shlex.split(part)
        if words[:3] == ["kubectl", "metallb", "lint"]:
            assert {word for word in words if word.startswith("--")} <= options()
        missing = [word for word in words if "/" in word and not (ROOT / word).exists()]
        assert missing == []


def test_the_options_of_the_page_are_those_of_the_command() -> None:
    told = set(re.findall(r"`(--[a-z]+)`", PAGE))
    assert told == {name for name in options() if name.startswith("--")} - {"--output", "--help"}


def test_the_page_lists_what_is_found_besides_the_rules() -> None:
    assert set(re.findall(r"^\| `([a-z]+-[a-z-]+)` \|", PAGE, re.MULTILINE)) == OWN


def test_no_finding_is_called_like_a_rule() -> None:
    assert set() == OWN & RULE_IDS


def test_every_rule_is_asked_or_the_page_says_why_not() -> None:
    rules = [rule for below in RULES.values() for rule in below]
    by_change = {rule.id for rule in rules if rule.operations == {Operation.UPDATE}}
    never = {rule.id for rule in rules if not rule.operations & OPERATIONS}
    _, changes = PAGE.split("- **Changes.**")
    changes, deletions = changes.split("- **Deletions.**")
    deletions = deletions.partition("\n## ")[0]
    assert set(re.findall(r"`([a-z0-9]+-[a-z0-9-]+)`", changes)) == by_change
    assert set(re.findall(r"`([a-z0-9]+-[a-z0-9-]+)`", deletions)) == never


def test_what_rules_need_to_know_is_of_a_kind_that_is_looked_at() -> None:
    assert NEEDS.keys() | MEETINGS <= RULE_IDS
    assert set(NEEDS.values()) <= CORE.keys()


def test_every_validation_rule_of_the_schemas_is_known() -> None:
    rules = {
        rule["rule"]
        for node in schemas(list(crds().values()))
        for rule in node.get("x-kubernetes-validations", ())
    }
    assert VALIDATIONS.keys() == {rule for rule in rules if not compares_with_stored(rule)}


def test_every_format_that_the_api_server_checks_is_known() -> None:
    used = {node["format"] for node in schemas(list(crds().values())) if _is_format(node)}
    # Numbers have no format to check, and times stand in the status only.
    assert used - {"int32", "int64", "date-time"} <= set(CHECKED.checkers)
    assert WORDING.keys() == set(CHECKED.checkers)


def _is_format(node: dict[str, Any]) -> bool:
    return isinstance(node.get("format"), str)


def test_every_format_of_output_can_be_asked_for() -> None:
    assert FORMATS.keys() == set(Output)


@pytest.mark.parametrize("rule", sorted({"pool-overlap", *OWN}))
def test_a_finding_is_explained_where_it_says(rule: str) -> None:
    address, _, anchor = help_uri(rule).partition("#")
    page = (ROOT / "docs" / address.rpartition("/docs/")[2]).read_text()
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert anchor in anchors | set(re.findall(r'<a id="([^"]+)">', page))
    assert f"`{rule}`" in page


def test_help_reads_as_people_type_it() -> None:
    plugin = Path(sys.executable).with_name("kubectl-metallb")
    done = subprocess.run([plugin, "lint", "--help"], capture_output=True, text=True, check=True)
    assert "Usage: kubectl metallb lint [OPTIONS]" in done.stdout


def test_the_workflow_and_the_hook_call_the_linter() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    (used,) = PRE_COMMIT["repos"][0]["hooks"]
    assert used["id"] == hook["id"]
    runs = [step["run"] for step in WORKFLOW["jobs"]["lint"]["steps"] if "run" in step]
    for line in (hook["entry"], runs[-1]):
        name, word, *arguments = shlex.split(line)
        assert (name, word) == ("kubectl-metallb", "lint")
        assert {one for one in arguments if one.startswith("-")} <= options()
