"""A loopback HTTP server for what a real API server does not do on demand: transport faults."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from metallb_kube.client import KubeClient
from metallb_kube.patience import PATIENCE, Patience

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def write_kubeconfig(path: Path, server: str, authority: Path | None = None, **user: str) -> Path:
    """Write a kubeconfig for one server and one user.

    Args:
        path: the file.
        server: URL of the server.
        authority: a file of what to trust; the system's own without it.
        user: its fields.
    """
    trusted = {"certificate-authority": str(authority)} if authority else {}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": server, **trusted}}],
        "users": [{"name": "it", "user": user}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    }
    path.write_text(json.dumps(config))
    return path


@asynccontextmanager
async def answering(
    handler: Handler, folder: Path, *, patience: Patience = PATIENCE, **user: str
) -> AsyncIterator[KubeClient]:
    """Serve every path with `handler` and yield a client of that server."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        kubeconfig = write_kubeconfig(
            folder / "kubeconfig", f"http://127.0.0.1:{port}", None, **user
        )
        async with KubeClient.connect(kubeconfig, patience=patience) as client:
            yield client
    finally:
        await runner.cleanup()


def status(code: int, reason: str, message: str = "", **details: object) -> web.Response:
    """Build an error answer as the API server words it."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message or reason,
        "reason": reason,
        "code": code,
        "details": details,
    }
    return web.json_response(body, status=code)
