"""From what was read to what is told: health, rows, and both forms."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from metallb_cli.attendance import Attendance
from metallb_cli.overview import Overview, Seen, overview
from metallb_cli.statusview import json as as_json
from metallb_cli.statusview import screen

GOOD = {
    "Available": "True",
    "Progressing": "False",
    "Degraded": "False",
    "PreflightPassed": "True",
    "ConfigurationValid": "True",
}


def metallb(**conditions: str) -> dict[str, Any]:
    rows = [
        {"type": kind, "status": status, "reason": "R", "message": f"about {kind} [x]"}
        for kind, status in (GOOD | conditions).items()
    ]
    component = {
        "name": "speaker",
        "kind": "DaemonSet",
        "desired": 3,
        "ready": 2,
        "message": "node-3 lacks it",
    }
    return {
        "metadata": {"name": "metallb"},
        "status": {
            "version": "0.16.1",
            "backend": "frr-k8s",
            "conditions": rows,
            "components": [component],
        },
    }


def session(state: str) -> dict[str, Any]:
    return {"status": {"node": "node-1", "peer": "10.0.0.1", "bgpStatus": state}}


def service(**spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {
        "metadata": {"name": "web", "namespace": "shop", "uid": "u1"},
        "spec": {"type": "LoadBalancer", **spec},
    }


POOL = {
    "metadata": {"name": "first"},
    "spec": {"addresses": ["192.0.2.0/24"]},
    "status": {"assignedIPv4": 2, "assignedIPv6": 0, "availableIPv4": 254, "availableIPv6": 0},
}
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LOOKED_AT = Attendance(
    namespace="metallb-system",
    lease={
        "spec": {
            "holderIdentity": "op",
            "leaseDurationSeconds": 30,
            "renewTime": "2026-01-01T11:59:50.000000Z",
        }
    },
)
WELL = Seen(
    metallb=metallb(),
    pools=(POOL,),
    sessions=(session("Established"),),
    attendance=LOOKED_AT,
)


def told_of(seen: Seen, now: datetime = NOW) -> Overview:
    return overview(seen, now)


def event(
    uid: str, message: str, time: str, kind: str = "Warning", about: str = "Service"
) -> dict[str, Any]:
    return {
        "type": kind,
        "reason": "R",
        "message": message,
        "lastTimestamp": time,
        "involvedObject": {"kind": about, "name": "web", "uid": uid},
    }


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (WELL, ""),
        (replace(WELL, metallb=metallb(Progressing="True")), ""),
        (replace(WELL, metallb=metallb(PreflightPassed="Unknown")), "PreflightPassed is Unknown"),
        (replace(WELL, metallb=None), "there is no MetalLB object"),
        (replace(WELL, metallb={"metadata": {}}), "the MetalLB object has no status"),
        (replace(WELL, metallb=metallb(Available="False")), "Available is False: about Avail"),
        (replace(WELL, metallb=metallb(Degraded="True")), "Degraded is True"),
        (replace(WELL, metallb=metallb(ConfigurationValid="False")), "ConfigurationValid is"),
        (replace(WELL, sessions=(session("Active"),)), "the BGP session of node-1 with 10.0.0.1"),
        (replace(WELL, services=(service(),)), "1 Services of type LoadBalancer"),
        (replace(WELL, services=(service(loadBalancerClass="x/y"),)), ""),
    ],
)
def test_health(seen: Seen, said: str) -> None:
    found = told_of(seen)
    assert found.healthy is not bool(said)
    assert "".join(found.problems[:1]).startswith(said)


def test_rows_of_pools() -> None:
    silent = {"metadata": {"name": "second"}, "spec": {}}
    rows = told_of(replace(WELL, pools=(POOL, silent))).pools
    assert [(row["assigned"], row["available"]) for row in rows] == [(2, 254), (None, None)]


@pytest.mark.parametrize(
    ("pools", "unread", "events", "reason"),
    [
        ((), (), (), "there is no IPAddressPool; create one"),
        ((POOL,), (), (), "not known; see the controller's log"),
        ((POOL,), (), (event("u1", "a", "1"), event("u1", "b", "2")), "b"),
        ((POOL,), (), (event("u2", "a", "1"),), "not known; see the controller's log"),
        ((POOL,), (), (event("u1", "a", "1", "Normal"),), "not known; see the controller's log"),
        ((), ("IPAddressPool",), (), "IPAddressPools cannot be read"),
    ],
)
def test_reason_of_what_is_pending(pools: Any, unread: Any, events: Any, reason: str) -> None:  # noqa: ANN401 - rows of Seen
    seen = replace(WELL, services=(service(),), pools=pools, unread=unread, events=events)
    assert [row["reason"] for row in told_of(seen).pending] == [reason]


def test_only_the_newest_events_are_told() -> None:
    events = tuple(event("u", f"m{n:02}", f"2026-01-01T00:00:{n:02}Z") for n in range(20))
    told = [row["message"] for row in told_of(replace(WELL, events=events)).events]
    assert told == [f"m{n}" for n in range(19, 9, -1)]


@pytest.mark.parametrize(
    ("kind", "about", "shown"),
    [
        ("Normal", "Pod", False),
        ("Normal", "DaemonSet", False),
        ("Normal", "ReplicaSet", False),
        ("Warning", "Pod", True),
        ("Normal", "MetalLB", True),
        ("Normal", "Service", True),
    ],
)
def test_ordinary_events_of_pods_are_not_told(kind: str, about: str, *, shown: bool) -> None:
    events = (event("u", "m", "2026-01-01T00:00:00Z", kind, about),)
    assert bool(told_of(replace(WELL, events=events)).events) is shown


def test_a_status_that_nobody_renews_is_told_as_one_of_the_past() -> None:
    late = NOW + timedelta(seconds=107)
    found = told_of(WELL, late)
    assert not found.healthy
    assert found.as_of == "2026-01-01T11:59:50Z"
    assert found.problems == (found.silence,)
    lines = [line.rstrip() for line in printed(found).splitlines()]
    assert lines[0].startswith("nobody has looked since 2026-01-01T11:59:50Z (1 min 57 s ago): ")
    assert "MetalLB 0.16.1, backend frr-k8s, as of 2026-01-01T11:59:50Z: not healthy" in lines
    assert "Conditions, as of 2026-01-01T11:59:50Z" in lines
    assert "Components, as of 2026-01-01T11:59:50Z" in lines
    assert "Pools" in lines
    decoded = json.loads(as_json(found))
    assert decoded["problems"] == [decoded["silence"]]


def test_a_status_that_nobody_has_ever_renewed() -> None:
    found = told_of(replace(WELL, attendance=Attendance("metallb-system")))
    assert not found.healthy
    assert printed(found).startswith("nobody looks: there is no Lease metallb-operator")
    assert "Conditions, as of an unknown time" in printed(found)


def test_webhooks_that_do_not_answer_are_a_problem() -> None:
    away = replace(LOOKED_AT, deployment={"spec": {"replicas": 2}})
    found = told_of(replace(WELL, attendance=away))
    assert [text[:40] for text in found.problems] == ["no replica of the webhooks is ready, so "]


def test_json_carries_everything() -> None:
    found = told_of(WELL)
    decoded = json.loads(as_json(found))
    assert decoded["healthy"] is True
    assert decoded["pools"] == [dict(row) for row in found.pools]
    assert set(decoded) == set(Overview.__dataclass_fields__)


def printed(found: Overview) -> str:
    console = Console(file=io.StringIO(), width=120)
    for part in screen(found):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_screen() -> None:
    text = printed(told_of(replace(WELL, services=(service(),), unread=("Event",))))
    assert text.startswith("MetalLB 0.16.1, backend frr-k8s: not healthy\n")
    assert "you may not read Event" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["first", "192.0.2.0/24", "2", "254"] in lines
    assert ["speaker", "2/3", "node-3", "lacks", "it"] in lines
    assert ["Available", "True", "R", "about", "Available", "[x]"] in lines
    assert "BGP peers" not in text


FORGED = "x\n::stop-commands::abc\r##[add-mask]y\x1b[2J\x9b\u202e" + " ::error::z" * 20


def test_nobody_elses_text_forges_the_screen() -> None:
    found = told_of(replace(WELL, metallb=None, events=(event("u", FORGED, "2026"),)))
    found = replace(
        found, problems=(FORGED,), silence=FORGED, version=FORGED, peers=({"name": FORGED},)
    )
    text = printed(found)
    assert all(c == "\n" or c.isprintable() for c in text)
    assert "##[" not in text
    assert not any(line.strip().startswith("::") for line in text.splitlines())


def test_json_escapes_what_terminals_act_upon() -> None:
    found = told_of(replace(WELL, events=(event("u", FORGED, "2026"),)))
    text = as_json(found)
    assert all(c == "\n" or c.isprintable() for c in text)
    assert json.loads(text)["events"][0]["message"] == FORGED
