"""Put the operator together and run it: the one place that knows every part."""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import kopf

from metallb_crds.backend import Backend
from metallb_crds.meta import Resource
from metallb_crds.operator_v1beta1 import MetalLB, MetalLBSpec
from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError, NotFoundError
from metallb_kube.leases import LeaseElector
from metallb_kube.metricsaccess import MetricsAccess
from metallb_kube.resources import resource_for
from metallb_kube.seldom import Seldom
from metallb_operator import handlers
from metallb_operator.auditor import Auditor
from metallb_operator.bgpsessions import Peer, wanted_by_node
from metallb_operator.certificateowner import CertificateOwner
from metallb_operator.chart import Chart
from metallb_operator.departure import Departure
from metallb_operator.downgrade import KINDS
from metallb_operator.errors import OperatorError
from metallb_operator.health import serving
from metallb_operator.leftovers import leftovers, places
from metallb_operator.observe import Observer
from metallb_operator.operatorcondition import OperatorCondition
from metallb_operator.ownpolicies import OwnPolicies
from metallb_operator.plan import Delete
from metallb_operator.prober import Prober
from metallb_operator.releases import DEFAULT_RELEASE
from metallb_operator.reminder import Reminder
from metallb_operator.renewer import Renewer
from metallb_operator.report import Reporter
from metallb_operator.settings import LEASE_NAME, Settings
from metallb_operator.spreader import Spreader
from metallb_operator.strangers import Strangers
from metallb_operator.survey import Surveyor
from metallb_operator.tools import Tools
from metallb_operator.values import values
from metallb_webhooks.index import ServiceInfo
from metallb_webhooks.source import Source

logger = logging.getLogger(__name__)

Endless: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
"""Work that goes on until it is cancelled."""

_RETRY_SECONDS: Final = 2.0
_SILENT_SECONDS: Final = 600.0
"""Bookmarks come every minute: a watch that has been silent for so long is stuck for good."""


class LeadLostError(Exception):
    """Somebody else may act by now: this process must not."""


