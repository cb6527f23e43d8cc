"""Who may read metrics, where that is asked: whoever may `get` the path /metrics in this cluster.

Source: Kubernetes documentation, TokenReview (authentication.k8s.io/v1) and SubjectAccessReview
(authorization.k8s.io/v1). MetalLB's own processes ask the same about theirs.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError

logger = logging.getLogger(__name__)

PATH: Final = "/metrics"

_KEPT_SECONDS: Final = 60.0
_MOST_KEPT: Final = 64
_AT_ONCE: Final = 2
_BEARER: Final = "bearer "
_USER_FIELDS: Final = {"username": "user", "groups": "groups", "uid": "uid", "extra": "extra"}
"""Fields of a TokenReview's user by those of a SubjectAccessReview."""


class MetricsAccess:
    """Asks the API server about bearer tokens, and remembers its answers for a minute."""

    def __init__(self, client: KubeClient, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any answer.

        Args:
            client: of a process that may create TokenReviews and SubjectAccessReviews.
            clock: monotonic seconds.
        """
        self._client = client
        self._clock = clock
        self._known: dict[bytes, tuple[HTTPStatus, float]] = {}
        # Whoever sends any tokens has the API server asked about all of them.
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def status(self, authorization: str) -> HTTPStatus:
        """Return what is answered: 200 to who may read, 401, 403, or 503 if that is not known.

        Args:
            authorization: the header of this name; "" if there is none.
        """
        if not authorization.lower().startswith(_BEARER):
            return HTTPStatus.UNAUTHORIZED
        token = authorization[len(_BEARER) :].strip()
        key = hashlib.sha256(token.encode(errors="replace")).digest()
        async with self._turn:
            found, until = self._known.get(key, (None, 0.0))
            if found is not None and self._clock() < until:
                return found
            try:
                answer = await self._asked(token)
            except KubeError as error:
                logger.warning("who may read metrics cannot be found out: %s", error)
                return HTTPStatus.SERVICE_UNAVAILABLE
            self._keep(key, answer)
        return answer

    async def _asked(self, token: str) -> HTTPStatus:
        review = await self._client.create(
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenReview",
                "spec": {"token": token},
            }
        )
        status = _status_of(review)
        if status.get("authenticated") is not True:
            return HTTPStatus.UNAUTHORIZED
        user = status.get("user") or {}
        access = await self._client.create(
            {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {
                    **{field: user[name] for name, field in _USER_FIELDS.items() if name in user},
                    "nonResourceAttributes": {"path": PATH, "verb": "get"},
                },
            }
        )
        allowed = _status_of(access).get("allowed") is True
        return HTTPStatus.OK if allowed else HTTPStatus.FORBIDDEN

    def _keep(self, key: bytes, answer: HTTPStatus) -> None:
        self._known.pop(key, None)
        while len(self._known) >= _MOST_KEPT:
            del self._known[next(iter(self._known))]
        self._known[key] = answer, self._clock() + _KEPT_SECONDS


def _status_of(review: Mapping[str, Any]) -> Mapping[str, Any]:
    return review.get("status") or {}
