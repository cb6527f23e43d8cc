from pathlib import Path

import pytest

from observe.client import Target, Traffic, requesting
from support.waiting import DeadlineError, wait_for
from support.wires import Wire, serving

TARGETS = (
    Target("v4", "192.0.2.2"),
    Target("v6", "2001:db8::2"),
    Target("dns4", "192.0.2.2", 53, "udp"),
    Target("dns6", "2001:db8::2", 53, "udp"),
)


def failing(traffic: Traffic, error: str) -> bool:
    return all(error in {one.error for one in traffic.requests(t.name)} for t in TARGETS)


def test_every_target_is_asked_by_the_clock(wire: Wire, tmp_path: Path) -> None:
    with serving(wire.b), requesting(wire.a, TARGETS, folder=tmp_path) as traffic:
        traffic.wait_answered(20)
    outcome = traffic.outcome()
    assert outcome.failed == 0
    assert outcome.longest_gap == 0
    assert outcome.nodes == (wire.b.name,)
    assert outcome.clients == ("192.0.2.1", "2001:db8::1")
    for target in TARGETS:
        found = traffic.requests(target.name)
        assert len({one.tick for one in found}) == len(found) >= 20
        first, last = (choose(found, key=lambda one: one.tick) for choose in (min, max))
        # However long answers take, ticks and seconds keep together.
        passed = (last.tick - first.tick) * traffic.interval
        assert last.start - first.start == pytest.approx(passed, abs=0.5)
    assert 0 < traffic.cpu < 0.5
    assert len((tmp_path / "requester.jsonl").read_text().splitlines()) == outcome.requests + 1


def test_what_fails_and_for_how_long(wire: Wire) -> None:
    with requesting(wire.a, TARGETS) as traffic:
        wait_for("nobody listens", lambda: failing(traffic, "refused"))
        with serving(wire.b):
            traffic.mark("served")
            traffic.wait_answered()
            wire.b.run("ip", "link", "set", "eth0", "down")
            traffic.mark("cable out")
            wait_for("nothing comes", lambda: failing(traffic, "timeout"))
            with pytest.raises(DeadlineError, match="not every target answers"):
                traffic.wait_answered(seconds=0.1)
            traffic.mark("cable in")
            wire.b.run("ip", "link", "set", "eth0", "up")
            wire.b.run("ip", "address", "replace", "2001:db8::2/64", "dev", "eth0", "nodad")
            traffic.wait_answered()
    outcome = traffic.outcome("v4")
    assert [mark.what for mark in outcome.marks] == ["served", "cable out", "cable in"]
    out, back = (mark.at for mark in outcome.marks[1:])
    # Half of it, since this process and the client may have been held up at either end.
    assert outcome.longest_silence > (back - out) / 2
    assert outcome.longest_gap > 0
    # Each waited for a second, and none for the one before it.
    late = [one for one in traffic.requests("v4") if one.error == "timeout"]
    assert min(late[1].start - late[0].start, late[-1].start - late[-2].start) < 1
    assert {"refused", "timeout"} <= {kind for kind, _ in outcome.errors}


def test_a_client_that_cannot_work_says_so(wire: Wire) -> None:
    with (
        pytest.raises(AssertionError, match="KeyError: 'carrier pigeon'"),
        requesting(wire.a, [Target("x", "192.0.2.2", 80, "carrier pigeon")]),  # type: ignore[arg-type]
    ):
        pass
