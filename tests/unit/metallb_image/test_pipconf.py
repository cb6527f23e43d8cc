"""The build's pip downloads from where this machine's pip would."""

import pytest

from metallb_image.pipconf import AUTHORITIES, bundle, pip_conf, settings

LISTING = """\
:env:.cert='/etc/ssl/mine.crt'
:env:.index-url='https://pypi.example.com/simple'
:env:.find-links='/opt/wheels'
global.cert='/etc/ssl/other.crt'
global.extra-index-url='https://a.example.com\\nhttps://b.example.com'
global.index-url='https://pypi.example.org/simple'
install.user='true'
wheel.timeout='90'
"""


def test_the_environment_wins() -> None:
    found = settings(LISTING)
    assert found["cert"] == "/etc/ssl/mine.crt"
    assert found["index-url"] == "https://pypi.example.com/simple"
    assert found["timeout"] == "90"
    assert "user" not in found


def test_paths_of_this_machine_stay_here() -> None:
    assert pip_conf(settings(LISTING), authorities=True) == (
        "[global]\n"
        f"cert = {AUTHORITIES}\n"
        "extra-index-url = https://a.example.com\n    https://b.example.com\n"
        "index-url = https://pypi.example.com/simple\n"
        "timeout = 90\n"
    )


def test_nothing_configured_is_nothing_told() -> None:
    assert pip_conf(settings(""), authorities=False) == "[global]\n"


@pytest.mark.parametrize(
    ("configured", "environment", "found"),
    [
        ({}, {}, None),
        ({"cert": "/a"}, {"REQUESTS_CA_BUNDLE": "/b"}, "/a"),
        ({}, {"CURL_CA_BUNDLE": "/c", "REQUESTS_CA_BUNDLE": "/b"}, "/b"),
        ({}, {"CURL_CA_BUNDLE": "/c", "REQUESTS_CA_BUNDLE": ""}, "/c"),
    ],
)
def test_authorities_are_those_that_pip_trusts(
    configured: dict[str, str], environment: dict[str, str], found: str | None
) -> None:
    assert bundle(configured, environment) == found
