"""MetalLB's own webhook server, asked over HTTPS.

Its port is fixed at 9443 on all interfaces, so that one can run at a time. Source: MetalLB 0.16.1,
controller/main.go and internal/k8s.
"""

import asyncio
import fcntl
import itertools
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson

from cluster.binaries import binary, cache
from cluster.pki import Authority
from metallb_crds.backend import Backend
from support.api import write_kubeconfig
from support.parity.kinds import KINDS
from support.parity.stub import POD, Stub
from support.parity.worlds import Case, World
from support.processes import Process, free_port, running
from support.reviews import body, review
from support.samples import NAMESPACE
from support.waiting import wait_for

PORT: Final = 9443
START_SECONDS: Final = 60
AT_ONCE: Final = 8


class OracleError(AssertionError):
    """MetalLB's webhook server did not come up, or gave no answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What MetalLB says.

    Attributes:
        message: why not, for people.
    """

    allowed: bool
    code: int = 200
    message: str = ""
    warnings: tuple[str, ...] = ()


class Oracle:
    """One running webhook server of MetalLB, and the world that it sees."""

    def __init__(self, stub: Stub, session: aiohttp.ClientSession, process: Process) -> None:
        self._stub = stub
        self._session = session
        self._process = process

    async def judge(self, world: World, cases: Iterable[Case]) -> list[Answer]:
        """Return the answers to reviews in one world, in their order."""
        self._stub.show(world)
        try:
            return list(await asyncio.gather(*map(self._ask, cases)))
        except aiohttp.ClientConnectionError as error:
            state = "runs" if self._process.alive else "has ended"
            log = self._process.tail()
            raise OracleError(f"{error!r}; {self._process.name} {state}:\n{log}") from error

    async def _ask(self, case: Case) -> Answer:
        new, old = (None if one is None else dict(one) for one in (case.new, case.old))
        async with self._session.post(
            KINDS[case.kind].path,
            data=body(review(new, old)),
            headers={"Content-Type": "application/json"},
        ) as response:
            text = await response.read()
            if response.status != 200:
                raise OracleError(f"HTTP {response.status}: {text[:500]!r}")
        return _answer(orjson.loads(text)["response"])


@asynccontextmanager
async def oracle(backend: Backend, folder: Path) -> AsyncIterator[Oracle]:
    """Run MetalLB's webhook server for a backend until the end of the block.

    Raises:
        OracleError: it does not come up, or asked for something that the stub does not serve.
    """
    stub = Stub()
    authority = Authority.create(folder / "pki")
    process = _process(backend, folder, await stub.start(), authority)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(stub.stop)
        await stack.enter_async_context(port_to_ourselves())
        stack.enter_context(running(process))
        session = await stack.enter_async_context(_session(authority.pair.certificate))
        await _ready(session, process)
        yield Oracle(stub, session, process)
    if stub.strange:
        raise OracleError(f"not served by the stub: {', '.join(sorted(set(stub.strange)))}")


@asynccontextmanager
async def port_to_ourselves() -> AsyncIterator[None]:
    """Wait until nothing on this machine listens on the port, and keep others from it.

    Raises:
        DeadlineError: something that does not take part in this still listens on the port.
    """
    with (cache() / "metallb-webhook-port.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        await asyncio.to_thread(wait_for, f"port {PORT} is free", _is_free, seconds=START_SECONDS)
        yield


def _is_free() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", PORT)) != 0


def _session(authority: Path) -> aiohttp.ClientSession:
    # Whoever else should listen on the port has another certificate.
    tls = ssl.create_default_context(cafile=authority)
    return aiohttp.ClientSession(
        f"https://127.0.0.1:{PORT}",
        connector=aiohttp.TCPConnector(ssl=tls, limit=AT_ONCE),
        timeout=aiohttp.ClientTimeout(total=30),
    )


def _process(backend: Backend, folder: Path, api_port: int, authority: Authority) -> Process:
    """Describe the process; it reads its certificate from below TMPDIR."""
    pair = authority.issue("serving", "metallb-webhook-service")
    certificates = folder / "k8s-webhook-server" / "serving-certs"
    certificates.mkdir(parents=True)
    (certificates / "tls.crt").write_bytes(pair.certificate.read_bytes())
    (certificates / "tls.key").write_bytes(pair.key.read_bytes())
    kubeconfig = write_kubeconfig(folder / "kubeconfig", f"http://127.0.0.1:{api_port}")
    return Process(
        name=f"metallb-controller-{backend}",
        command=(
            str(binary("metallb-controller")),
            "--webhook-mode=onlywebhook",
            "--disable-cert-rotation",
            f"--namespace={NAMESPACE}",
            f"--pod-name={POD}",
            f"--port={free_port()}",
            f"--health-probe-port={free_port()}",
            f"--kubeconfig={kubeconfig}",
            "--log-level=error",
        ),
        log=folder / "log",
        environment={
            "METALLB_BGP_TYPE": backend.value,
            "TMPDIR": str(folder),
            "METALLB_ML_SECRET_NAME": "",
        },
    )


async def _ready(session: aiohttp.ClientSession, process: Process) -> None:
    """Wait until it answers on its port: it listens before that, and reports health later."""
    async with asyncio.timeout(START_SECONDS):
        for attempt in itertools.count():
            if not process.alive:
                raise OracleError(f"{process.name} has ended:\n{process.tail()}")
            try:
                async with session.get("/"):
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(min(0.05 * (attempt + 1), 0.5))


def _answer(response: dict[str, Any]) -> Answer:
    status = response.get("status") or {}
    return Answer(
        allowed=response["allowed"],
        code=int(status.get("code", 200)),
        message=str(status.get("message") or status.get("reason") or ""),
        warnings=tuple(response.get("warnings") or ()),
    )
