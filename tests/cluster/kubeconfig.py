"""Kubeconfig files: who connects to which API server, and with what."""

import json
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.pki import Pair


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An API server and the authority that signed its certificate."""

    url: str
    authority: Path


def with_certificate(endpoint: Endpoint, path: Path, pair: Pair) -> Path:
    """Write a kubeconfig whose user shows a client certificate."""
    return _write(
        endpoint,
        path,
        {
            "client-certificate-data": _encoded(pair.certificate),
            "client-key-data": _encoded(pair.key),
        },
    )


def with_token(endpoint: Endpoint, path: Path, token: str, namespace: str) -> Path:
    """Write a kubeconfig whose user shows a bearer token."""
    return _write(endpoint, path, {"token": token}, namespace)


def for_webhooks(path: Path, pair: Pair) -> Path:
    """Write a kubeconfig that tells an API server what to show to webhooks, whichever they are."""
    user = {
        "client-certificate-data": _encoded(pair.certificate),
        "client-key-data": _encoded(pair.key),
    }
    content = {"apiVersion": "v1", "kind": "Config", "users": [{"name": "*", "user": user}]}
    path.write_text(json.dumps(content))
    return path


def _write(
    endpoint: Endpoint, path: Path, user: dict[str, str], namespace: str = "default"
) -> Path:
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "test",
                "cluster": {
                    "server": endpoint.url,
                    "certificate-authority-data": _encoded(endpoint.authority),
                },
            }
        ],
        "users": [{"name": "user", "user": user}],
        "contexts": [
            {
                "name": "test",
                "context": {"cluster": "test", "user": "user", "namespace": namespace},
            }
        ],
        "current-context": "test",
    }
    path.write_text(json.dumps(content))  # JSON is YAML
    path.chmod(0o600)
    return path


def _encoded(path: Path) -> str:
    return b64encode(path.read_bytes()).decode()
