from pathlib import Path

import pytest

from observe.announcers import announcers
from observe.evidence import capturing, save
from support.waiting import wait_for
from support.wires import Wire


def test_the_lan_is_captured(wire: Wire, tmp_path: Path) -> None:
    def seen() -> bool:
        files = [str(path) for path in capture.glob("lan.pcap*")]
        return any("who-has 192.0.2.77" in wire.b.run("tcpdump", "-nr", one) for one in files)

    with capturing(wire.b, "eth0", tmp_path) as capture:
        announcers(wire.a, "192.0.2.77")
        wait_for("the question is in it", seen)
        save(tmp_path / "saved", places=[wire.a, wire.b], logs=[capture])
    assert list((tmp_path / "saved" / "logs" / "capture").glob("lan.pcap*"))
    routes = tmp_path / "saved" / "places" / wire.a.name / "routes.txt"
    assert "192.0.2.0/24 dev eth0" in routes.read_text()


def test_evidence_of_earlier_failures_is_not_copied(wire: Wire, tmp_path: Path) -> None:
    """Or each failure would take as much room as all before it together."""
    with capturing(wire.b, "eth0", tmp_path) as capture:
        for name in ("first", "second"):
            save(tmp_path / name, places=[], logs=[capture])
    assert not list((tmp_path / "second").rglob("first*"))


def test_a_capture_that_cannot_start_says_so(wire: Wire, tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="nonsense0"),
        capturing(wire.b, "nonsense0", tmp_path),
    ):
        pass
