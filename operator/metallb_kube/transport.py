"""How requests reach the API server: configuration, credentials, connection pool, failures.

This is the only module that imports `kubernetes`: it reads kubeconfigs and the pod's
ServiceAccount (token renewal included) and builds the connection pool. Requests and answers
are raw JSON; the generated models and discovery are not used.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import orjson
import yaml
from kubernetes.aio.client import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from kubernetes.aio.config import load_kube_config
from kubernetes.aio.config.config_exception import ConfigException
from kubernetes.aio.config.incluster_config import InClusterConfigLoader

from metallb_kube.errors import ConfigurationError, SilentError, UnavailableError, error_from
from metallb_kube.patience import Patience

_MOUNTED: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# For the address to be found and a place in the pool to be free, the connection included.
_POOL_SECONDS: Final = 20.0
_ERROR_TEXT_CHARACTERS: Final = 2000
# Many times what etcd stores of one object: who sends more in one line does not send objects.
_LONGEST_LINE: Final = 2**25


async def load(
    kubeconfig: Path | None, context: str | None = None, *, mounted: Path = _MOUNTED
) -> Configuration:
    """Read where the API server is and who we are.

    Args:
        kubeconfig: the file to read; None for the ServiceAccount of the pod we run in.
        context: of the kubeconfig; its current one if None.
        mounted: where Kubernetes mounts the ServiceAccount's token and authorities.

    Raises:
        ConfigurationError: it cannot be read or understood.
    """
    configuration = Configuration()
    try:
        if kubeconfig is None:
            loader = InClusterConfigLoader(str(mounted / "token"), str(mounted / "ca.crt"))  # type: ignore[no-untyped-call] # untyped there
            loader.load_and_set(configuration)  # type: ignore[no-untyped-call] # untyped there
        else:
            await load_kube_config(  # type: ignore[no-untyped-call] # untyped there
                config_file=str(kubeconfig),
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
    except (ConfigException, OSError, yaml.YAMLError, TypeError, ValueError) as error:
        # TypeError: what the loader answers for a file that is empty or not a mapping.
        source = "the pod's ServiceAccount" if kubeconfig is None else str(kubeconfig)
        raise ConfigurationError(f"cannot read {source}: {error}") from error
    return configuration


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the API server is and who we are, for a client that is not ours.

    Attributes:
        ca_file: authorities to trust; None for the system's own.
        token: without "Bearer"; None where a client certificate is used.
        verify: whether the server's certificate counts.
    """

    server: str
    ca_file: str | None
    certificate_file: str | None
    key_file: str | None
    token: str | None
    verify: bool


