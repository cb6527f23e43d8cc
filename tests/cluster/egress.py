"""The way from the API server to Services, where no kube-proxy runs.

kube-apiserver sends every connection to a Service through this HTTP CONNECT proxy (KEP-1281,
EgressSelectorConfiguration), which knows for each cluster address the local processes behind it.
As kube-proxy would, it uses only backends that are ready, one after the other.
"""

import argparse
import asyncio
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Final

PROBE_SECONDS: Final = 0.25
_DIAL_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Route:
    """What is behind one address of a Service.

    Attributes:
        backends: "127.0.0.1:port" of each local process.
        ready_path: asked over HTTPS; a backend that does not answer 200 gets no connection. Empty
            for a Service whose backends are always ready.
    """

    backends: tuple[str, ...]
    ready_path: str = ""


def write_routes(path: Path, routes: Mapping[str, Route]) -> None:
    """Tell the proxy what is where; it looks at the file again for every connection."""
    plain = {
        address: {"backends": route.backends, "ready_path": route.ready_path}
        for address, route in routes.items()
    }
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(plain))
    unfinished.rename(path)


def read_routes(path: Path) -> dict[str, Route]:
    """Read what `write_routes` wrote; nothing if there is no such file yet."""
    if not path.exists():
        return {}
    plain = json.loads(path.read_text())
    return {
        address: Route(tuple(row["backends"]), row["ready_path"]) for address, row in plain.items()
    }


@dataclass(slots=True)
class Proxy:
    """Answers CONNECT, and probes the backends meanwhile."""

    routes: Path
    ready: set[str] = field(default_factory=set)
    _turn: "count[int]" = field(default_factory=count)

    async def serve(self, socket: Path) -> None:
        """Serve for ever on a Unix socket."""
        server = await asyncio.start_unix_server(self._connection, str(socket))
        async with server, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._probe_for_ever())
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            upstream = await self._dial(request.split()[1])
        except (OSError, asyncio.IncompleteReadError, LookupError) as error:
            writer.write(f"HTTP/1.1 {HTTPStatus.BAD_GATEWAY} {error}\r\n\r\n".encode())
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_copy(reader, upstream[1]), _copy(upstream[0], writer))

    async def _dial(self, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        route = read_routes(self.routes).get(address)
        if route is None:
            raise LookupError(f"no Service has the address {address}")
        for backend in self._in_turn(route):
            host, _, port = backend.rpartition(":")
            try:
                return await asyncio.wait_for(
                    asyncio.open_connection(host, int(port)), _DIAL_SECONDS
                )
            except (OSError, TimeoutError):
                self.ready.discard(backend)
        raise LookupError(f"no backend of {address} is ready")

    def _in_turn(self, route: Route) -> Sequence[str]:
        usable = [b for b in route.backends if not route.ready_path or b in self.ready]
        first = next(self._turn) % len(usable) if usable else 0
        return usable[first:] + usable[:first]

    async def _probe_for_ever(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # a kubelet's probes do not verify either
        while True:
            wanted = {
                (backend, route.ready_path)
                for route in read_routes(self.routes).values()
                for backend in route.backends
                if route.ready_path
            }
            await asyncio.gather(*(self._probe(*one, context) for one in wanted))
            await asyncio.sleep(PROBE_SECONDS)

    async def _probe(self, backend: str, path: str, context: ssl.SSLContext) -> None:
        try:
            status = await asyncio.wait_for(_status_of(backend, path, context), _DIAL_SECONDS)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError, IndexError):
            status = 0
        if status == HTTPStatus.OK:
            self.ready.add(backend)
        else:
            self.ready.discard(backend)


async def _status_of(backend: str, path: str, context: ssl.SSLContext) -> int:
    host, _, port = backend.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        line = await reader.readuntil(b"\r\n")
        return int(line.split()[1])
    finally:
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # one side is gone: the other one learns it by the close below
    finally:
        writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--routes", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(Proxy(options.routes).serve(options.socket))
