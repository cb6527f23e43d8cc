"""Follow the cluster: watch caches of what we apply, of pods and of nodes."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from metallb_kube.cache import Reflector
from metallb_kube.client import KubeClient, WatchEvent
from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_kube.resources import Resource, resource_for
from metallb_operator.observation import Observation
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
        changed: set whenever something has changed; whoever waits for it clears it.
    """

    def __init__(self, client: KubeClient, namespace: str) -> None:
        """Describe what to follow: a namespace, and the nodes of the cluster."""
        self._client = client
        self._namespace = namespace
        self._objects: dict[ObjectRef, Manifest] = {}
        self.changed = asyncio.Event()
        resources = [resource_for(*kind) for kind in (*_APPLIED, ("v1", "Pod"))]
        self._reflectors = [
            *(self._reflector(resource, namespace) for resource in resources),
            self._reflector(resource_for("v1", "Node"), None),
        ]

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for reflector in self._reflectors:
                tasks.create_task(reflector.run())

    @property
    def synced(self) -> bool:
        """Whether everything was listed once."""
        return all(reflector.synced.is_set() for reflector in self._reflectors)

    async def wait_synced(self) -> None:
        """Wait until everything was listed once: what is missing before may only be unseen."""
        await asyncio.gather(*(reflector.synced.wait() for reflector in self._reflectors))

    @property
    def last_heard(self) -> float:
        """Monotonic time at which the quietest watch was heard of last."""
        return min(reflector.last_seen for reflector in self._reflectors)

    def observation(self, warnings: Iterable[Manifest] = ()) -> Observation:
        """Return everything as it is known now."""
        kinds: dict[str, list[Manifest]] = {"Pod": [], "Node": []}
        objects = {}
        for ref, manifest in self._objects.items():
            if ref.kind in kinds:
                kinds[ref.kind].append(manifest)
            else:
                objects[ref] = manifest
        return Observation(objects, tuple(kinds["Pod"]), tuple(kinds["Node"]), tuple(warnings))

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

    def learn(self, stored: Iterable[Manifest]) -> None:
        """Take in what our own writes returned, which the watches may show only later."""
        for manifest in stored:
            self._put(manifest)

    def _reflector(self, resource: Resource, namespace: str | None) -> Reflector:
        return Reflector(
            self._client,
            resource,
            namespace,
            partial(self._replaced, resource),
            self._happened,
            absent_is_empty=resource.api_version.startswith(_OPTIONAL),
        )

    def _replaced(self, resource: Resource, items: Sequence[Manifest]) -> None:
        found = {ref_of(item) for item in items}
        for ref in [ref for ref in self._objects if _is_of(ref, resource) and ref not in found]:
            del self._objects[ref]
            self.changed.set()
        for item in items:
            self._put(item)

    def _happened(self, event: WatchEvent) -> None:
        if event.type != "DELETED":
            self._put(event.object)
            return
        known = self._objects.get(ref_of(event.object))
        if known is not None and not _is_newer(known, event.object):
            del self._objects[ref_of(event.object)]
            self.changed.set()

    def _put(self, manifest: Manifest) -> None:
        ref = ref_of(manifest)
        kept = reduced(manifest)
        known = self._objects.get(ref)
        if known is not None and _is_newer(known, kept):
            return
        if known != kept:
            self._objects[ref] = kept
            self.changed.set()


def _is_of(ref: ObjectRef, resource: Resource) -> bool:
    return ref.kind == resource.kind and ref.api_version == resource.api_version


def _is_newer(known: Manifest, other: Manifest) -> bool:
    """Whether what is known is younger: our own write, and a watch that lags behind it.

    resourceVersions of one kind can be compared as integers (KEP-5504, Kubernetes 1.35).
    """
    return _version(known) > _version(other)


def _version(manifest: Manifest) -> int:
    text = str(manifest["metadata"].get("resourceVersion") or "")
    return int(text) if text.isdigit() else 0
