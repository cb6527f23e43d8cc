"""Accept connections within bounds, so that whoever opens many takes the port from nobody.

Anybody in the cluster may connect, and a connection costs memory before it has said a word. Above
a number of them one is closed for each that comes: first who has asked nothing yet, then whose
body does not arrive, then who has been idle for the longest. API servers send what they have to
say within milliseconds, which makes theirs the last to be chosen.
"""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

logger = logging.getLogger(__name__)

_BACKLOG: Final = 512
_AGAIN_SECONDS: Final = 0.1
_SLOW_SECONDS: Final = 0.2
"""More than API servers need for a request, and too little to fill the port with others."""

_SWEEP_SECONDS: Final = 1.0


def bound(host: str | None, port: int) -> socket.socket:
    """Return a socket that listens and does not block.

    Args:
        host: address or name; None for all addresses, IPv4 and IPv6.
        port: 0 for a free one.

    Raises:
        OSError: the port cannot be had.
    """
    if host is None:
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        made = socket.create_server(
            ("", port), family=family, backlog=_BACKLOG, dualstack_ipv6=both
        )
    else:
        [(family, _, _, _, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        made = socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    made.settimeout(0.0)
    return made


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many connections may be open, and how long they may take.

    Attributes:
        connections: open ones, whatever they do; each costs some 60 KiB.
        handshakes: TLS handshakes under way.
        handshake_seconds: for one of these.
        silence_seconds: for the first request of a connection to arrive.
        goodbye_seconds: for the other side to end TLS.
    """

    connections: int = 192
    handshakes: int = 64
    handshake_seconds: float = 5.0
    silence_seconds: float = 10.0
    goodbye_seconds: float = 1.0


class State(Enum):
    """What a connection is doing, in the order in which they are closed."""

    SILENT = auto()
    READING = auto()
    IDLE = auto()
    WORKING = auto()


class Connections:
    """Every connection that is open, and what it is doing."""

    def __init__(
        self, bounds: Bounds = Bounds(), clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin without any.

        Args:
            bounds: see there.
            clock: monotonic seconds.
        """
        self._bounds = bounds
        self._clock = clock
        self._open: dict[asyncio.Transport, tuple[State, float]] = {}
        self._greeting: dict[asyncio.Task[None], None] = {}

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def request(self, transport: asyncio.Transport | None) -> Iterator[None]:
        """Note that a request arrives on a connection, which idles after the block."""
        self.note(transport, State.READING)
        try:
            yield
        finally:
            self.note(transport, State.IDLE)

    def note(self, transport: asyncio.Transport | None, state: State) -> None:
        """Note what a connection is doing from now on."""
        if transport is not None and transport in self._open:
            del self._open[transport]  # in the order of the time since when
            self._open[transport] = (state, self._clock())

    def opened(self, transport: asyncio.Transport) -> None:
        """Take in one that has just been opened; closes another one if there are too many."""
        self.sweep()
        while len(self._open) >= self._bounds.connections:
            self._close(self.chosen() or next(iter(self._open)))
        self._open[transport] = (State.SILENT, self._clock())

    def chosen(self) -> asyncio.Transport | None:
        """Return which one is closed first; None if all are being answered."""
        now = self._clock()
        for wanted in (State.SILENT, State.READING, State.IDLE):
            for transport, (state, since) in self._open.items():
                slow = state is not State.READING or now - since >= _SLOW_SECONDS
                if state is wanted and slow:
                    return transport
        return None

    def sweep(self) -> None:
        """Forget what is closed, and close what has been silent from the beginning."""
        now = self._clock()
        for transport, (state, since) in tuple(self._open.items()):
            if transport.is_closing():
                del self._open[transport]
            elif state is State.SILENT and now - since >= self._bounds.silence_seconds:
                self._close(transport)

    def _close(self, transport: asyncio.Transport) -> None:
        del self._open[transport]
        transport.abort()

    async def accept(
        self,
        listener: socket.socket,
        answering: Callable[[], asyncio.Protocol],
        context: Callable[[], ssl.SSLContext],
    ) -> None:
        """Accept until cancelled.

        Args:
            listener: a socket that listens and does not block.
            answering: makes what answers on a connection.
            context: of TLS, for the connection that is accepted next.
        """
        sweeping = asyncio.create_task(self._sweep_for_ever())
        try:
            while True:
                try:
                    accepted, _ = await asyncio.get_running_loop().sock_accept(listener)
                except OSError as error:  # no more file descriptors, or whoever came has left
                    logger.debug("a connection could not be accepted: %s", error)
                    await asyncio.sleep(_AGAIN_SECONDS)
                    continue
                while len(self._greeting) >= self._bounds.handshakes:
                    oldest = next(iter(self._greeting))
                    del self._greeting[oldest]
                    oldest.cancel()
                task = asyncio.create_task(self._greet(accepted, answering, context()))
                self._greeting[task] = None
                task.add_done_callback(lambda done: self._greeting.pop(done, None))
        finally:
            sweeping.cancel()
            for task in tuple(self._greeting):
                task.cancel()

    async def _greet(
        self,
        accepted: socket.socket,
        answering: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext,
    ) -> None:
        """Make the TLS handshake; whoever fails in it has lost the connection, and that is all."""
        try:
            transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
                answering,
                accepted,
                ssl=context,
                ssl_handshake_timeout=self._bounds.handshake_seconds,
                ssl_shutdown_timeout=self._bounds.goodbye_seconds,
            )
        except (OSError, asyncio.CancelledError):
            with suppress(OSError):
                accepted.close()
            return
        self.opened(transport)

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self.sweep()
