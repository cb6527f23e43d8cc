"""Follow the cluster: watch caches of what we apply, of pods and of nodes."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from metallb_kube.cache import Reflector
from metallb_kube.client import KubeClient, WatchEvent
from metallb_kube.errors import KubeError, NotFoundError
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_kube.resources import Resource, resource_for
from metallb_operator.fields import is_terminating, name_of, text_at
from metallb_operator.observation import Observation
from metallb_operator.plan import Delete
from metallb_operator.reduce import reduced

_APPLIED: Final[Sequence[tuple[str, str]]] = (
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("monitoring.coreos.com/v1", "PodMonitor"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
)
_OPTIONAL: Final = "monitoring.coreos.com/"


class Observer:
    """Keeps an `Observation` current, and says when it has changed.

    Attributes:
        changed: set when something has changed; a new event takes its place then. Who wants to
            miss nothing takes it before looking.
    """

    def __init__(self, client: KubeClient, namespace: str) -> None:
        """Describe what to follow: a namespace, and the nodes of the cluster."""
        self._client = client
        self._namespace = namespace
        self._objects: dict[ObjectRef, Manifest] = {}
        self._heard: dict[tuple[str, str], int] = {}
        self.changed = asyncio.Event()
        resources = [resource_for(*kind) for kind in (*_APPLIED, ("v1", "Pod"))]
        self._identities = self._reflector(resource_for("v1", "ServiceAccount"), namespace)
        self._reflectors = [
            *(self._reflector(resource, namespace) for resource in resources),
            self._identities,
            self._reflector(resource_for("v1", "Node"), None),
        ]

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for reflector in self._reflectors:
                tasks.create_task(reflector.run())

    def tell(self) -> None:
        """Wake whoever waits for a change."""
        told, self.changed = self.changed, asyncio.Event()
        told.set()

    @property
    def synced(self) -> bool:
        """Whether everything was listed once."""
        return all(reflector.synced.is_set() for reflector in self._reflectors)

    async def wait_synced(self) -> None:
        """Wait until everything was listed once: what is missing before may only be unseen."""
        await asyncio.gather(*(reflector.synced.wait() for reflector in self._reflectors))

    @property
    def refused(self) -> Mapping[str, KubeError]:
        """What the API server does not let us follow, and why: of it the news does not come."""
        return {r.resource.plural: r.refused for r in self._reflectors if r.refused}

    @property
    def last_heard(self) -> float:
        """Monotonic time at which the quietest watch was heard of last."""
        return min(reflector.last_seen for reflector in self._reflectors)

    def observation(self) -> Observation:
        """Return everything as it is known now, but for what only `explained` reads."""
        kinds: dict[str, list[Manifest]] = {"Pod": [], "Node": [], "ServiceAccount": []}
        objects = {}
        for ref, manifest in self._objects.items():
            if ref.kind in kinds:
                kinds[ref.kind].append(manifest)
            else:
                objects[ref] = manifest
        known = self._identities.synced.is_set() and not self._identities.refused
        identities = {name_of(one): one for one in kinds["ServiceAccount"]} if known else None
        pods, nodes = tuple(kinds["Pod"]), tuple(kinds["Node"])
        return Observation(objects, pods, nodes, identities=identities)

    async def explained(self) -> Observation:
        """Return everything, with what may say why something is missing: read now, not followed."""
        warnings = await self.warnings()
        seen = self.observation()
        accounts = None if seen.identities is None else frozenset(seen.identities)
        return replace(seen, warnings=warnings, accounts=accounts)

    async def warnings(self) -> tuple[Manifest, ...]:
        """Read the Events of type Warning; none if they cannot be read."""
        try:
            listing = await self._client.list(
                resource_for("v1", "Event"),
                namespace=self._namespace,
                field_selector="type=Warning",
            )
        except KubeError:
            return ()
        return listing.items

    def learn(self, stored: Iterable[Manifest], deleted: Iterable[Delete] = ()) -> None:
        """Take in what our own writes have done, which the watches may show only later.

        Args:
            stored: objects as the API server returned them.
            deleted: what it was asked to delete; that counts as being deleted from now on.
        """
        for manifest in stored:
            # What a watch has passed by it has shown, and perhaps its deletion since.
            if _version(manifest) > self._heard.get(_kind(ref_of(manifest)), 0):
                self._put(manifest)
        for step in deleted:
            self._expect_end(step)

    def _expect_end(self, step: Delete) -> None:
        known = self._objects.get(step.ref)
        if known is None or text_at(known, "metadata", "uid") != step.uid or is_terminating(known):
            return
        metadata = {**known["metadata"], "deletionTimestamp": "asked for"}
        self._objects[step.ref] = {**known, "metadata": metadata}

    def _reflector(self, resource: Resource, namespace: str | None) -> Reflector:
        return Reflector(
            self._client,
            resource,
            namespace,
            partial(self._replaced, resource),
            self._happened,
            keep=reduced,
            absent_is_empty=resource.api_version.startswith(_OPTIONAL),
            on_refusal=self.tell,
        )

    def _replaced(self, resource: Resource, items: Sequence[Manifest]) -> None:
        """Take a list for the truth, even an older one: etcd may have been restored."""
        kind = (resource.api_version, resource.kind)
        listed = {ref_of(item): item for item in items}
        known = {ref: item for ref, item in self._objects.items() if _kind(ref) == kind}
        self._heard[kind] = max(map(_version, items), default=0)
        if known != listed:
            for ref in known:
                del self._objects[ref]
            self._objects |= listed
            self.tell()

    def _happened(self, event: WatchEvent) -> None:
        ref = ref_of(event.object)
        version = _version(event.object)
        self._heard[_kind(ref)] = max(version, self._heard.get(_kind(ref), 0))
        if event.type != "DELETED":
            self._put(event.object)
            return
        known = self._objects.get(ref)
        if known is not None and _version(known) <= version:
            del self._objects[ref]
            self.tell()

    def _put(self, manifest: Manifest) -> None:
        """Take in one object, unless what is known is younger: our own write, before its event."""
        ref = ref_of(manifest)
        kept = reduced(manifest)
        known = self._objects.get(ref)
        if known is not None and _version(known) > _version(kept):
            return
        if known != kept:
            self._objects[ref] = kept
            self.tell()


async def observe_once(client: KubeClient, namespace: str) -> Observation:
    """List everything that an `Observer` follows, once.

    Raises:
        KubeError: something cannot be read; kinds of the Prometheus operator that are not
            installed count as empty.
    """
    objects: dict[ObjectRef, Manifest] = {}
    for kind in _APPLIED:
        try:
            listing = await client.list(resource_for(*kind), namespace=namespace, keep=reduced)
        except NotFoundError:
            if not kind[0].startswith(_OPTIONAL):
                raise
        else:
            objects |= {ref_of(item): item for item in listing.items}
    pods = await client.list(resource_for("v1", "Pod"), namespace=namespace, keep=reduced)
    nodes = await client.list(resource_for("v1", "Node"), keep=reduced)
    return Observation(objects, pods.items, nodes.items)


def _kind(ref: ObjectRef) -> tuple[str, str]:
    return ref.api_version, ref.kind


def _version(manifest: Manifest) -> int:
    """Return the resourceVersion; those of one kind grow (KEP-5504, Kubernetes 1.35)."""
    text = str(manifest["metadata"].get("resourceVersion") or "")
    return int(text) if text.isdigit() else 0
