"""A plan as lines and as JSON."""

import io
import json

import pytest
from rich.console import Console

from metallb_cli.planned import Planned
from metallb_cli.planview import changes, text
from metallb_cli.planview import json as as_json
from metallb_cli.terminal import print_lines
from metallb_kube.objects import ObjectRef
from metallb_operator.compare import ABSENT, Difference
from metallb_operator.plan import Apply, Cause, Delete, Held, Plan

SPEAKER = ObjectRef("apps/v1", "DaemonSet", "m", "speaker")
SECRET = ObjectRef("v1", "Secret", "m", "s")
IMAGE = Difference("spec.image", "new", "old")
GONE = Difference("spec.more", ABSENT, [1])
ADDED = Difference("spec.less", {"b": 1, "a": 2}, ABSENT)


def apply(ref: ObjectRef, cause: Cause, *found: Difference) -> Apply:
    return Apply(ref, {}, cause, 0, differences=found)


def planned(plan: Plan, *, paused: bool = False) -> Planned:
    return Planned("0.16.1", "frr-k8s", paused, plan)


def lines(plan: Plan, *, paused: bool = False) -> list[str]:
    return list(text(planned(plan, paused=paused), "m"))


@pytest.mark.parametrize(
    ("plan", "actions", "summary"),
    [
        (Plan(unchanged=(SPEAKER,)), [], "nothing would change"),
        (Plan((apply(SPEAKER, Cause.CREATED),)), ["create"], "1 to create"),
        (Plan((apply(SPEAKER, Cause.RESTORED),)), ["create"], "1 to create"),
        (Plan((apply(SPEAKER, Cause.REPAIRED, IMAGE),)), ["change"], "1 to change"),
        (Plan(deletes=(Delete(SPEAKER, "u"),)), ["delete"], "1 to delete"),
        (Plan(deletes=(Delete(SPEAKER, "u", replaced=True),)), ["replace"], "1 to replace"),
        (Plan(held=(Held(SPEAKER, "for x"),)), ["wait"], "1 to wait"),
        (
            Plan((apply(SPEAKER, Cause.CREATED), apply(SECRET, Cause.CREATED))),
            ["create", "create"],
            "2 to create",
        ),
    ],
)
def test_actions(plan: Plan, actions: list[str], summary: str) -> None:
    assert [change.action for change in changes(plan)] == actions
    assert lines(plan)[0] == f"MetalLB 0.16.1 with backend frr-k8s in namespace m: {summary}"


def test_fields_are_shown_before_and_after() -> None:
    assert lines(Plan((apply(SPEAKER, Cause.CHANGED, IMAGE, GONE, ADDED),)))[2:] == [
        "~ change DaemonSet m/speaker (changed)",
        "    spec.image",
        '    - "old"',
        '    + "new"',
        "    spec.more",
        "    - [1]",
        "    spec.less",
        '    + {"a":2,"b":1}',
    ]


def test_values_of_secrets_are_never_shown() -> None:
    plan = Plan((apply(SECRET, Cause.CHANGED, Difference("data.key", "wanted", "found")),))
    shown = "\n".join(lines(plan)) + as_json(planned(plan), "m")
    assert "data.key" in shown
    assert '"wanted"' not in shown
    assert '"found"' not in shown


def test_a_pause_is_told_first() -> None:
    assert lines(Plan(), paused=True)[0].startswith("spec.paused is true")


def test_a_rollback_is_told_first() -> None:
    found = Planned("0.15.3", "native", paused=False, plan=Plan(), rolled_back="it was given up")
    assert next(iter(text(found, "m"))) == "it was given up"
    assert '"rolledBack": "it was given up"' in as_json(found, "m")


def test_json() -> None:
    plan = Plan(
        (apply(SPEAKER, Cause.CHANGED, IMAGE, GONE),),
        held=(Held(SECRET, "for x"),),
        unchanged=(SECRET, SECRET),
    )
    found = json.loads(as_json(planned(plan), "m"))
    assert found["unchanged"] == 2
    assert found["changes"] == [
        {
            "action": "change",
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "namespace": "m",
            "name": "speaker",
            "why": "changed",
            "differences": [
                {"path": "spec.image", "found": "old", "wanted": "new"},
                {"path": "spec.more", "found": [1]},
            ],
        },
        {
            "action": "wait",
            "apiVersion": "v1",
            "kind": "Secret",
            "namespace": "m",
            "name": "s",
            "why": "for x",
            "differences": [],
        },
    ]


def test_nobody_elses_text_forges_a_plan() -> None:
    forged = "x\n::error::y\x1b[2J\x9b\u202e\u2028##[error]"
    plan = Plan((apply(SPEAKER, Cause.CHANGED, Difference(forged, forged, forged)),))
    out = io.StringIO()
    print_lines(lines(plan), Console(file=out))
    assert len(out.getvalue().splitlines()) == len(lines(plan))
    document = as_json(planned(plan), "m")
    for shown in (out.getvalue(), document):
        assert all(c == "\n" or c.isprintable() for c in shown)
        assert "##[" not in shown
    assert json.loads(document)["changes"][0]["differences"][0]["found"] == forged
