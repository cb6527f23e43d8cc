"""Network namespaces that nothing leaves: a node and its neighbour on one wire, and pods.

The API server is reached on loopback in each of them, through a thread that has one end of every
connection there and the other one here.
"""

import contextlib
import ctypes
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NODE: Final = "192.0.2.1"
NEIGHBOUR: Final = "192.0.2.254"

_CLONE_NEWNET: Final = 0x40000000
_CHUNK: Final = 65536


@dataclass(frozen=True, slots=True)
class Namespace:
    """One of them; its one interface besides loopback is `eth0`."""

    name: str

    @property
    def path(self) -> Path:
        """What `setns` is given."""
        return Path("/var/run/netns") / self.name

    def command(self, *command: str) -> tuple[str, ...]:
        """Return a command that runs another one inside."""
        return ("nsenter", f"--net={self.path}", *command)

    def run(self, *command: str) -> str:
        """Run a command inside and return its output."""
        return _run(*self.command(*command))

    def mac(self) -> str:
        """Return the address of its interface."""
        return str(json.loads(self.run("ip", "-j", "link", "show", "eth0"))[0]["address"])


@contextmanager
def namespace(what: str) -> Iterator[Namespace]:
    """Yield a new namespace with loopback alone, and remove it at the end."""
    _needed("ip", "nsenter")
    made = Namespace(f"metallb-{os.getpid()}-{what}")
    _run("ip", "netns", "add", made.name)
    try:
        made.run("ip", "link", "set", "lo", "up")
        yield made
    finally:
        _run("ip", "netns", "delete", made.name)


@dataclass(frozen=True, slots=True)
class Places:
    """Where programs run.

    Attributes:
        pod: of the controller, which has nothing but the API server.
        node: of the speaker, which is on the network of its node.
        neighbour: on the same wire as the node.
    """

    pod: Namespace
    node: Namespace
    neighbour: Namespace


@contextmanager
def places(port: int) -> Iterator[Places]:
    """Make everything, and remove it at the end.

    Args:
        port: of the API server, on loopback here and there.
    """
    with (
        namespace("pod") as pod,
        _wire() as (node, neighbour),
        _reaching(pod, port),
        _reaching(node, port),
    ):
        yield Places(pod, node, neighbour)


@contextmanager
def _wire() -> Iterator[tuple[Namespace, Namespace]]:
    """Yield the node's namespace and its neighbour's, and remove both at the end."""
    with namespace("node") as node, namespace("lan") as neighbour:
        ends = ("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0")
        node.run(*ends, "netns", neighbour.name)
        for one, address in ((node, NODE), (neighbour, NEIGHBOUR)):
            one.run("ip", "address", "add", f"{address}/24", "dev", "eth0")
            one.run("ip", "link", "set", "eth0", "up")
        yield node, neighbour


@contextmanager
def _reaching(namespace: Namespace, port: int) -> Iterator[None]:
    """Let a port of loopback be reached from inside, at the same address, until the end."""
    listener: list[socket.socket] = []

    def listen() -> None:
        # Only this thread changes over, and a socket stays where it was made.
        with namespace.path.open() as inside:
            _setns(inside.fileno())
        listener.append(socket.create_server(("127.0.0.1", port), backlog=64))

    maker = threading.Thread(target=listen)
    maker.start()
    maker.join()
    [server] = listener
    threading.Thread(target=_accept, args=(server, port), daemon=True).start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def _accept(server: socket.socket, port: int) -> None:
    with contextlib.suppress(OSError):
        while True:
            inside, _ = server.accept()
            threading.Thread(target=_join, args=(inside, port), daemon=True).start()


def _join(inside: socket.socket, port: int) -> None:
    """Pass on what either end sends until both have ended."""
    with (
        inside,
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port)) as outside,
    ):
        back = threading.Thread(target=_pump, args=(outside, inside), daemon=True)
        back.start()
        _pump(inside, outside)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _setns(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _needed(*programs: str) -> None:
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        raise RuntimeError(f"{missing} not found; on Debian: apt-get install iproute2 util-linux")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
