"""A process asks itself over TLS on loopback, whatever stands in the way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from metallb_webhooks.certs import Lifetimes, create_material, service_names
from metallb_webhooks.desk import Asked
from metallb_webhooks.metrics import Metrics
from metallb_webhooks.owndoor import OwnDoor
from metallb_webhooks.review import Verdict
from metallb_webhooks.selftest import RULE
from metallb_webhooks.server import Front, listening
from metallb_webhooks.settings import SERVICE, Settings
from metallb_webhooks.tls import Serving
from support.certificates import material
from support.processes import free_port
from support.samples import NAMESPACE

MADE = create_material(service_names(SERVICE, NAMESPACE), datetime.now(UTC), Lifetimes())
ANOTHER = material()
SETTINGS = Settings(NAMESPACE, host="127.0.0.1", port=0, certificate_seconds=0.05)
OWN_UID = "ours"
REFUSED = Verdict(allowed=False, message=f"no [{RULE}]", rules=(RULE,))


async def until(seen: Callable[[], bool]) -> None:
    while not seen():  # noqa: ASYNC110 - the state is what is waited for
        await asyncio.sleep(0.01)


@dataclass
class Scene:
    """A port, what API servers trust, and the one who asks."""

    bundles: tuple[bytes, ...] | None
    verdict: Verdict = REFUSED
    blind: str = ""
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)
    serving: Serving = field(default_factory=lambda: Serving(MADE.certificate, MADE.key))

    async def answer(self, asked: Asked) -> Verdict:
        self.asked.append(asked)
        return self.verdict

    def front(self) -> Front:
        return Front(
            self.answer,
            blind=lambda: self.blind,
            waiting=str,
            scrape=self.metrics.text,
            metrics=self.metrics,
            settings=SETTINGS,
            own_uid=OWN_UID,
        )

    def door(self, settings: Settings = SETTINGS) -> OwnDoor:
        return OwnDoor(self, lambda: self.port, settings, OWN_UID)


@asynccontextmanager
async def scene(bundles: tuple[bytes, ...] | None = (MADE.bundle,)) -> AsyncIterator[Scene]:
    made = Scene(bundles)
    async with listening(made.front(), made.serving, SETTINGS) as made.port:
        yield made


@pytest.mark.parametrize(
    ("bundles", "trouble"),
    [
        ((MADE.bundle,), ""),
        ((ANOTHER.bundle + MADE.bundle,), ""),
        # One way that leads to us is enough.
        ((ANOTHER.bundle, MADE.bundle), ""),
        ((b"", MADE.bundle), ""),
        (None, ""),
        ((), "no webhook configuration calls us"),
        ((b"",), "holds no authority"),
        ((ANOTHER.bundle,), "would not trust our certificate"),
        ((ANOTHER.bundle, ANOTHER.bundle), "would not trust our certificate"),
    ],
)
async def test_what_api_servers_trust_decides(
    bundles: tuple[bytes, ...] | None, trouble: str
) -> None:
    async with scene(bundles) as made:
        said = await made.door().ask()
    assert said == "" if not trouble else trouble in said


async def test_a_certificate_for_another_name_is_not_trusted() -> None:
    async with scene() as made:
        said = await made.door(replace(SETTINGS, namespace="elsewhere")).ask()
    assert "would not trust" in said
    assert "metallb-webhooks.elsewhere.svc" in said


@pytest.mark.parametrize(
    ("verdict", "blind"),
    [
        (Verdict(allowed=True), ""),
        (Verdict(allowed=False, message="something else"), ""),
        (REFUSED, "not listed yet: BGPPeer"),
    ],
)
async def test_another_answer_than_the_right_one_is_told(verdict: Verdict, blind: str) -> None:
    async with scene() as made:
        made.verdict, made.blind = verdict, blind
        assert "does not refuse" in await made.door().ask()


async def test_a_port_that_is_closed_is_told() -> None:
    async with scene() as made:
        pass
    assert "does not answer" in await made.door().ask()


async def test_what_is_asked_is_neither_counted_nor_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    async with scene() as made:
        assert await made.door().ask() == ""
        assert len(made.asked) == 1
        assert "reviews_total{" not in made.metrics.text().decode()
    assert "denied" not in caplog.text


async def test_it_is_kept_current_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async with scene() as made, asyncio.timeout(10):
        door = made.door()
        assert door.trouble  # nothing is known yet
        asking = asyncio.create_task(door.run())
        for bundles, is_well in [
            ((MADE.bundle,), True),
            ((ANOTHER.bundle,), False),
            ((MADE.bundle,), True),
        ]:
            made.bundles = bundles
            await until(lambda: is_well is not bool(door.trouble))  # noqa: B023 - awaited here
        asking.cancel()
    assert caplog.text.count("would not trust") == 1


async def test_one_failure_alone_is_not_told() -> None:
    """A certificate and what is to be trusted change one after the other."""
    async with scene() as made, asyncio.timeout(10):
        door = made.door()
        asking = asyncio.create_task(door.run())
        await until(lambda: not door.trouble)
        made.verdict = Verdict(allowed=True)
        before = len(made.asked)
        await until(lambda: len(made.asked) > before)
        made.verdict = REFUSED
        while len(made.asked) < before + 3:
            assert door.trouble == ""
            await asyncio.sleep(0.01)
        asking.cancel()


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    async with scene() as made:
        assert await made.door().ask() == ""


@pytest.mark.parametrize("address", ["::1", "127.0.0.1"])
async def test_without_a_host_it_is_reached_by_every_family(address: str) -> None:
    """Pods of a cluster of IPv6 alone have no other address."""
    settings = Settings(NAMESPACE, port=free_port(), address=address)
    made = Scene((MADE.bundle,))
    async with listening(made.front(), made.serving, settings) as made.port:
        assert await made.door(settings).ask() == ""
