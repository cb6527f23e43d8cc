"""Two namespaces on one wire, and a server to ask; as root."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from support.namespaces import Namespace, namespace
from support.waiting import wait_for

_ADDRESSES: Final = {
    "a": ("192.0.2.1/24", "2001:db8::1/64"),
    "b": ("192.0.2.2/24", "2001:db8::2/64"),
}
_SERVER: Final = """
import http.server, json, socket, socketserver, sys, threading
class Web(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        client = self.client_address[0].removeprefix("::ffff:")
        body = json.dumps({"node": sys.argv[1], "pod": "p", "client": client}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        self.request[1].sendto(self.request[0], self.client_address)
class V6(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 128
class U6(socketserver.UDPServer):
    address_family = socket.AF_INET6
threading.Thread(target=U6(("::", 53), Echo).serve_forever, daemon=True).start()
web = V6(("::", 80), Web)
print("ready", flush=True)
web.serve_forever()
"""


@dataclass(frozen=True, slots=True)
class Wire:
    """Two places whose eth0 are the ends of one cable."""

    a: Namespace
    b: Namespace


@contextmanager
def wire() -> Iterator[Wire]:
    """Make both, and remove them at the end."""
    with namespace("a") as a, namespace("b") as b:
        ends = ("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0")
        a.run(*ends, "netns", b.name)
        for place in (a, b):
            place.run("ip", "link", "set", "eth0", "up")
        # An interface takes part in multicast, and with that in NDP, from this state on only.
        wait_for("the cable is in", lambda: all("UP" in _state(place) for place in (a, b)))
        for place, addresses in ((a, _ADDRESSES["a"]), (b, _ADDRESSES["b"])):
            for address in addresses:
                nodad = ("nodad",) if ":" in address else ()
                place.run("ip", "address", "add", address, "dev", "eth0", *nodad)
        yield Wire(a, b)


def _state(place: Namespace) -> str:
    return str(json.loads(place.run("ip", "-j", "link", "show", "eth0"))[0]["operstate"])


@contextmanager
def serving(place: Namespace) -> Iterator[None]:
    """Answer HTTP on port 80 and echo UDP on port 53, until the end of the block."""
    server = subprocess.Popen(
        place.command(sys.executable, "-I", "-c", _SERVER, place.name),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        try:
            yield
        finally:
            server.kill()
