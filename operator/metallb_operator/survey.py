"""Survey the cluster now and then: what gets in MetalLB's way is seldom new."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, suppress
from typing import Any, Final, TypeVar

from metallb_kube.client import KubeClient, Page
from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_kube.resources import resource_for
from metallb_operator.component import Component
from metallb_operator.conflicts import CALICO, CILIUM, asks_calico, matters
from metallb_operator.fields import at, count_at, text_at
from metallb_operator.installations import (
    LEFT_OVER,
    Adoption,
    Role,
    adoption,
    ignoring_of,
    is_installed,
    keeping,
    others,
    role_of,
    workloads_of,
)
from metallb_operator.intent import intent_of
from metallb_operator.kubeproxy import NAME, PLACE
from metallb_operator.observation import Observation
from metallb_operator.oldconfigmap import is_old_configuration
from metallb_operator.preflight import Facts, Survey, preflight
from metallb_operator.settings import Settings
from metallb_operator.situation import Checked, Problem
from metallb_operator.wording import stable
from metallb_operator.workload import Workload, workload_of
from metallb_webhooks.source import Source
from metallb_webhooks.speakers import is_of_a_speaker

_TROUBLED_SECONDS: Final = 30.0
_LONGEST: Final = 200
HEAVIEST: Final = 32 * 1024
"""Bytes of one workload; those that are looked for take a tenth of it."""
_MOST_NAMED: Final = 100
HEAVIEST_TOGETHER: Final = 2 * 1024 * 1024
"""Bytes of all workloads of a kind: anybody may create some, in one namespace."""

_Read = TypeVar("_Read")


class Surveyor:
    """Keeps a `Survey` current, and judges by it."""

    def __init__(
        self, client: KubeClient, source: Source, settings: Settings, tell: Callable[[], None]
    ) -> None:
        """Survey as whoever the client is.

        Args:
            client: reads.
            source: follows namespaces and what users have configured; somebody else runs it.
            settings: of the process.
            tell: called when a survey has shown something else than the one before.
        """
        self._client = client
        self._source = source
        self._settings = settings
        self._tell = tell
        self._survey: Survey | None = None
        self._known = ""
        self._generation = 0
        self._troubled = False
        self._asked = asyncio.Event()

    async def run(self) -> None:
        """Survey until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat())
            tasks.create_task(self._follow())

    async def survey(self, metallb: Manifest) -> None:
        """Survey before the first look at an object: others may have come since the last time.

        Args:
            metallb: the object as stored.
        """
        uid = text_at(metallb, "metadata", "uid")
        if uid != self._known:
            await self._read()
            self._known = uid

    async def _read(self) -> Survey:
        survey = await _Reader(self._client).read()
        if survey != self._survey:
            self._survey = survey
            self._tell()
        return survey

    async def _repeat(self) -> None:
        """Read anew: seldom while all is well, more often while it is not."""
        while True:
            self._asked.clear()
            survey = await self._read()
            troubled = self._troubled or survey.unread
            rest = self._settings.resync_seconds
            with suppress(TimeoutError):
                async with asyncio.timeout(min(rest, _TROUBLED_SECONDS) if troubled else rest):
                    await self._asked.wait()

    async def _follow(self) -> None:
        """Tell when what is watched for others makes a difference here."""
        known, announced = None, self._l2
        while True:
            changed = self._source.changed
            if known != (now := (self.labels, self._l2, self._written)):
                known = now
                self._tell()
            if announced != self._l2:
                announced = self._l2
                # How kube-proxy is set matters from now on, and may be another way by now.
                self._asked.set()
            await changed.wait()

    @property
    def _l2(self) -> Mapping[str, str]:
        """Version by name of every L2Advertisement."""
        found = self._source.store.index.objects["L2Advertisement"]
        return {name: found[name].metadata.resource_version for name in sorted(found)}

    @property
    def _written(self) -> bool:
        found = self._source.store.index.objects["FRRConfiguration"]
        return any(map(is_of_a_speaker, found.values()))

    @property
    def labels(self) -> Mapping[str, str] | None:
        """The labels of MetalLB's namespace; None if it was not seen yet."""
        seen = self._source.store.index.objects["Namespace"].get(self._settings.namespace)
        return seen.labels if seen else None

    def checked(self, metallb: Manifest, seen: Observation) -> Checked:
        """Judge the cluster for a MetalLB object; another generation of it asks for a new survey.

        Args:
            metallb: the object as stored.
            seen: MetalLB's namespace and the nodes.
        """
        generation = count_at(metallb, "metadata", "generation")
        if generation != self._generation:
            self._generation = generation
            self._asked.set()
        intent = intent_of(metallb, keeping(self._settings, metallb, seen.objects))
        if isinstance(intent, Problem) or self._survey is None:
            return Checked()
        outcome = preflight(
            Facts(
                intent=intent,
                default_backend=self._settings.default_backend,
                namespace=self._settings.namespace,
                survey=self._survey,
                labels=self.labels,
                admitted=any(map(_is_speaker, seen.pods)),
                nodes=seen.nodes,
                workloads=(*self._elsewhere(), *workloads_of(seen.objects)),
                old_configurations=tuple(_old_configurations(seen.objects)),
                l2=tuple(self._l2),
                installed=is_installed(metallb, seen.objects),
                ignoring=ignoring_of(metallb),
            )
        )
        if outcome.problems and not self._troubled:
            # From now on it is looked for more often whether that has gone.
            self._asked.set()
        self._troubled = bool(outcome.problems)
        return outcome

    def adoption(
        self, metallb: Manifest, seen: Observation, components: Iterable[Component]
    ) -> Adoption:
        """Decide what other installations of MetalLB mean for ours.

        Args:
            metallb: the object as stored.
            seen: MetalLB's namespace.
            components: the state of our workloads.
        """
        return adoption(
            metallb,
            seen.objects,
            self._elsewhere(),
            components,
            namespace=self._settings.namespace,
        )

    def has_other_frr_k8s(self) -> bool:
        """Tell whether somebody else's frr-k8s runs; what is not known counts as being there."""
        if self._survey is None or self._survey.unread:
            return True
        return bool(others(self._elsewhere(), self._settings.namespace).get(Role.FRR_K8S))

    def _elsewhere(self) -> tuple[Workload, ...]:
        found = self._survey.workloads if self._survey else ()
        return tuple(one for one in found if one.namespace != self._settings.namespace)


