"""Which proxy leads to an API server: the rows are those of Go's httpproxy package."""

import pytest

from metallb_kube.proxies import proxy_for

PROXY = "http://proxy.example.com:3128"
HOST = "https://api.example.com:6443"


@pytest.mark.parametrize(
    ("server", "no_proxy", "proxied"),
    [
        (HOST, "", True),
        (HOST, "*", False),
        (HOST, "example.com", False),
        (HOST, ".example.com", False),
        (HOST, "*.example.com", False),
        (HOST, "API.example.com", False),
        (HOST, "other.org, api.example.com", False),
        (HOST, "api.example.com:6443", False),
        (HOST, "api.example.com:443", True),
        (HOST, "ample.com", True),
        (HOST, "10.0.0.0/8", True),
        ("https://example.com", ".example.com", True),
        ("https://example.com", "example.com:443", False),
        ("https://10.96.0.1:443", "", True),
        ("https://10.96.0.1:443", "10.96.0.0/12", False),
        ("https://10.96.0.1:443", "10.96.0.1", False),
        ("https://10.96.0.1:443", "10.96.0.1:443", False),
        ("https://10.96.0.1:443", "10.96.0.1:6443", True),
        ("https://10.96.0.1:443", "fd00::/8", True),
        ("https://[fd00::1]:443", "", True),
        ("https://[fd00::1]:443", "fd00::/8", False),
        ("https://[fd00::1]:443", "fd00::1", False),
        ("https://[fd00::1]:443", "[fd00::1]:443", False),
        ("https://[fd00::1]:443", "[fd00::1]:6443", True),
        ("https://localhost:6443", "", False),
        ("https://127.0.0.1:6443", "", False),
        ("https://[::1]:6443", "", False),
    ],
)
def test_no_proxy_is_understood_as_kubectl_does(server: str, no_proxy: str, proxied: bool) -> None:  # noqa: FBT001 - a column
    environment = {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}
    assert proxy_for(server, environment) == (PROXY if proxied else None)


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"https_proxy": PROXY}, PROXY),
        ({"HTTPS_PROXY": "http://first:1", "https_proxy": "http://second:2"}, "http://first:1"),
        ({"HTTP_PROXY": PROXY}, None),
        ({"HTTPS_PROXY": "proxy:3128"}, "http://proxy:3128"),
        ({"HTTPS_PROXY": PROXY, "no_proxy": "example.com"}, None),
    ],
)
def test_variables(environment: dict[str, str], proxy: str | None) -> None:
    assert proxy_for(HOST, environment) == proxy


def test_a_server_without_tls_has_a_proxy_of_its_own() -> None:
    environment = {"HTTPS_PROXY": "http://one:1", "HTTP_PROXY": "http://other:2"}
    assert proxy_for("http://api.example.com", environment) == "http://other:2"
