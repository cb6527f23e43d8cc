"""Where the packages of the base come from."""

from pathlib import Path

import pytest

from metallb_image.base import MIRROR, SECURITY, command, mirrors, proxies

DEB822 = """\
Types: deb
# http://snapshot.debian.org/archive/debian/20250520T000000Z
URIs: http://mirror.example.com/debian/
Suites: bookworm
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example.com/debian-security
Suites: bookworm-security
"""
ONE_LINE = (
    "deb [arch=amd64] https://example.org/debian bookworm main\n# deb http://x/debian-security y"
)


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ((), (MIRROR, SECURITY)),
        (("deb http://archive.ubuntu.com/ubuntu noble main",), (MIRROR, SECURITY)),
        (
            (DEB822,),
            ("http://mirror.example.com/debian", "http://mirror.example.com/debian-security"),
        ),
        ((ONE_LINE,), ("https://example.org/debian", SECURITY)),
        (
            (ONE_LINE, DEB822),
            ("https://example.org/debian", "http://mirror.example.com/debian-security"),
        ),
    ],
)
def test_this_machines_mirror_is_used(sources: tuple[str, ...], found: tuple[str, str]) -> None:
    assert mirrors(sources) == found


def test_settings_for_downloads_are_handed_over() -> None:
    dumped = (
        'APT "";\nAcquire::http::Proxy "http://p:3128";\nAcquire::https::CaInfo "/a";\nDir "/";'
    )
    options = proxies(dumped)
    assert options == ('Acquire::http::Proxy "http://p:3128";', 'Acquire::https::CaInfo "/a";')
    words = command(Path("base.tar"), "http://m/debian", "http://s/debian-security", options)
    assert words[0] == "mmdebstrap"
    assert [f"--aptopt={option}" for option in options] == [w for w in words if "aptopt" in w]
    assert words[-4:-2] == ["trixie", "base.tar"]
    assert words[-2].endswith("http://m/debian trixie main")
    assert words[-1].endswith("http://s/debian-security trixie-security main")
    assert any("libstdc++6" in word and "python3-venv" in word for word in words)
