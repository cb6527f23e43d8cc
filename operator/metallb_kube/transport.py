"""How requests reach the API server: configuration, credentials, connection pool, failures.

This is the only module that uses `kubernetes`: it reads kubeconfigs and the pod's
ServiceAccount (token renewal included) and builds the connection pool. Requests and answers
are raw JSON; the generated models and discovery are not used.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

import aiohttp
import orjson
import yaml

from metallb_kube.errors import (
    ConfigurationError,
    KubeError,
    SilentError,
    TooLargeError,
    UnavailableError,
    UnreachableError,
    error_from,
)
from metallb_kube.outage import Outage
from metallb_kube.patience import Patience
from metallb_kube.proxies import proxy_for
from metallb_kube.sdk import (
    ConfigException,
    Configuration,
    InClusterConfigLoader,
    RESTClientObject,
    load_kube_config,
)

_MOUNTED: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# For the address to be found and a place in the pool to be free, the connection included.
_POOL_SECONDS: Final = 20.0
_ERROR_TEXT_CHARACTERS: Final = 2000
# Many times what etcd stores of one object: who sends more in one line does not send objects.
_LONGEST_LINE: Final = 2**25
_PROXY_SCHEMES: Final = ("http://", "https://")


async def load(
    kubeconfig: Path | None,
    context: str | None = None,
    *,
    mounted: Path = _MOUNTED,
    environment: Mapping[str, str] = os.environ,
) -> Configuration:
    """Read where the API server is and who we are.

    A proxy that the kubeconfig names (proxy-url) is used; without it one of the environment, as
    kubectl does. From inside a pod the API server is always reached directly.

    Args:
        kubeconfig: the file to read; None for the ServiceAccount of the pod we run in.
        context: of the kubeconfig; its current one if None.
        mounted: where Kubernetes mounts the ServiceAccount's token and authorities.
        environment: where proxies are looked up.

    Raises:
        ConfigurationError: it cannot be read or understood.
    """
    configuration = Configuration()
    # Python 3.13 refuses authorities without the extensions that RFC 5280 asks for; API servers
    # of EKS and MicroK8s, and all made by `openssl req -x509`, have such ones. Go accepts them.
    configuration.disable_strict_ssl_verification = True
    try:
        if kubeconfig is None:
            loader = InClusterConfigLoader(str(mounted / "token"), str(mounted / "ca.crt"))  # type: ignore[no-untyped-call] # untyped there
            loader.load_and_set(configuration)  # type: ignore[no-untyped-call] # untyped there
        else:
            await load_kube_config(
                config_file=str(kubeconfig),
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
    except (ConfigException, OSError, yaml.YAMLError, TypeError, ValueError) as error:
        # TypeError: what the loader answers for a file that is empty or not a mapping.
        source = "the pod's ServiceAccount" if kubeconfig is None else str(kubeconfig)
        raise ConfigurationError(f"cannot read {source}: {error}") from error
    if kubeconfig is not None:
        configuration.proxy = configuration.proxy or proxy_for(configuration.host, environment)
    _check_proxy(configuration.proxy)
    return configuration


def _check_proxy(proxy: str | None) -> None:
    if proxy is not None and not proxy.startswith(_PROXY_SCHEMES):
        scheme = proxy.partition(":")[0]
        raise ConfigurationError(
            f"a proxy by {scheme} cannot be used, only http and https; name the API server in"
            " NO_PROXY if it is to be reached directly"
        )


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the API server is and who we are, for a client that is not ours.

    Attributes:
        token: without "Bearer"; None where a client certificate is used.
        proxy: URL of the proxy in between; None without one.
    """

    server: str
    token: str | None
    proxy: str | None


