"""An API server that knows one small world: enough of one for MetalLB's webhook server.

MetalLB lists what is stored anew for every review. Storing each world in the embedded API server
would take a second, and this takes none, so that tens of thousands of worlds can be gone through;
nothing but these lists is replaced, and what is compared with, MetalLB's own program, is real.

It answers discovery, the pod of the process, the lists of the current world, watches (in which
nothing ever happens) and what the process writes about itself.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from support.parity.kinds import KINDS
from support.parity.worlds import World
from support.samples import NAMESPACE

POD: Final = "metallb-webhook"
GROUP: Final = "metallb.io"

_JSON: Final = "application/json"
_CORE: Final = {
    "configmaps": "ConfigMap",
    "namespaces": "Namespace",
    "nodes": "Node",
    "pods": "Pod",
    "secrets": "Secret",
    "services": "Service",
}
"""What it only has to hear of, but for nodes and pods."""
_CLUSTER_SCOPED: Final = frozenset({"Namespace", "Node"})
_STATES: Final = "configurationstates"


class Stub:
    """Serves one world at a time, the one that was shown last.

    Attributes:
        strange: what was asked for and is not served, as "METHOD path"; empty if all is well.
    """

    def __init__(self) -> None:
        self.strange: list[str] = []
        self._lists: Mapping[str, bytes] = {}
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()
        self.show(World())

    def show(self, world: World) -> None:
        """Let these objects be what is stored."""
        stored = {
            kind.plural: _list(kind.api_version, kind.name, world.of(kind.name))
            for kind in KINDS.values()
        }
        self._lists = {
            **stored,
            "nodes": _list("v1", "Node", world.nodes),
            _STATES: _list(f"{GROUP}/v1beta1", "ConfigurationState", ()),
        }

    async def start(self) -> int:
        """Listen on a free port of loopback, and return it."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """End the watches, and listen no longer."""
        self._closing.set()
        if self._runner:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if path in _DISCOVERY:
            return web.Response(body=_DISCOVERY[path], content_type=_JSON)
        name = path.rpartition("/")[2]
        if request.method == "GET" and name in self._lists:
            if request.query.get("watch"):
                return await self._watch(request)
            return web.Response(body=self._lists[name], content_type=_JSON)
        if request.method == "GET" and path == f"/api/v1/namespaces/{NAMESPACE}/pods/{POD}":
            return web.Response(body=orjson.dumps(_pod()), content_type=_JSON)
        if request.method != "GET" and f"/{_STATES}" in path:
            return web.Response(body=await request.read(), content_type=_JSON)
        self.strange.append(f"{request.method} {request.path_qs}")
        return web.Response(body=orjson.dumps(_not_found(path)), content_type=_JSON, status=404)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": _JSON})
        await response.prepare(request)
        await self._closing.wait()
        return response


def _list(api_version: str, kind: str, items: tuple[Mapping[str, Any], ...]) -> bytes:
    metadata = {"resourceVersion": "1"}
    return orjson.dumps(
        {"apiVersion": api_version, "kind": f"{kind}List", "metadata": metadata, "items": items}
    )


def _pod() -> dict[str, Any]:
    metadata = {"name": POD, "namespace": NAMESPACE, "uid": "00000000-0000-4000-8000-000000000001"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}}


def _not_found(path: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "reason": "NotFound",
        "message": f"there is no {path}",
        "code": 404,
    }


def _resource(plural: str, kind: str, *, namespaced: bool) -> dict[str, Any]:
    verbs = ["get", "list", "watch", "patch"]
    return {
        "name": plural,
        "singularName": kind.lower(),
        "kind": kind,
        "namespaced": namespaced,
        "verbs": verbs,
    }


def _resources(group_version: str, *resources: Mapping[str, Any]) -> bytes:
    return orjson.dumps(
        {
            "apiVersion": "v1",
            "kind": "APIResourceList",
            "groupVersion": group_version,
            "resources": resources,
        }
    )


def _of_version(version: str) -> bytes:
    # A peer is reviewed as v1beta2, and asked after as v1beta1 when the process starts.
    names = {kind.plural: kind.name for kind in KINDS.values()} | {
        "servicebgpstatuses": "ServiceBGPStatus",
        "servicel2statuses": "ServiceL2Status",
        _STATES: "ConfigurationState",
        f"{_STATES}/status": "ConfigurationState",
    }
    resources = (_resource(plural, name, namespaced=True) for plural, name in names.items())
    return _resources(f"{GROUP}/{version}", *resources)


def _groups() -> bytes:
    versions = [{"groupVersion": f"{GROUP}/{name}", "version": name} for name in _VERSIONS]
    group = {"name": GROUP, "versions": versions, "preferredVersion": versions[0]}
    return orjson.dumps({"apiVersion": "v1", "kind": "APIGroupList", "groups": [group]})


_VERSIONS: Final = ("v1beta1", "v1beta2")

_DISCOVERY: Final[Mapping[str, bytes]] = {
    "/api": orjson.dumps({"kind": "APIVersions", "versions": ["v1"]}),
    "/apis": _groups(),
    "/api/v1": _resources(
        "v1",
        *(
            _resource(plural, kind, namespaced=kind not in _CLUSTER_SCOPED)
            for plural, kind in _CORE.items()
        ),
    ),
    **{f"/apis/{GROUP}/{version}": _of_version(version) for version in _VERSIONS},
}
