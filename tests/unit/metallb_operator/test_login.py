"""kopf gets credentials as often as the API server refuses them."""

import asyncio
import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import kopf
import pytest

from metallb_operator.login import Login
from support.api import write_kubeconfig

TLS = ssl.create_default_context()
NOW = datetime(2026, 1, 2, tzinfo=UTC)


async def test_credentials_are_read_anew_each_time(tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1", token="old")
    login = Login(kubeconfig, TLS, apart=0.0)
    first = await login()
    assert first.as_http_headers() == {"Authorization": "Bearer old"}
    write_kubeconfig(kubeconfig, "http://127.0.0.1:1", token="new")
    assert (await login()).as_http_headers() == {"Authorization": "Bearer new"}


async def test_the_same_credentials_are_not_equal_the_second_time(tmp_path: Path) -> None:
    """Otherwise kopf takes them for those that were refused, and ends."""
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1", token="same")
    times = iter((NOW, NOW + timedelta(microseconds=1)))
    login = Login(kubeconfig, TLS, apart=0.0, now=lambda: next(times))
    first, second = await login(), await login()
    assert first.token == second.token
    assert first != second


async def test_logins_do_not_follow_each_other_too_fast(tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1", token="t")
    login = Login(kubeconfig, TLS, apart=0.2)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await login()
    assert loop.time() - started < 0.2
    await login()
    assert loop.time() - started >= 0.2


async def test_what_cannot_be_read_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(kopf.TemporaryError, match="nowhere"):
        await Login(tmp_path / "nowhere", TLS)()


async def test_kopf_connects_as_we_do(tmp_path: Path) -> None:
    """Its own context would be as strict as Python's default, and it knows no proxy."""
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "https://10.0.0.1:6443", token="t")
    config = json.loads(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["proxy-url"] = "http://named:1"
    kubeconfig.write_text(json.dumps(config))
    found = await Login(kubeconfig, TLS)()
    assert found.as_ssl_context() is TLS
    assert found.proxy_url == "http://named:1"
