"""Give kopf its credentials, and give them anew whenever the API server has refused them."""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import kopf

from metallb_kube.errors import ConfigurationError
from metallb_kube.transport import Connection, connection
from metallb_operator.tools import utc_now

_APART_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 5.0
_LASTS: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Credentials(kopf.ConnectionInfo):
    """Credentials for kopf, whose connections are made as ours are.

    kopf's own context would be as strict as Python's default, which from 3.13 on refuses the
    authorities of many clusters.
    """

    tls: ssl.SSLContext

    def as_ssl_context(self) -> ssl.SSLContext:
        """Return the context that kopf connects with."""
        return self.tls


class Login:
    """What kopf calls at its start, and after every 401.

    An API server refuses good tokens, too, while it starts or cannot reach who judges them. kopf
    takes no credentials again that were refused once, and ends when it has no others; ours are
    never equal, since each time they expire at another moment. They are read anew each time.
    """

    def __init__(
        self,
        kubeconfig: Path | None,
        tls: ssl.SSLContext,
        *,
        apart: float = _APART_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Read from where `connection` does.

        Args:
            kubeconfig: None inside a pod.
            tls: what connections are made with; takes over what changes in files.
            apart: seconds between two logins, at least: each costs a request.
            clock: monotonic seconds.
            now: the time, with a time zone.
        """
        self._kubeconfig = kubeconfig
        self._tls = tls
        self._apart = apart
        self._clock = clock
        self._now = now
        self._next = 0.0

    async def __call__(self) -> Credentials:
        """Return credentials as they are now.

        Raises:
            TemporaryError: they cannot be read.
        """
        await asyncio.sleep(max(0.0, self._next - self._clock()))
        self._next = self._clock() + self._apart
        try:
            found = await connection(self._kubeconfig)
        except ConfigurationError as error:
            raise kopf.TemporaryError(str(error), delay=_RETRY_SECONDS) from error
        return self._credentials(found, self._now() + _LASTS)

    def _credentials(self, found: Connection, expiration: datetime) -> Credentials:
        return Credentials(
            server=found.server,
            tls=self._tls,
            proxy_url=found.proxy,
            scheme="Bearer" if found.token else None,
            token=found.token,
            expiration=expiration,
        )