@dataclass(slots=True)
class _State:
    """What the probes tell, and whether this process may act.

    Attributes:
        waiting: what the process waits for before it can stand for the lead; "" after that.
        stop: set when the process is asked to end.
        started: set when kopf has started.
        leading: whether this process may act at this moment.
        behind: whether another process, which is alive, does the work.
    """

    waiting: str = "waiting for the API server"
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    leading: Callable[[], bool] = lambda: False
    behind: Callable[[], bool] = lambda: False

    def may_act(self) -> bool:
        """Ask for it now: the answer changes."""
        return self.leading()

    def unready(self) -> str:
        """Return why this process does not do what it is there for; "" if it does.

        One that stands by for another is ready, so that a rollout goes on. One that leads is ready
        once everything has started that could fail: a rollout that ends well must mean that.
        """
        if self.waiting or self.started.is_set() or self.behind():
            return self.waiting
        return "starting" if self.leading() else "waiting for the Lease metallb-operator"


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        LeadLostError: another process may lead; start anew.
        ConfigurationError: the kubeconfig cannot be read.
        ChartError: there is no helm.
        PortError: the health port cannot be had.
    """
    state = _State()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, state.stop.set)
    async with KubeClient.connect(settings.kubeconfig, patience=settings.patience) as connected:
        # Nothing but the Lease is written by a process that may not act, not even by one that was
        # stopped for a minute, goes on with what it was about to do, and has yet to hear of it.
        client = connected.fenced(state.may_act)
        observer = Observer(client, settings.namespace)
        source = Source(
            client,
            settings.namespace,
            places=lambda metallb: places(metallb, settings.namespace),
        )
        auditor = Auditor(source, client, settings.namespace, observer.tell)
        prober = Prober(client, settings.namespace, observer.tell)
        surveyor = Surveyor(client, source, settings, observer.tell)
        spreader = Spreader(client, observer, settings.namespace)
        renewer = Renewer(client, observer, lambda: _is_paused(source))
        departure = Departure(client, source, settings.namespace)
        strangers = Strangers(client, settings.namespace, lambda it: handlers.answer(it, tools))
        own_policies = OwnPolicies(client, observer, settings.namespace)
        certificate = CertificateOwner(client, settings.namespace)
        olm = OperatorCondition(client, settings.namespace, settings.operator_condition)
        tools = Tools(
            client,
            Chart(settings.helm),
            observer,
            Reporter(client),
            settings,
            configuration=lambda: auditor.checked,
            admission=lambda: prober.finding,
            survey=surveyor.survey,
            preflight=surveyor.checked,
            adoption=surveyor.adoption,
            labels=lambda: surveyor.labels,
            has_other_frr_k8s=surveyor.has_other_frr_k8s,
            leftovers=lambda namespaces: _leftovers(source, namespaces),
            configured=lambda: _configured(source),
            has_peers=lambda: _has_peers(source),
            asked_for=lambda namespace: _asked_for(source, namespace),
            services=lambda: _services(source),
            is_departing=lambda: departure.is_near,
            tell_olm=olm.tell,
        )
        async with serving(
            settings.health_host,
            settings.health_port,
            healthy=lambda: _stuck(observer),
            ready=state.unready,
            metrics=lambda: _metrics(tools),
            access=MetricsAccess(connected) if settings.metrics_authorization else None,
        ):
            beside = (
                observer.run,
                source.run,
                auditor.run,
                prober.run,
                surveyor.run,
                spreader.run,
                departure.run,
                strangers.run,
                renewer.run,
                own_policies.run,
                *([certificate.run] if settings.operator_condition else []),
            )
            await _unless_stopped(state, _lead(state, connected, tools, beside))


def _leftovers(source: Source, namespaces: Collection[str]) -> tuple[Delete, ...] | None:
    if not source.knows("FRRConfiguration", namespaces):
        return None
    return leftovers(source.store.index.objects["FRRConfiguration"].values(), namespaces)


def _is_paused(source: Source) -> bool:
    stored = source.store.index.objects["MetalLB"].values()
    return any(isinstance(one, MetalLB) and one.spec.paused for one in stored)


def _has_peers(source: Source) -> bool:
    return "BGPPeer" in source.missing or bool(source.store.index.objects["BGPPeer"])


def _asked_for(source: Source, namespace: str) -> Mapping[str, frozenset[Peer]] | None:
    if not source.knows("FRRConfiguration", {namespace}):
        return None
    return wanted_by_node(source.store.index.objects["FRRConfiguration"].values(), namespace)


def _configured(source: Source) -> tuple[Resource, ...] | None:
    kinds = [model.kind for model in KINDS]
    if not set(kinds).isdisjoint(source.missing):
        return None
    return tuple(thing for kind in kinds for thing in source.store.index.objects[kind].values())


def _services(source: Source) -> tuple[ServiceInfo, ...] | None:
    if "Service" in source.missing:
        return None
    return tuple(source.store.index.objects["Service"].values())


async def _unless_stopped(state: _State, work: Coroutine[None, None, None]) -> None:
    """Run the work to its end, or until the process is asked to end."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(state.stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
    elif not working.cancelled():
        working.result()


async def _lead(
    state: _State, connected: KubeClient, tools: Tools, beside: Sequence[Endless]
) -> None:
    await _installed(state, tools)
    await _render_defaults(tools)
    # Made before the lead is had: what cannot be made must not end somebody else's work.
    registry = handlers.registry(tools.settings.kubeconfig, connected.tls)
    state.waiting = ""
    async with _leadership(state, connected, tools.settings) as lost:
        tools.metrics.leader.set(1)
        try:
            await _act(tools, registry, beside, lost, state.started)
        except* LeadLostError as group:
            raise group.exceptions[0] from None


