"""Which proxy of the environment a server is reached through. Pure.

The rules are those of kubectl, which are Go's (golang.org/x/net/http/httpproxy, `FromEnvironment`
and `Config.ProxyFunc`): Python's own know neither networks nor ports in NO_PROXY.
"""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}


def proxy_for(server: str, environment: Mapping[str, str]) -> str | None:
    """Return the URL of the proxy to use; None to connect directly.

    Args:
        server: its URL.
        environment: HTTPS_PROXY or HTTP_PROXY, by the scheme of the server, and NO_PROXY; in
            small letters, too.
    """
    url = urlsplit(server)
    proxy = _variable(environment, f"{url.scheme}_proxy")
    host = url.hostname or ""
    port = url.port or _PORTS.get(url.scheme, 0)
    if not proxy or _is_direct(host, port, _variable(environment, "no_proxy")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name.upper()) or environment.get(name) or ""


def _is_direct(host: str, port: int, no_proxy: str) -> bool:
    """Return whether a host is reached without a proxy: loopback always is."""
    if host == "localhost" or _is_loopback(host):
        return True
    entries = (entry.strip().lower() for entry in no_proxy.split(","))
    return any(_covers(entry, host.lower(), port) for entry in entries if entry)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _covers(entry: str, host: str, port: int) -> bool:
    """Return whether an entry of NO_PROXY covers a host: "*", a network, an address, a domain."""
    if entry == "*":
        return True
    name, wanted = _split_port(entry)
    if wanted and wanted != port:
        return False
    try:
        return ip_address(host) in ip_network(name.strip("[]"), strict=False)
    except ValueError:
        return _in_domain(name, host)


def _split_port(entry: str) -> tuple[str, int]:
    """Return an entry without its port, and the port; 0 where there is none."""
    name, colon, port = entry.rpartition(":")
    # An IPv6 address with a port has brackets around it.
    if colon and port.isdecimal() and (":" not in name or name.endswith("]")):
        return name, int(port)
    return entry, 0


def _in_domain(name: str, host: str) -> bool:
    """Return whether a host is the domain or in it; with a leading dot, only in it."""
    inside = f".{name.removeprefix('*').removeprefix('.')}"
    return host.endswith(inside) or host == name
