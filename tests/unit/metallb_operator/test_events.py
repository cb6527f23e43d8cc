"""What becomes an Event, and what it looks like."""

from typing import Any

import pytest

from metallb_kube.objects import ObjectRef
from metallb_operator.compare import Difference
from metallb_operator.conditions import Reason, Transition, Truth, Type, Verdict
from metallb_operator.events import Note, event, of_plan, of_transitions
from metallb_operator.plan import Apply, Cause, Delete, Plan
from support.observed import NOW, ago

REF = ObjectRef("apps/v1", "DaemonSet", "metallb-system", "speaker")
ABOUT: dict[str, Any] = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "MetalLB",
    "metadata": {"name": "metallb", "namespace": "metallb-system", "uid": "u"},
}


def verdict(kind: Type, text: str) -> Verdict:
    truth, reason = text.split()
    return Verdict(kind, Truth(truth), Reason(reason), "so")


def change(kind: Type, truth: Truth, reason: Reason, before: Truth | None) -> Transition:
    return Transition(kind, truth, reason, "so", before)


@pytest.mark.parametrize(
    ("transition", "told"),
    [
        # A first installation: nothing to look at.
        (change(Type.AVAILABLE, Truth.FALSE, Reason.COMPONENTS_NOT_READY, None), "Normal"),
        (change(Type.PROGRESSING, Truth.TRUE, Reason.ROLLING_OUT, None), "Normal"),
        (change(Type.DEGRADED, Truth.FALSE, Reason.AS_EXPECTED, None), None),
        (change(Type.UPGRADEABLE, Truth.FALSE, Reason.PROGRESSING, None), None),
        (change(Type.PREFLIGHT_PASSED, Truth.UNKNOWN, Reason.NOT_CHECKED, None), None),
        (change(Type.CONFIGURATION_VALID, Truth.TRUE, Reason.AS_EXPECTED, None), None),
        (change(Type.AVAILABLE, Truth.TRUE, Reason.AS_EXPECTED, Truth.FALSE), "Normal"),
        (change(Type.PROGRESSING, Truth.FALSE, Reason.AS_EXPECTED, Truth.TRUE), "Normal"),
        # Something to look at.
        (change(Type.AVAILABLE, Truth.FALSE, Reason.COMPONENT_MISSING, Truth.TRUE), "Warning"),
        (change(Type.DEGRADED, Truth.TRUE, Reason.FORBIDDEN, None), "Warning"),
        (change(Type.DEGRADED, Truth.TRUE, Reason.FORBIDDEN, Truth.FALSE), "Warning"),
        (change(Type.PREFLIGHT_PASSED, Truth.FALSE, Reason.PREFLIGHT_FAILED, None), "Warning"),
        (
            change(Type.CONFIGURATION_VALID, Truth.FALSE, Reason.INVALID_CONFIGURATION, Truth.TRUE),
            "Warning",
        ),
        # Over again, or wanted.
        (change(Type.DEGRADED, Truth.FALSE, Reason.AS_EXPECTED, Truth.TRUE), "Normal"),
        (change(Type.AVAILABLE, Truth.FALSE, Reason.REMOVING, Truth.TRUE), "Normal"),
        (change(Type.UPGRADEABLE, Truth.TRUE, Reason.AS_EXPECTED, Truth.FALSE), None),
        (
            change(Type.CONFIGURATION_VALID, Truth.TRUE, Reason.CONFIGURATION_WARNINGS, Truth.TRUE),
            "Normal",
        ),
    ],
)
def test_of_transitions(transition: Transition, told: str | None) -> None:
    notes = list(of_transitions([transition], ()))
    assert ["Warning" if note.warning else "Normal" for note in notes] == ([told] if told else [])
    for note in notes:
        assert note.reason == f"{transition.type}{transition.reason}"
        assert note.message == f"{transition.type} is {transition.truth}: so"


def applied(cause: Cause, *differences: Difference) -> Apply:
    return Apply(REF, {}, cause, 2, differences=differences)


@pytest.mark.parametrize(
    ("step", "note"),
    [
        (applied(Cause.CREATED), None),
        (applied(Cause.CHANGED), None),
        (
            applied(Cause.ADOPTED),
            Note("Adopted", "took over DaemonSet metallb-system/speaker"),
        ),
        (
            applied(Cause.RESTORED),
            Note(
                "DriftRepaired",
                "DaemonSet metallb-system/speaker was deleted and is back",
                warning=True,
            ),
        ),
    ],
)
def test_of_applies(step: Apply, note: Note | None) -> None:
    assert list(of_plan(Plan(applies=(step,)))) == ([note] if note else [])


def test_a_repair_names_the_first_fields() -> None:
    fields = [Difference(f"spec.field{n}", n, n + 1) for n in range(5)]
    (note,) = of_plan(Plan(applies=(applied(Cause.REPAIRED, *fields),)))
    assert "was edited and is restored: " in note.message
    assert str(fields[2]) in note.message
    assert str(fields[3]) not in note.message


@pytest.mark.parametrize(
    ("replaced", "text"), [(True, "is made anew"), (False, "is no longer part of MetalLB")]
)
def test_of_deletes(replaced: bool, text: str) -> None:  # noqa: FBT001 - a column
    (note,) = of_plan(Plan(deletes=(Delete(REF, "uid", replaced=replaced),)))
    assert note == Note("Pruned", f"deleted DaemonSet metallb-system/speaker, which {text}")


@pytest.mark.parametrize("warning", [True, False])
def test_event(warning: bool) -> None:  # noqa: FBT001 - a column
    note = Note("Reason", "x" * 2000, warning=warning)
    found = event(note, ABOUT, namespace="metallb-system", now=NOW)
    assert found["metadata"] == {"generateName": "metallb.", "namespace": "metallb-system"}
    assert found["involvedObject"]["uid"] == "u"
    assert found["type"] == ("Warning" if warning else "Normal")
    assert found["reason"] == "Reason"
    assert len(found["message"]) == 1024
    assert found["firstTimestamp"] == found["lastTimestamp"] == ago(0)


AWAY = change(Type.AVAILABLE, Truth.FALSE, Reason.COMPONENTS_NOT_READY, Truth.TRUE)


@pytest.mark.parametrize(
    ("progressing", "degraded", "alarming"),
    [
        ("True RollingOut", "False AsExpected", False),
        ("True Upgrading", "False AsExpected", False),
        ("True Applying", "False AsExpected", False),
        # It was ready, and is not any more.
        ("True ComponentsNotReady", "False AsExpected", True),
        ("True RollingOut", "True ImagePullFailed", True),
        ("False AsExpected", "False AsExpected", True),
        ("False Forbidden", "True Forbidden", True),
    ],
)
def test_the_controller_is_away_for_a_moment_in_every_change(
    progressing: str, degraded: str, *, alarming: bool
) -> None:
    verdicts = (verdict(Type.PROGRESSING, progressing), verdict(Type.DEGRADED, degraded))
    [note] = of_transitions([AWAY], verdicts)
    assert note.warning is alarming


def test_what_is_wrong_in_a_change_is_alarming_all_the_same() -> None:
    verdicts = (
        verdict(Type.PROGRESSING, "True RollingOut"),
        verdict(Type.DEGRADED, "True ImagePullFailed"),
    )
    wrong = change(Type.DEGRADED, Truth.TRUE, Reason.IMAGE_PULL_FAILED, Truth.FALSE)
    [note] = of_transitions([wrong], verdicts)
    assert note.warning
