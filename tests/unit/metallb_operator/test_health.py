"""The port for kubelet and Prometheus."""

import aiohttp
import pytest

from metallb_operator.health import serving


async def _get(port: int, path: str) -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
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
