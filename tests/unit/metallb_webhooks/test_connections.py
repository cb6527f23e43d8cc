"""Which connection is closed when there are too many."""

import socket
from typing import TYPE_CHECKING, cast

import pytest

from metallb_webhooks.connections import Bounds, Connections, State, bound

if TYPE_CHECKING:
    import asyncio

THREE = Bounds(connections=3, silence_seconds=10.0)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Wire:
    """As much of a transport as is asked of one."""

    closed = False

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True


def wires(connections: Connections, *states: State | None) -> list[Wire]:
    """Open connections; None is one that has asked nothing yet."""
    made = [Wire() for _ in states]
    for wire, state in zip(made, states, strict=True):
        connections.opened(cast("asyncio.Transport", wire))
        if state is not None:
            connections.note(cast("asyncio.Transport", wire), state)
    return made


@pytest.mark.parametrize(
    ("states", "seconds", "closed"),
    [
        pytest.param([State.IDLE, None, None], 0, 1, id="who has asked nothing, for longest"),
        pytest.param([State.IDLE, State.READING, State.WORKING], 2, 1, id="whose body stalls"),
        pytest.param([State.READING, State.IDLE, State.IDLE], 0, 1, id="not a body on its way"),
        pytest.param([State.WORKING, State.IDLE, State.IDLE], 9, 1, id="idle for longest"),
        pytest.param([State.WORKING] * 3, 9, 0, id="the oldest if all are being answered"),
    ],
)
def test_one_gives_way_to_the_next(states: list[State | None], seconds: float, closed: int) -> None:
    clock = Clock()
    connections = Connections(THREE, clock)
    made = wires(connections, *states)
    clock.now += seconds
    [newest] = wires(connections, None)
    assert [wire.closed for wire in made] == [number == closed for number in range(3)]
    assert not newest.closed
    assert len(connections) == 3


def test_who_asked_once_idles_from_the_end_of_that() -> None:
    clock = Clock()
    connections = Connections(THREE, clock)
    first, second, _ = wires(connections, None, State.IDLE, State.IDLE)
    with connections.request(cast("asyncio.Transport", first)):
        clock.now += 5
    wires(connections, None)
    assert (first.closed, second.closed) == (False, True)


def test_what_is_closed_makes_room() -> None:
    connections = Connections(THREE)
    first, *others = wires(connections, State.IDLE, State.IDLE, State.IDLE)
    first.closed = True
    wires(connections, None)
    assert not any(wire.closed for wire in others)


def test_who_says_nothing_is_closed_in_time_and_who_has_asked_is_not() -> None:
    clock = Clock()
    connections = Connections(THREE, clock)
    silent, idle = wires(connections, None, State.IDLE)
    clock.now += 10
    connections.sweep()
    assert (silent.closed, idle.closed) == (True, False)


@pytest.mark.parametrize(
    ("host", "reached"),
    [(None, ("127.0.0.1", "::1")), ("127.0.0.1", ("127.0.0.1",)), ("::1", ("::1",))],
)
def test_all_addresses_or_one_are_listened_on(host: str | None, reached: tuple[str, ...]) -> None:
    with bound(host, 0) as listener:
        port = listener.getsockname()[1]
        for address in reached:
            socket.create_connection((address, port), timeout=5).close()


def test_a_port_that_is_taken_is_told() -> None:
    with bound("127.0.0.1", 0) as listener, pytest.raises(OSError, match="in use"):
        bound("127.0.0.1", listener.getsockname()[1])
