"""Give kopf its credentials, and give them anew whenever the API server has refused them."""

import asyncio
import time
from collections.abc import Callable
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


class Login:
    """What kopf calls at its start, and after every 401.

    An API server refuses good tokens, too, while it starts or cannot reach who judges them. kopf
    takes no credentials again that were refused once, and ends when it has no others; ours are
    never equal, since each time they expire at another moment. They are read anew each time.
    """

    def __init__(
        self,
        kubeconfig: Path | None,
        *,
        apart: float = _APART_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Read from where `connection` does.

        Args:
            kubeconfig: None inside a pod.
            apart: seconds between two logins, at least: each costs a request.
            clock: monotonic seconds.
            now: the time, with a time zone.
        """
        self._kubeconfig = kubeconfig
        self._apart = apart
        self._clock = clock
        self._now = now
        self._next = 0.0

    async def __call__(self) -> kopf.ConnectionInfo:
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
        return _info(found, self._now() + _LASTS)


def _info(found: Connection, expiration: datetime) -> kopf.ConnectionInfo:
    return kopf.ConnectionInfo(
        server=found.server,
        ca_path=found.ca_file,
        insecure=not found.verify,
        certificate_path=found.certificate_file,
        private_key_path=found.key_file,
        scheme="Bearer" if found.token else None,
        token=found.token,
        expiration=expiration,
    )