class _Reader:
    """Reads one survey; what cannot be read is noted, and nothing is raised."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._unread: dict[str, str] = {}
        self._omitted: list[str] = []

    async def read(self) -> Survey:
        """Read everything, in seven requests (more for many workloads, and where Calico is)."""
        workloads = (*await self._workloads("DaemonSet"), *await self._workloads("Deployment"))
        calico = any(map(asks_calico, workloads))
        return Survey(
            kubernetes=_minor(await self._try("the API server's version", self._client.version())),
            kube_proxy=await self._settings_of(NAME),
            cilium=await self._settings_of(CILIUM),
            calico=await self._settings_of(CALICO) if calico else {},
            workloads=workloads,
            webhooks=tuple([name for name in LEFT_OVER if await self._has_webhook(name)]),
            unread=self._unread,
            omitted=tuple(self._omitted),
        )

    async def _try(self, what: str, read: Awaitable[_Read]) -> _Read | None:
        try:
            return await read
        except KubeError as error:
            self._unread[what] = stable(str(error), _LONGEST)
            return None

    async def _settings_of(self, name: str) -> Mapping[str, str]:
        ref = ObjectRef("v1", "ConfigMap", PLACE, name)
        return at(await self._try(str(ref), self._client.get(ref)), "data") or {}

    async def _workloads(self, kind: str) -> tuple[Workload, ...]:
        """Read those that count; those of pages that were read stay where a later one fails."""
        kept = _Kept()
        pages = self._client.pages(resource_for("apps/v1", kind))
        await self._try(f"{kind}s of other namespaces", kept.read(pages))
        self._omitted.extend(kept.omitted)
        return tuple(kept.workloads)

    async def _has_webhook(self, name: str) -> bool:
        kind = "ValidatingWebhookConfiguration"
        ref = ObjectRef("admissionregistration.k8s.io/v1", kind, None, name)
        return await self._try(str(ref), self._client.get(ref)) is not None


class _Kept:
    """What is kept of the workloads of a kind, within bounds.

    Attributes:
        omitted: what would have to be kept, and is too large, or one too many.
    """

    def __init__(self) -> None:
        self.workloads: list[Workload] = []
        self.omitted: list[str] = []
        self._room = HEAVIEST_TOGETHER

    async def read(self, pages: AsyncGenerator[Page, None]) -> None:
        """Take in a collection, a page at a time.

        Raises:
            KubeError: it cannot be read to its end.
        """
        async with aclosing(pages):
            async for page in pages:
                for item in page.items:
                    self._take(workload_of(item))

    def _take(self, workload: Workload) -> None:
        if not _counts(workload):
            return
        weight = workload.weight
        if weight <= min(HEAVIEST, self._room):
            self._room -= weight
            self.workloads.append(workload)
        elif len(self.omitted) < _MOST_NAMED:
            self.omitted.append(str(workload))


def _counts(workload: Workload) -> bool:
    """Whether a check could say anything of a workload; thousands of others are not kept."""
    known = matters(workload) or role_of(workload) is not None
    return known or bool(workload.ports) or workload.name == NAME


def _old_configurations(observed: Mapping[ObjectRef, Manifest]) -> Iterator[str]:
    for ref in sorted(observed, key=lambda ref: ref.name):
        if ref.kind == "ConfigMap" and is_old_configuration(observed[ref]):
            yield ref.name


def _is_speaker(pod: Manifest) -> bool:
    labels = at(pod, "metadata", "labels") or {}
    return (labels.get("app"), labels.get("component")) == ("metallb", "speaker")


def _minor(version: Any) -> int | None:  # noqa: ANN401 - JSON
    """Return the minor version; distributions append a sign ("31+")."""
    found = re.match(r"\d+", str(at(version, "minor") or ""))
    return int(found[0]) if found else None