async def connection(kubeconfig: Path | None, *, mounted: Path = _MOUNTED) -> Connection:
    """Read the connection anew, renewed tokens included; arguments are those of `load`.

    Raises:
        ConfigurationError: see `load`.
    """
    read = await load(kubeconfig, mounted=mounted)
    token = await read.get_api_key_with_prefix("BearerToken")
    return Connection(
        server=read.host.rstrip("/"),
        token=_bare(token) if token else None,
        proxy=read.proxy,
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One request: what is asked of the API server.

    Attributes:
        path: from the root of the server, already quoted.
        body: encoded as JSON, whatever the content type says of it.
        accept: what the answer may be.
        encoding: how the answer may be compressed; "" leaves that to the HTTP client.
    """

    method: str
    path: str
    query: Mapping[str, str] | None = None
    body: object | None = None
    content_type: str = "application/json"
    accept: str = "application/json"
    encoding: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Transport:
    """One pool of connections to one API server.

    Attributes:
        requests: how many requests were sent, for metrics.
        outage: whether the API server answers.
        tls: what the API server's certificate is judged by, and what we show; stays the same
            object when files are read again.
        date: of the last answer, by the API server's clock (RFC 9110, section 6.6.1); "" before.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        kubeconfig: Path | None,
        context: str | None = None,
        mounted: Path = _MOUNTED,
    ) -> None:
        """Make the pool; arguments as of `load`.

        Raises:
            ConfigurationError: authorities or the client's certificate cannot be used.
        """
        # Which proxy to use was decided by `load`.
        configuration.client_session_kwargs = {
            "trust_env": False,
            "cookie_jar": aiohttp.DummyCookieJar(),
        }
        self._configuration = configuration
        self._kubeconfig = kubeconfig
        self._context = context
        self._mounted = mounted
        self._base = configuration.host.rstrip("/")
        self._session, self.tls = _pool(configuration)
        self.requests = 0
        self.outage = Outage()
        self.date = ""

    @classmethod
    async def open(
        cls, kubeconfig: Path | None, context: str | None = None, *, mounted: Path = _MOUNTED
    ) -> Self:
        """Read the configuration and make the pool; nothing is sent yet. Arguments as of `load`.

        Raises:
            ConfigurationError: see `load`, and `__init__`.
        """
        configuration = await load(kubeconfig, context, mounted=mounted)
        return cls(configuration, kubeconfig=kubeconfig, context=context, mounted=mounted)

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

    async def measured(
        self, call: Call, patience: Patience, most: int
    ) -> tuple[dict[str, Any], int]:
        """Send one request and return the decoded answer with its length in bytes.

        Raises:
            TooLargeError: it has more than `most` bytes; the rest was not read.
            KubeError: as `call`.
        """
        limit = aiohttp.ClientTimeout(total=None, sock_connect=patience.connect)
        raw = bytearray()
        # What is compressed may be a thousand times as long as what arrives.
        plain = replace(call, encoding="identity")
        async with self._respond(plain, limit, patience.request) as response:
            async for chunk in response.content.iter_any():
                raw += chunk
                if len(raw) > most:
                    response.close()
                    raise TooLargeError(f"{call}: the answer has more than {most} bytes")
        return _decode(raw), len(raw)

    async def lines(
        self, call: Call, patience: Patience, opened: Callable[[], None] = lambda: None
    ) -> AsyncGenerator[bytes, None]:
        """Send one request and yield the lines of the answer as they arrive.

        `opened` is called when the answer begins.

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
            opened()
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
        answered = False
        try:
            async with asyncio.timeout(seconds), await self._send(call, limit) as response:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise self._noted(await _refusal(response))
                answered = True
                self.outage.answered()
                yield response
        except TimeoutError as error:
            text = f"no answer in time from {self._base}"
            raise self._failure(call, text, answered=answered) from error
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, aiohttp.ClientConnectorCertificateError):
                await self._read_again()
            text = reason(error, self._base)
            raise self._failure(call, text, answered=answered) from error
        except ConfigException as error:
            # The token's file is empty, as it is for a moment when it is renewed.
            raise UnavailableError(f"{call}: {error}") from error

    def _noted(self, refusal: KubeError) -> KubeError:
        """Return an answer as an error, having noted whether the API server itself gave it."""
        if isinstance(refusal, UnreachableError):
            self.outage.failed(f"{self._base} answers {refusal.status}: {refusal}")
        else:
            self.outage.answered()
        return refusal

    def _failure(self, call: Call, text: str, *, answered: bool) -> UnreachableError:
        """Return the error for a request; an answer that breaks off makes no outage yet."""
        if not answered:
            self.outage.failed(text)
        return UnreachableError(f"{call}: {text}")

    async def _send(self, call: Call, limit: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        """Send with credentials; once more with fresh ones when they are refused."""
        response = await self._send_once(call, limit)
        if response.status != HTTPStatus.UNAUTHORIZED or self._kubeconfig is None:
            return response
        response.release()
        # A token file may have been renewed; the pod's own is re-read anyhow.
        self._take(await self._load())
        return await self._send_once(call, limit)

    async def _read_again(self) -> None:
        """Take over what has changed in the files, if they can be read."""
        with suppress(ConfigurationError):
            self._take(await self._load())

    async def _load(self) -> Configuration:
        return await load(self._kubeconfig, self._context, mounted=self._mounted)

    def _take(self, read: Configuration) -> None:
        """Take credentials and authorities over; those trusted so far are trusted until the end."""
        if self._kubeconfig is not None:
            self._configuration.api_key = read.api_key
        with suppress(OSError):  # a file that is being written; what is in use stays
            if read.ssl_ca_cert:
                self.tls.load_verify_locations(read.ssl_ca_cert)
            if read.cert_file:
                self.tls.load_cert_chain(read.cert_file, read.key_file)

    async def _send_once(self, call: Call, limit: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        self.requests += 1
        response = await self._session.request(
            call.method,
            self._base + call.path,
            params=call.query,
            data=None if call.body is None else orjson.dumps(call.body),
            headers=await self._headers(call),
            timeout=limit,
            server_hostname=self._configuration.tls_server_name,
            proxy=self._configuration.proxy,
            allow_redirects=False,
        )
        self.date = response.headers.get("Date", "")
        return response

    async def _headers(self, call: Call) -> dict[str, str]:
        headers = {
            "Accept": call.accept,
            "Content-Type": call.content_type,
            "User-Agent": "metallb-operator",
        }
        if call.encoding:
            headers["Accept-Encoding"] = call.encoding
        # Re-reads the ServiceAccount's token file once a minute.
        token = await self._configuration.get_api_key_with_prefix("BearerToken")
        if token:
            # Files, unlike headers, may end with a line feed.
            headers["Authorization"] = token.strip()
        return headers


def _bare(token: str) -> str:
    """Return a token without its scheme: "Bearer" out of a kubeconfig, "bearer" in a pod."""
    return token.partition(" ")[2].strip()


def _pool(configuration: Configuration) -> tuple[aiohttp.ClientSession, ssl.SSLContext]:
    """Return connections, and the context that all of them are made with.

    Raises:
        ConfigurationError: a file cannot be used; the message names it.
    """
    _check_authorities(configuration.ssl_ca_cert)
    try:
        rest = RESTClientObject(configuration)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"cannot use the client certificate {configuration.cert_file}: {error}"
        ) from error
    tls: ssl.SSLContext = rest.ssl_context
    # As Go, and Python from 3.13 on: any certificate of the file is an anchor, not only a root.
    tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    pool: aiohttp.ClientSession = rest._create_pool_manager()  # noqa: SLF001 - the documented seam
    return pool, tls


def _check_authorities(file: str | None) -> None:
    if file is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError as error:
        raise ConfigurationError(f"{file} holds no certificate authority in PEM") from error
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error


def reason(error: Exception, server: str) -> str:
    """Return why a request was not answered, in one sentence that stays the same.

    Args:
        error: aiohttp's or the system's.
        server: URL of the API server.
    """
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or error.certificate_error
        return f"the certificate of {server} is not trusted: {why}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"cannot reach the proxy {error.host}:{error.port}: {_system(error.os_error)}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy does not lead to {server}: {error.status} {error.message}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot reach {server}: {_system(error.os_error)}"
    return str(error) or type(error).__name__


def _system(error: OSError) -> str:
    """Return the system's words for an error; asyncio joins several with addresses and ports."""
    if isinstance(error, ssl.SSLError):
        return f"no TLS: {error.reason}"
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)


def _decode(raw: bytes | bytearray) -> dict[str, Any]:
    try:
        decoded = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise UnavailableError(f"the answer is not JSON: {bytes(raw[:200])!r}") from error
    if not isinstance(decoded, dict):
        raise UnavailableError(f"the answer is not an object: {bytes(raw[:200])!r}")
    return decoded


@asynccontextmanager
async def _heard(call: Call) -> AsyncIterator[None]:
    """Tell silence after an answer has begun from an answer that does not come."""
    try:
        yield
    except TimeoutError as error:
        raise SilentError(f"{call}: silent for too long ({error})") from error


async def _refusal(response: aiohttp.ClientResponse) -> KubeError:
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
