"""The port for kubelet and Prometheus."""

import socket

import aiohttp
import pytest

from metallb_kube.process import PortError
from metallb_operator.health import serving
from metallb_operator.settings import Settings
from support.processes import free_port


async def _get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{host}:{port}{path}") as answer,
    ):
        return answer.status, await answer.text(), answer.headers["Content-Type"]


@pytest.mark.parametrize(
    ("wrong", "status", "text"), [("", 200, "ok"), ("no watch", 503, "no watch")]
)
async def test_probes_say_what_is_wrong(wrong: str, status: int, text: str) -> None:
    async with serving(
        "127.0.0.1", 0, healthy=lambda: wrong, ready=lambda: "", metrics=lambda: b""
    ) as port:
        assert (await _get(port, "/healthz"))[:2] == (status, text)
        assert (await _get(port, "/readyz"))[:2] == (200, "ok")


async def test_metrics_are_served_as_prometheus_reads_them() -> None:
    async with serving("127.0.0.1", 0, healthy=str, ready=str, metrics=lambda: b"one 1\n") as port:
        status, text, kind = await _get(port, "/metrics")
    assert (status, text) == (200, "one 1\n")
    assert kind.startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_without_a_host_it_listens_on_every_family(host: str) -> None:
    """The kubelet of a cluster of IPv6 alone probes no other address."""
    port = free_port()
    host_by_default = Settings("ns").health_host
    async with serving(host_by_default, port, healthy=str, ready=str, metrics=bytes):
        assert (await _get(port, "/healthz", host))[:2] == (200, "ok")


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match=f"cannot listen on TCP port {port}: Address already"):
            async with serving("127.0.0.1", port, healthy=str, ready=str, metrics=bytes):
                pass


@pytest.mark.parametrize("path", ["/healthz", "/metrics", "/none"])
async def test_no_answer_names_the_program(path: str) -> None:
    async with (
        serving("127.0.0.1", 0, healthy=str, ready=str, metrics=bytes) as port,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        assert "Server" not in answer.headers
