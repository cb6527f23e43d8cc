"""What one look at a MetalLB object works with."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from metallb_crds.meta import Resource
from metallb_kube.client import KubeClient
from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator.bgpsessions import Peer
from metallb_operator.chart import Chart
from metallb_operator.component import Component
from metallb_operator.conditions import Verdict
from metallb_operator.installations import Adoption
from metallb_operator.intent import Intent
from metallb_operator.metrics import Metrics
from metallb_operator.observation import Observation
from metallb_operator.observe import Observer
from metallb_operator.plan import Delete
from metallb_operator.reinstalling import Replaced
from metallb_operator.report import Reporter
from metallb_operator.selftest import Finding
from metallb_operator.settings import Settings
from metallb_operator.situation import Checked
from metallb_webhooks.index import ServiceInfo


def utc_now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(UTC)


async def _know_enough(_: Manifest) -> None:
    """Read nothing."""


async def _tell_nobody(_: Verdict, __: datetime) -> None:
    """Write nothing."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is asked for, and the manifests that it becomes."""

    intent: Intent
    manifests: tuple[Manifest, ...]


@dataclass(slots=True)
class Memory:
    """What is remembered of one MetalLB object between two looks; nothing that may not be lost.

    Attributes:
        applied: what was written last; repaired while what is asked for cannot be had.
        settled: stands for the declaration that was fully applied last.
        failures: how many looks in a row have failed.
        spared: seconds for which the API server has asked to be left alone after the last one.
        overdue: nodes that a change of backend does not wait for any more, as told already.
        replaced: what of other installations was deleted lately.
    """

    applied: Rendered | None = None
    settled: str = ""
    failures: int = 0
    spared: float = 0.0
    overdue: frozenset[str] = frozenset()
    replaced: Mapping[ObjectRef, Replaced] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tools:
    """The adapters, and what is judged elsewhere.

    Attributes:
        configuration: what is stored, by the rules of admission.
        admission: whether admission itself works.
        survey: reads what preflight and adoption need to know, where that is not known.
        preflight: judges the cluster.
        adoption: what other installations mean for ours.
        labels: of MetalLB's namespace; None while they are not known.
        leftovers: what speakers wrote for frr-k8s into namespaces; None while it is not known.
        configured: objects whose fields a downgrade may lose; None while they are not known.
        has_other_frr_k8s: whether somebody else's runs, as far as is known.
        has_peers: whether any BGPPeer is stored, as far as is known.
        asked_for: the sessions that speakers ask frr-k8s for, by the namespace where they do and
            by node; None while they are not known.
        services: those of type LoadBalancer; None while they are not known.
        is_departing: whether MetalLB's namespace is being deleted.
        tell_olm: has the verdict about Upgradeable written where OLM looks for it.
        now: the time, with a time zone.
    """

    client: KubeClient
    chart: Chart
    observer: Observer
    reporter: Reporter
    settings: Settings
    metrics: Metrics = field(default_factory=Metrics)
    configuration: Callable[[], Checked] = Checked
    admission: Callable[[], Finding] = Finding
    survey: Callable[[Manifest], Awaitable[None]] = _know_enough
    preflight: Callable[[Manifest, Observation], Checked] = lambda *_: Checked()
    adoption: Callable[[Manifest, Observation, Sequence[Component]], Adoption] = lambda *_: (
        Adoption()
    )
    labels: Callable[[], Mapping[str, str] | None] = lambda: None
    leftovers: Callable[[Collection[str]], tuple[Delete, ...] | None] = lambda _: ()
    configured: Callable[[], Iterable[Resource] | None] = tuple
    has_other_frr_k8s: Callable[[], bool] = lambda: False
    has_peers: Callable[[], bool] = lambda: False
    asked_for: Callable[[str], Mapping[str, frozenset[Peer]] | None] = lambda _: {}
    services: Callable[[], Iterable[ServiceInfo] | None] = tuple
    is_departing: Callable[[], bool] = lambda: False
    tell_olm: Callable[[Verdict, datetime], Awaitable[None]] = _tell_nobody
    now: Callable[[], datetime] = utc_now
