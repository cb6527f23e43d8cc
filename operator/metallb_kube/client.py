"""The one client: get, list, watch, apply, create, replace, patch and delete by raw JSON.

Errors are those of `metallb_kube.errors`, never the transport's. Nothing is retried here:
the caller knows whether a second attempt makes sense.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeAlias, get_args

import orjson

from metallb_kube.errors import (
    FencedError,
    GoneError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
    error_from,
)
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_kube.patience import PATIENCE, Patience
from metallb_kube.resources import Resource, resource_for
from metallb_kube.transport import Call, Transport

PAGE: Final = 500
"""The most objects that are asked for at a time."""
FIRST_PAGE: Final = 50
PAGE_BYTES: Final = 2**20
"""A page that is longer is not read to its end: objects are up to 1.5 MB each, and anybody who may
create some in one namespace decides how long a page of the whole cluster is. Decoded it takes some
ten times as much."""
_LONGEST_OBJECT: Final = 2**25
"""Many times what etcd stores of one: control characters take six times as much as JSON."""
_METADATA: Final = "g=meta.k8s.io;v=v1"
WATCH_SECONDS: Final = 300
MERGE_PATCH: Final = "application/merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"

EventType: TypeAlias = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
_EVENT_TYPES: Final[frozenset[str]] = frozenset(get_args(EventType))


@dataclass(frozen=True, slots=True)
class Listing:
    """Every object of a collection at one moment.

    Attributes:
        resource_version: where a watch goes on from.
    """

    items: tuple[Manifest, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a collection.

    Attributes:
        resource_version: of the whole collection.
    """

    items: tuple[Manifest, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One line of a watch. A bookmark's object carries a resourceVersion and nothing else."""

    type: EventType
    object: Manifest


class KubeClient:
    """Speaks to one API server; safe to share between tasks of one event loop."""

    def __init__(
        self,
        transport: Transport,
        patience: Patience = PATIENCE,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._transport = transport
        self._patience = patience
        self._may_write = may_write

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        kubeconfig: Path | None,
        context: str | None = None,
        *,
        patience: Patience = PATIENCE,
    ) -> AsyncIterator[Self]:
        """Open a client and close it at the end of the block; sends nothing by itself.

        Args:
            kubeconfig: the file to read; None inside a pod.
            context: of the kubeconfig; its current one if None.
            patience: how long the API server is waited for.

        Raises:
            ConfigurationError: the configuration cannot be read.
        """
        transport = await Transport.open(kubeconfig, context)
        try:
            yield cls(transport, patience)
        finally:
            await transport.close()

    def fenced(self, may_write: Callable[[], bool]) -> Self:
        """Return a client over the same connections whose writes are FencedErrors unless allowed.

        Args:
            may_write: asked immediately before every request that is no GET.
        """
        return type(self)(self._transport, self._patience, may_write)

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        return self._transport.requests

    @property
    def outage(self) -> str:
        """Why the API server could not be asked last; "" if it answered."""
        return self._transport.outage.cause

    @property
    def back(self) -> asyncio.Event:
        """Set when the API server answers again after it did not; get hold of it before asking."""
        return self._transport.outage.back

    @property
    def tls(self) -> ssl.SSLContext:
        """What connections to the API server are made with, for a client that is not ours."""
        return self._transport.tls

    @property
    def time(self) -> datetime | None:
        """When the last answer was sent, by the API server's clock; None if it did not say."""
        try:
            found = parsedate_to_datetime(self._transport.date)
        except ValueError:
            return None
        return found if found.tzinfo else None

    async def version(self) -> Manifest:
        """Return what the API server says of itself: `major`, `minor`, `gitVersion`."""
        return await self._call("GET", "/version")

    async def get(self, ref: ObjectRef) -> Manifest | None:
        """Return an object, or None where it (or its kind) does not exist."""
        try:
            return await self._call("GET", _path(ref))
        except NotFoundError:
            return None

    async def list(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
        keep: Callable[[Manifest], Manifest] = lambda item: item,
    ) -> Listing:
        """Return a whole collection, of one consistent state.

        Items carry apiVersion and kind, which the API server leaves out for built-in kinds.

        Args:
            resource: which kind.
            namespace: None for all namespaces.
            label_selector: restricts the collection, as in kubectl.
            field_selector: the same by fields.
            metadata_only: items are without spec and status.
            keep: what is kept of an item; asked page by page, so that no more than a page is
                held whole.

        Raises:
            NotFoundError: the kind is not served.
        """

        async def read() -> Listing:
            items: list[Manifest] = []
            version = ""
            pages = self.pages(
                resource,
                namespace=namespace,
                label_selector=label_selector,
                field_selector=field_selector,
                metadata_only=metadata_only,
            )
            async with aclosing(pages):
                async for page in pages:
                    items.extend(map(keep, page.items))
                    version = page.resource_version
            return Listing(tuple(items), version)

        try:
            return await read()
        except GoneError:
            # Pages expire when compaction, which comes every five minutes, overtakes them.
            return await read()

    async def pages(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
    ) -> AsyncGenerator[Page, None]:
        """Yield a collection page by page; the next one is asked for when this one was used.

        Pages are cut to what `PAGE_BYTES` hold, or to one object. Arguments as of `list`.

        Raises:
            GoneError: it took so long that the rest of this state is not kept any more.
            NotFoundError: the kind is not served.
        """
        query = _present(labelSelector=label_selector, fieldSelector=field_selector)
        accept = f"application/json;as=PartialObjectMetadataList;{_METADATA}"
        call = Call("GET", resource.path(namespace))
        call = replace(call, accept=accept) if metadata_only else call
        limit, token = FIRST_PAGE, ""
        while True:
            paged = {**query, "limit": str(limit), **_present(**{"continue": token})}
            most = PAGE_BYTES if limit > 1 else _LONGEST_OBJECT
            try:
                page, length = await self._transport.measured(
                    replace(call, query=paged), self._patience, most
                )
            except TooLargeError:
                if limit == 1:
                    raise
                limit //= 2
                continue
            if length < PAGE_BYTES // 4:
                limit = min(2 * limit, PAGE)
            metadata = page.get("metadata") or {}
            items = tuple(_typed(resource, item) for item in page.pop("items", None) or ())
            del page
            yield Page(items, str(metadata.get("resourceVersion") or ""))
            del items
            token = metadata.get("continue") or ""
            if not token:
                return

    async def watch(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        resource_version: str,
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
        opened: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[WatchEvent, None]:
        """Yield what happens to a collection after `resource_version`.

        Ends when the server closes the watch, which it does within some minutes. `opened` is
        called when the server has accepted it. With `metadata_only` objects come without spec
        and status.

        Raises:
            GoneError: list anew; the version is too old.
            UnavailableError: the connection broke.
            SilentError: it stayed silent.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(WATCH_SECONDS),
            **_present(
                resourceVersion=resource_version,
                labelSelector=label_selector,
                fieldSelector=field_selector,
            ),
        }
        accept = f"application/json;as=PartialObjectMetadata;{_METADATA}"
        call = Call("GET", resource.path(namespace), query)
        call = replace(call, accept=accept) if metadata_only else call
        # Closed explicitly, so that a consumer that stops half way leaves no open connection.
        lines = self._transport.lines(call, self._patience, opened)
        async with aclosing(lines):
            async for line in lines:
                yield _event(resource, line)

    async def apply(
        self,
        manifest: Manifest,
        *,
        field_manager: str,
        force: bool = True,
        dry_run: bool = False,
        subresource: str | None = None,
    ) -> Manifest:
        """Apply a manifest server-side (KEP-555) and return the object as stored.

        With `force`, fields that another manager owns are taken over; without it that is a
        ConflictError. `dry_run` does everything but storing, admission included.
        """
        query = {"fieldManager": field_manager, "force": str(force).lower(), **_dry(dry_run)}
        path = _path(ref_of(manifest), subresource)
        return await self._call("PATCH", path, query=query, body=manifest, content=APPLY_PATCH)

    async def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Create an object; metadata.generateName, or no metadata at all, will do.

        Raises:
            AlreadyExistsError: the name is taken.
        """
        resource = resource_for(manifest["apiVersion"], manifest["kind"])
        path = resource.path((manifest.get("metadata") or {}).get("namespace"))
        return await self._call("POST", path, query=_dry(dry_run), body=manifest)

    async def replace(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Replace an object; with a resourceVersion in it, only if nobody else has written.

        Raises:
            ConflictError: somebody else has.
        """
        path = _path(ref_of(manifest))
        return await self._call("PUT", path, query=_dry(dry_run), body=manifest)

    async def patch(
        self,
        ref: ObjectRef,
        body: object,
        *,
        content_type: str = MERGE_PATCH,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Manifest:
        """Patch an object and return it as stored."""
        path = _path(ref, subresource)
        return await self._call("PATCH", path, query=_dry(dry_run), body=body, content=content_type)

    async def delete(
        self,
        ref: ObjectRef,
        *,
        uid: str | None = None,
        propagation: str = "Background",
        dry_run: bool = False,
    ) -> bool:
        """Delete an object; False when it was gone already.

        With `uid` only that incarnation is deleted; another one is a ConflictError.
        """
        options: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
        }
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            await self._call("DELETE", _path(ref), query=_dry(dry_run), body=options)
        except NotFoundError:
            return False
        return True

    async def evict(self, ref: ObjectRef, *, uid: str) -> None:
        """Have a pod deleted as its PodDisruptionBudget allows (policy/v1, Eviction).

        Raises:
            ThrottledError: the budget does not allow it now.
            ConflictError: it is another pod of that name.
            NotFoundError: it is gone.
        """
        eviction = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": ref.name, "namespace": ref.namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        }
        await self._call("POST", _path(ref, "eviction"), body=eviction)

    async def server_version(self) -> str:
        """Return the API server's version, "v1.35.4"."""
        return str((await self._call("GET", "/version")).get("gitVersion") or "")

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object | None = None,
        content: str = "application/json",
    ) -> dict[str, Any]:
        call = Call(method, path, query, body, content)
        if method != "GET" and not self._may_write():
            raise FencedError(f"{call} was not sent: this process may not act any more")
        return await self._transport.call(call, self._patience)


def _path(ref: ObjectRef, subresource: str | None = None) -> str:
    path = resource_for(ref.api_version, ref.kind).path(ref.namespace, ref.name)
    return f"{path}/{subresource}" if subresource else path


def _present(**parameters: str) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value}


def _dry(dry_run: bool) -> dict[str, str]:  # noqa: FBT001 - private, named at every call
    return {"dryRun": "All"} if dry_run else {}


def _typed(resource: Resource, item: Mapping[str, Any]) -> Manifest:
    """Return an item under its kind: lists leave it out, and metadata has one of its own."""
    return {**item, "apiVersion": resource.api_version, "kind": resource.kind}


def _event(resource: Resource, line: bytes) -> WatchEvent:
    try:
        decoded = orjson.loads(line)
        kind, body = decoded["type"], decoded["object"]
        if kind == "ERROR":
            raise error_from(int(body.get("code") or 500), body)
        event = WatchEvent(kind, _typed(resource, body))
        sound = kind in _EVENT_TYPES and (kind == "BOOKMARK" or bool(ref_of(event.object)))
    except (AttributeError, KeyError, TypeError, ValueError):
        sound = False
    if not sound:
        raise UnavailableError(f"a line of the watch is no event: {line[:200]!r}")
    return event