async def connection(kubeconfig: Path | None, *, mounted: Path = _MOUNTED) -> Connection:
    """Read the connection anew, renewed tokens included; arguments are those of `load`.

    Raises:
        ConfigurationError: see `load`.
    """
    read = await load(kubeconfig, mounted=mounted)
    token = await read.get_api_key_with_prefix("BearerToken")
    return Connection(
        server=read.host.rstrip("/"),
        ca_file=read.ssl_ca_cert,
        certificate_file=read.cert_file,
        key_file=read.key_file,
        token=_bare(token) if token else None,
        verify=read.verify_ssl,
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what is asked of the API server.

    Attributes:
        path: from the root of the server, already quoted.
        body: encoded as JSON, whatever the content type says of it.
    """

    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: object | None = None
    content_type: str = "application/json"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Transport:
    """One pool of connections to one API server.

    Attributes:
        requests: how many requests were sent, for metrics.
        date: of the last answer, by the API server's clock (RFC 9110, section 6.6.1); "" before.
    """

    def __init__(
        self, configuration: Configuration, *, kubeconfig: Path | None, context: str | None = None
    ) -> None:
        # A proxy of the environment is for the internet, not for the API server; one that the
        # kubeconfig names (proxy-url) is honoured.
        configuration.client_session_kwargs = {
            "trust_env": False,
            "cookie_jar": aiohttp.DummyCookieJar(),
        }
        self._configuration = configuration
        self._kubeconfig = kubeconfig
        self._context = context
        self._base = configuration.host.rstrip("/")
        self._session = _pool(configuration)
        self.requests = 0
        self.date = ""

    @classmethod
    async def open(
        cls, kubeconfig: Path | None, context: str | None = None, *, mounted: Path = _MOUNTED
    ) -> Self:
        """Read the configuration and make the pool; nothing is sent yet. Arguments as of `load`.

        Raises:
            ConfigurationError: see `load`.
        """
        configuration = await load(kubeconfig, context, mounted=mounted)
        try:
            return cls(configuration, kubeconfig=kubeconfig, context=context)
        except (OSError, ValueError) as error:  # certificates that cannot be read
            raise ConfigurationError(f"cannot use the client certificates: {error}") from error

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def call(self, call: Call, patience: Patience) -> dict[str, Any]:
        """Send one request and return the decoded answer, all within the time of a request.

        Raises:
            KubeError: the answer was an error, or there was none.
        """
        limit = aiohttp.ClientTimeout(total=None, sock_connect=patience.connect)
        async with self._respond(call, limit, patience.request) as response:
            return _decode(await response.read())

    async def lines(self, call: Call, patience: Patience) -> AsyncGenerator[bytes, None]:
        """Send one request and yield the lines of the answer as they arrive.

        Raises:
            KubeError: as `call`; SilentError after the silence.
        """
        limit = aiohttp.ClientTimeout(
            total=None,
            connect=_POOL_SECONDS,
            sock_connect=patience.connect,
            sock_read=patience.silence,
        )
        rest = bytearray()
        async with self._respond(call, limit) as response, _heard(call):
            # Not readline: a line is one object, and objects outgrow its buffer.
            async for chunk in response.content.iter_any():
                rest += chunk
                if b"\n" in chunk:
                    *complete, last = bytes(rest).split(b"\n")
                    rest = bytearray(last)
                    for line in filter(None, complete):
                        yield line
                elif len(rest) > _LONGEST_LINE:
                    raise UnavailableError(f"{call}: a line does not end")

    @asynccontextmanager
    async def _respond(
        self, call: Call, limit: aiohttp.ClientTimeout, seconds: float | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield a successful response; everything else becomes one of our errors.

        Args:
            call: what to ask.
            limit: for each step.
            seconds: for everything, credentials and the block included; None is for ever.
        """
        try:
            async with asyncio.timeout(seconds), await self._send(call, limit) as response:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise await _refusal(response)
                yield response
        except TimeoutError as error:
            raise UnavailableError(f"{call}: no answer in time ({error})") from error
        except (aiohttp.ClientError, ConfigException, OSError) as error:
            # ConfigException: the token's file is empty, as it is for a moment when it is renewed.
            text = str(error) or type(error).__name__
            raise UnavailableError(f"{call}: {text}") from error

    async def _send(self, call: Call, limit: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        """Send with credentials; once more with fresh ones when they are refused."""
        response = await self._send_once(call, limit)
        if response.status != HTTPStatus.UNAUTHORIZED or self._kubeconfig is None:
            return response
        response.release()
        # A token file may have been renewed; the pod's own is re-read anyhow.
        self._configuration.api_key = (await load(self._kubeconfig, self._context)).api_key
        return await self._send_once(call, limit)

    async def _send_once(self, call: Call, limit: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        self.requests += 1
        response = await self._session.request(
            call.method,
            self._base + call.path,
            params=call.query,
            data=None if call.body is None else orjson.dumps(call.body),
            headers=await self._headers(call.content_type),
            timeout=limit,
            server_hostname=self._configuration.tls_server_name,
            proxy=self._configuration.proxy,
            allow_redirects=False,
        )
        self.date = response.headers.get("Date", "")
        return response

    async def _headers(self, content_type: str) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Content-Type": content_type,
            "User-Agent": "metallb-operator",
        }
        # Re-reads the ServiceAccount's token file once a minute.
        token = await self._configuration.get_api_key_with_prefix("BearerToken")
        if token:
            # Files, unlike headers, may end with a line feed.
            headers["Authorization"] = token.strip()
        return headers


def _bare(token: str) -> str:
    """Return a token without its scheme: "Bearer" out of a kubeconfig, "bearer" in a pod."""
    return token.partition(" ")[2].strip()


def _pool(configuration: Configuration) -> aiohttp.ClientSession:
    rest = RESTClientObject(configuration)
    pool: aiohttp.ClientSession = rest._create_pool_manager()  # noqa: SLF001 - the documented seam
    return pool


def _decode(raw: bytes) -> dict[str, Any]:
    try:
        decoded = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise UnavailableError(f"the answer is not JSON: {raw[:200]!r}") from error
    if not isinstance(decoded, dict):
        raise UnavailableError(f"the answer is not an object: {raw[:200]!r}")
    return decoded


@asynccontextmanager
async def _heard(call: Call) -> AsyncIterator[None]:
    """Tell silence after an answer has begun from an answer that does not come."""
    try:
        yield
    except TimeoutError as error:
        raise SilentError(f"{call}: silent for too long ({error})") from error


async def _refusal(response: aiohttp.ClientResponse) -> Exception:
    raw = await response.read()
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    return error_from(
        response.status,
        body if isinstance(body, dict) and body.get("kind") == "Status" else {},
        text=raw[:_ERROR_TEXT_CHARACTERS].decode("utf-8", "replace"),
        retry_after=response.headers.get("Retry-After"),
    )
