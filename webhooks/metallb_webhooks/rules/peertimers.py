"""Rules on the timers of a BGPPeer.

Source: RFC 4271 §4.2; MetalLB 0.16.1, internal/config: a timer that is missing follows from the
other one, and both are cut to whole seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from metallb_crds.config_v1beta2 import BGPPeer, BGPPeerSpec
from metallb_webhooks.durations import SECOND, DurationError, parse
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity

HOLD_MIN: Final = 3
HOLD_MAX: Final = 65535
"""In seconds. Other values but 0 do not exist: the field of the OPEN message has 16 bits."""

HOLD: Final = "spec.holdTime"
KEEPALIVE: Final = "spec.keepaliveTime"


@dataclass(frozen=True, slots=True)
class Timers:
    """The timers of a session in nanoseconds, completed as MetalLB does.

    Attributes:
        path: of the field that the hold time follows from.
    """

    hold: int
    keepalive: int
    path: str


def _timers(spec: BGPPeerSpec) -> Timers | None:
    """Return the timers; None if there are none, or one of them cannot be read."""
    try:
        hold = None if spec.hold_time is None else parse(spec.hold_time)
        keepalive = None if spec.keepalive_time is None else parse(spec.keepalive_time)
    except DurationError:
        return None
    if hold is None:
        return None if keepalive is None else Timers(3 * keepalive, keepalive, KEEPALIVE)
    return Timers(hold, hold // 3 if keepalive is None else keepalive, HOLD)


def _syntax(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    for field, text in (
        ("holdTime", spec.hold_time),
        ("keepaliveTime", spec.keepalive_time),
        ("connectTime", spec.connect_time),
    ):
        try:
            parse("0s" if text is None else text)
        except DurationError as error:
            message = f"{text!r} is no duration: {error}; write for example 90s or 1m30s"
            yield f"spec.{field}", message


def _hold(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    timers = _timers(spec)
    if timers is None or timers.hold == 0:
        return
    if not HOLD_MIN * SECOND <= timers.hold < (HOLD_MAX + 1) * SECOND:
        given = (
            f"{spec.hold_time!r} cannot be the hold time"
            if timers.path == HOLD
            else f"{spec.keepalive_time!r} makes the hold time, which is three times as long,"
            f" {_seconds(timers.hold)}"
        )
        message = (
            f"{given}: BGP allows {HOLD_MIN}s to {HOLD_MAX}s, or 0s for a session that never times"
            " out (RFC 4271); write for example holdTime 90s"
        )
        yield timers.path, message


def _keepalive(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    timers = _timers(spec)
    if timers is None or spec.keepalive_time is None:
        return
    if timers.keepalive < 0:
        message = f"{spec.keepalive_time!r} is negative; write for example holdTime 90s alone"
        yield KEEPALIVE, message
    elif timers.keepalive > timers.hold:
        message = (
            f"{spec.keepalive_time!r} is longer than holdTime {spec.hold_time!r}; make it a third"
            " of holdTime, or remove it"
        )
        yield KEEPALIVE, message


def _fraction(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    timers = _timers(spec)
    if timers is None or timers.hold < HOLD_MIN * SECOND:
        return
    for path, text in ((HOLD, spec.hold_time), (KEEPALIVE, spec.keepalive_time)):
        length = 0 if text is None else parse(text)
        if length > SECOND and length % SECOND:
            message = f"{text!r} counts as {length // SECOND}s; write whole seconds"
            yield path, message


def _never_times_out(request: Request[BGPPeer]) -> Iterator[Problem]:
    timers = _timers(request.subject.spec)
    if timers and timers.hold == 0 and not request.subject.spec.bfd_profile:
        message = (
            "a hold time of 0 never times out: nodes would go on sending to a router that is gone;"
            " remove the timers for those of the backend, or name a bfdProfile"
        )
        yield timers.path, message


def _no_keepalives(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    timers = _timers(spec)
    if not timers or not request.backend.uses_frr or spec.keepalive_time is None:
        return
    if 0 <= timers.keepalive < SECOND and timers.hold >= HOLD_MIN * SECOND:
        message = (
            f"{spec.keepalive_time!r} counts as 0s: no keepalives would be sent,"
            " and the router would end the session again and again; make it a third of holdTime,"
            " or remove it"
        )
        yield KEEPALIVE, message


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds / SECOND:g}s"


PEER_TIMER_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "peer-duration-syntax",
        "Timers are durations as Go writes them, such as 90s or 1m30s",
        _syntax,
        source="GEN-02, PEER-13, PEER-21",
    ),
    Rule(
        "peer-hold-time",
        "The hold time, or three times keepaliveTime in its place, is 0 or 3s to 65535s",
        _hold,
        source="PEER-13, GAP-19",
    ),
    Rule(
        "peer-keepalive-time",
        "keepaliveTime is neither negative nor longer than the hold time",
        _keepalive,
        source="PEER-13, GAP-19",
    ),
    Rule(
        "peer-timer-fraction",
        "Timers are whole seconds, since fractions are cut off",
        _fraction,
        Severity.WARN,
        source="PEER-13, GAP-19",
    ),
    Rule(
        "peer-hold-time-zero",
        "Without BFD the hold time is not 0, which lets a dead router go unnoticed",
        _never_times_out,
        Severity.WARN,
        source="PEER-13, GAP-19, GAP-30",
    ),
    Rule(
        "peer-keepalive-zero",
        "FRR sends keepalives, without which the router ends the session",
        _no_keepalives,
        Severity.WARN,
        source="PEER-13, GAP-19",
        by_backend=True,
    ),
)
