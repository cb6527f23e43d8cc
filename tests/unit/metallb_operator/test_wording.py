"""Texts are the same at every look as long as nothing has changed, and have an end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_operator.wording import clipped, last_words, listed, stable


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            'Error creating: pods "speaker-abc12" is forbidden: exceeded quota: q',
            'Error creating: pods "speaker-xyz98" is forbidden: exceeded quota: q',
        ),
        (
            'Error creating: Pod "speaker-abc12" is invalid: spec.x: no',
            '(combined from similar events): Error creating: Pod "b" is invalid: spec.x: no',
        ),
        (
            "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes: a",
            "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes: b",
        ),
        (
            "0/2 nodes are available: 2 x. no new claims to deallocate, preemption: 0/2 nodes: a",
            "0/2 nodes are available: 2 x. no new claims to deallocate, preemption: 0/2 nodes: b",
        ),
        (
            "read tcp 10.0.0.5:43210->10.96.0.1:443: connection reset",
            "read tcp 10.0.0.5:51234->10.96.0.1:443: connection reset",
        ),
        ("at 2026-08-01T12:00:00Z: no", "at 2026-08-02T01:02:03.456+02:00: no"),
        ("E0801 12:00:00.1 1 main.go:12] no", "E0802 12:11:22.123456 17 main.go:12] no"),
        (f'name is reserved for "{"a1" * 32}"', f'name is reserved for "{"b2" * 32}"'),
        (
            "volumes/6f9619ff-8b86-d011-b42d-00cf4fc964ff/x",
            "volumes/7f9619ff-8b86-d011-b42d-00cf4fc964fe/x",
        ),
        ("a\n  b", "a b"),
    ],
)
def test_what_differs_between_looks_is_left_out(one: str, other: str) -> None:
    assert stable(one) == stable(other)


@pytest.mark.parametrize(
    "text",
    [
        'secret "metallb-memberlist" not found',
        f"quay.io/metallb/speaker@sha256:{'0a' * 32}: not found",
        "exceeded quota: q, requested: pods=1, used: pods=3, limited: pods=3",
        'admission webhook "a.example.test" denied the request: no',
    ],
)
def test_what_says_something_stays(text: str) -> None:
    assert stable(text) == text


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", ""),
        ("\n\n", ""),
        ("first\nlast\n", "last"),
        ('{"level":"error","ts":"2026-08-01T12:00:00Z","msg":"no config"}', "no config"),
        ('{"msg":"cannot listen","error":"address in use"}', "cannot listen: address in use"),
        ('{"caller":"main.go:1"}', '{"caller":"main.go:1"}'),
        ("[1, 2]", "[1, 2]"),
        ("panic: no node\n\ngoroutine 1:\n\t/go/main.go:7 +0x1d\n", "panic: no node"),
        (
            "flag provided but not defined: -x\nUsage of /speaker:\n  -lb-class string",
            "flag provided but not defined: -x",
        ),
    ],
)
def test_last_words(log: str, words: str) -> None:
    assert last_words(log) == words


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, ""), (1, "n0"), (5, "n0, n1, n2, n3, n4"), (7, "n0, n1, n2, n3, n4 and 2 more")],
)
def test_listed(number: int, text: str) -> None:
    assert listed([f"n{index}" for index in range(number)]) == text


@given(st.text(max_size=40), st.integers(3, 40))
def test_clipped_has_an_end_and_says_so(text: str, longest: int) -> None:
    found = clipped(text, longest)
    assert len(found) <= longest
    assert found == text or found.endswith("...")


@given(st.text())
def test_stable_is_stable(text: str) -> None:
    assert len(stable(text)) <= 400


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        # Kubernetes 1.34 and newer, and before.
        (
            (
                "0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were "
                "unschedulable. no new claims to deallocate, preemption: 0/2 nodes are available: "
                "2 Preemption is not helpful for scheduling."
            ),
            (
                "0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were "
                "unschedulable."
            ),
        ),
        (
            "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: x.",
            "0/3 nodes are available: 3 Insufficient cpu.",
        ),
        (
            (
                "0/2 nodes are available: 1 had untolerated taint {node.kubernetes.io/x: }, 1 y. "
                "preemption: not eligible due to a terminating pod on the nominated node."
            ),
            "0/2 nodes are available: 1 had untolerated taint {node.kubernetes.io/x: }, 1 y.",
        ),
        ("no nodes available, preemption: none", "no nodes available"),
    ],
)
def test_what_the_scheduler_says_ends_with_its_sentence(said: str, kept: str) -> None:
    assert stable(said) == kept
