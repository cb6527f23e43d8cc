"""Create a pool and delete it again, by the clock, and write a line of JSON for each write.

Writes start whether or not those before them are answered. When this process was held up, those
that should have started meanwhile are left out.
"""

import asyncio
import json
import math
import ssl
import sys
import time
from typing import Any, Final

_POOLS: Final = "/apis/metallb.io/v1beta1/namespaces/{namespace}/ipaddresspools"
_SAID: Final = 300


def request(method: str, host: str, path: str, content: str = "") -> bytes:
    """Return an HTTP request after whose answer the connection ends."""
    body = content.encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        f"Accept: application/json\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def code_of(answer: bytes) -> int:
    """Return the status of an HTTP answer; 0 if there is none."""
    words = answer.partition(b"\r\n")[0].split(None, 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def said(answer: bytes) -> str:
    """Return what the API server says in an answer that is an error."""
    text = answer.partition(b"\r\n\r\n")[2].decode(errors="replace")
    start = text.find("{")
    try:
        found = json.JSONDecoder().raw_decode(text[start:])[0]
    except ValueError:
        return text[:_SAID]
    return str(found.get("message", text))[:_SAID]


class Writer:
    """Writes pools through one API server."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._path = _POOLS.format(namespace=settings["namespace"])
        self._tls = ssl.create_default_context(cafile=settings["authority"])
        self._tls.load_cert_chain(settings["certificate"], settings["key"])

    async def pair(self, number: int) -> None:
        """Create a pool; delete it if it is there then."""
        name = f"written-{number}"
        address = f"{self._settings['network']}{number % 250 + 1}/32"
        pool = {
            "apiVersion": "metallb.io/v1beta1",
            "kind": "IPAddressPool",
            "metadata": {"name": name, "labels": {"written": "by-the-clock"}},
            "spec": {"addresses": [address], "autoAssign": False},
        }
        if await self._write("POST", self._path, json.dumps(pool)):
            # Until it is gone, and nobody tells when writes are taken again.
            while not await self._write("DELETE", f"{self._path}/{name}"):  # noqa: ASYNC110
                await asyncio.sleep(1)

    async def _write(self, method: str, path: str, content: str = "") -> bool:
        start, code, error = time.monotonic(), 0, ""
        try:
            async with asyncio.timeout(self._settings["timeout"]):
                answer = await self._exchange(method, path, content)
            code = code_of(answer)
            error = "" if code // 100 == 2 else said(answer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as failed:
            error = type(failed).__name__
        line = {"write": method, "start": start, "seconds": time.monotonic() - start}
        sys.stdout.write(json.dumps({**line, "code": code, "error": error}) + "\n")
        sys.stdout.flush()
        return not error

    async def _exchange(self, method: str, path: str, content: str) -> bytes:
        host, port = self._settings["host"], self._settings["port"]
        reader, writer = await asyncio.open_connection(host, port, ssl=self._tls)
        try:
            writer.write(request(method, host, path, content))
            return await reader.read(-1)
        finally:
            writer.close()


async def main(settings: dict[str, Any]) -> None:
    """Write until standard input ends; then end what has been begun."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(sys.stdin, stop.set)
    writer, interval, first, tick = Writer(settings), 2 / settings["hz"], time.monotonic(), 0
    async with asyncio.TaskGroup() as group:
        while not stop.is_set():
            group.create_task(writer.pair(tick))
            tick = max(tick + 1, math.ceil((time.monotonic() - first) / interval))
            try:
                async with asyncio.timeout_at(first + tick * interval):
                    await stop.wait()
            except TimeoutError:
                continue


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
