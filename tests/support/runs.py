"""A run of scenarios, made up, to be rendered."""

from observe.outcomes import Mark, Request, judge
from observe.results import Lane, Run, Scenario, lane

START = 1000.0
INTERVAL = 0.05


def lane_of(name: str, pattern: str) -> Lane:
    """Return a lane with a request a letter: `.` is answered, `s` slowly, `x` fails."""
    requests = [
        Request(
            target=name,
            tick=tick,
            start=START + tick * INTERVAL,
            seconds={"x": 1.0, "s": 0.4}.get(letter, 0.002),
            error="timeout" if letter == "x" else "",
            node=f"n{1 + tick % 2}",
        )
        for tick, letter in enumerate(pattern)
    ]
    return lane(name, requests, judge(requests, INTERVAL), interval=INTERVAL, start=START)


UPGRADE = Scenario(
    name="upgrade 0.15.3 to 0.16.1",
    what="Controller and speakers are replaced, node by node.",
    backend="native",
    change=True,
    start=START,
    seconds=12.4,
    marks=(Mark("spec.version is <0.16.1>", START + 1), Mark("settled", START + 8)),
    lanes=(lane_of("layer 2", "." * 200), lane_of("BGP IPv6", "." * 80 + "xs" + "." * 118)),
    before={"web": "192.0.2.100", "dns": "192.0.2.101"},
    after={"web": "192.0.2.100", "dns": "192.0.2.101"},
    notes=("The route had 1 next hop for 1.2 s.",),
)
SWITCH = Scenario(
    name="native to frr",
    backend="frr",
    change=True,
    start=START,
    seconds=31,
    error="AssertionError: 60 of 300 failed",
    lanes=(lane_of("layer 2", "." * 100 + "x" * 60 + "s" * 10 + "." * 130),),
    marks=(Mark("switched", START + 5),),
    before={"web": "192.0.2.100"},
    after={"web": "192.0.2.102"},
)
PROMISE = Scenario(name="dual stack", what="One address of | each family.", seconds=2.5)
RUN = Run(
    "30 Nov 2026, 22:00 UTC",
    "abc1234",
    "2 cores, 24 GiB, Linux 6.18",
    900,
    (UPGRADE, SWITCH, PROMISE),
)