async def _act(
    tools: Tools,
    registry: kopf.OperatorRegistry,
    beside: Sequence[Endless],
    lost: asyncio.Event,
    started: asyncio.Event,
) -> None:
    async with asyncio.TaskGroup() as tasks:
        endless = [tasks.create_task(work()) for work in beside]
        endless.append(tasks.create_task(_raise_when(lost)))
        acting = asyncio.Lock()
        reminder = Reminder(tools.client, acting.locked)
        endless.append(tasks.create_task(reminder.run()))
        # From here on kopf listens to the signals, and returns at the first one.
        await kopf.operator(
            registry=registry,
            settings=handlers.settings(tools.settings.patience),
            memo=handlers.Memo(tools, reminder, acting),
            # Without one kopf asks for the user's name, and a container's user often has none.
            identity=tools.settings.identity,  # type: ignore[arg-type] # a str that kopf names
            ready_flag=started,
            standalone=True,
            # What is elsewhere is not served, and of unknown size: see `Strangers`.
            namespaces=[tools.settings.namespace],
        )
        for task in endless:
            task.cancel()


async def _installed(state: _State, tools: Tools) -> None:
    """Wait until the API server serves MetalLB objects: kopf looks for the kind only once."""
    resource = resource_for("metallb.io/v1beta1", "MetalLB")
    seldom = Seldom()
    while True:
        level = logging.WARNING
        try:
            await tools.client.list(resource, namespace=tools.settings.namespace)
        except NotFoundError:
            state.waiting = (
                "waiting for the CustomResourceDefinition metallbs.metallb.io, which is not"
                " installed"
            )
        except KubeError as error:
            state.waiting = f"waiting for the API server: {tools.client.outage or error}"
            level = error.level
        else:
            return
        loud = level > logging.DEBUG and seldom.due(state.waiting)
        logger.log(level if loud else logging.DEBUG, "%s", state.waiting)
        await asyncio.sleep(_RETRY_SECONDS)


async def _render_defaults(tools: Tools) -> None:
    """Run helm while nobody asks yet: most objects name no more than a backend."""
    settings = tools.settings
    # The external one cannot be had without a namespace, which no default can know.
    likely = (settings.default_backend, Backend.FRR_K8S, Backend.NATIVE, Backend.FRR)
    for backend in dict.fromkeys(likely):
        wanted = values(MetalLBSpec(), DEFAULT_RELEASE, backend, settings.images)
        try:
            await tools.chart.render(wanted, namespace=settings.namespace)
        except OperatorError as error:
            # Not the end: an object that needs it says so in its status.
            logger.warning("%s", error)
            return


@asynccontextmanager
async def _leadership(
    state: _State, connected: KubeClient, settings: Settings
) -> AsyncIterator[asyncio.Event]:
    """Wait until we lead; yields what is set when we do no longer."""
    if not settings.leader_election:
        state.leading = lambda: True
        yield asyncio.Event()
        return
    elector = LeaseElector(
        connected,
        namespace=settings.namespace,
        name=LEASE_NAME,
        identity=settings.identity,
        times=settings.lease,
        is_gone=lambda holder: _is_gone(connected, settings.namespace, holder),
    )
    state.leading, state.behind = lambda: elector.leading, lambda: elector.behind
    async with elector:
        yield elector.lost


async def _is_gone(client: KubeClient, namespace: str, holder: str) -> bool:
    """Return whether the pod of a holder does not exist: it is named by its pod and its process."""
    name, _, process = holder.rpartition("-")
    if not name or not process.isdigit():
        return False
    pods = await client.list(
        resource_for("v1", "Pod"), namespace=namespace, field_selector=f"metadata.name={name}"
    )
    return not pods.items


async def _raise_when(lost: asyncio.Event) -> None:
    await lost.wait()
    raise LeadLostError("the lease is lost: another process may act by now")


def _stuck(observer: Observer) -> str:
    # Whom the API server refuses is not stuck: the status says so, and no restart helps.
    if not observer.synced or observer.refused:
        return ""
    silent = time.monotonic() - observer.last_heard
    return f"no watch was heard of for {silent:.0f} s" if silent > _SILENT_SECONDS else ""


def _metrics(tools: Tools) -> bytes:
    tools.metrics.requests.set(tools.client.requests)
    tools.metrics.helm_runs.set(tools.chart.runs)
    return tools.metrics.text()
