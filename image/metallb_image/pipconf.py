"""What pip is told on this machine, for the pip that runs inside the build. Pure.

A mirror, a proxy or an authority of one's own is handed over as a secret of the build, so that it
is neither in the image nor in its history.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

AUTHORITIES: Final = "/run/secrets/ca"
"""Where the build finds this machine's authorities; see the Containerfile."""

_HANDED_OVER: Final = frozenset(
    {"extra-index-url", "index-url", "proxy", "timeout", "trusted-host"}
)
_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def settings(listing: str) -> Mapping[str, str]:
    """Return pip's settings by name, out of what `pip config list` prints.

    Those of the environment win, then those of the command, as for pip itself.
    """
    found = sorted(_settings(listing))
    return {name: value for _, name, value in found}


def bundle(configured: Mapping[str, str], environment: Mapping[str, str]) -> str | None:
    """Return the path of the authorities that pip trusts here; None for those that it brings."""
    return configured.get("cert") or next(
        (environment[name] for name in _BUNDLES if environment.get(name)), None
    )


def pip_conf(configured: Mapping[str, str], *, authorities: bool) -> str:
    """Return the pip.conf for the build.

    Args:
        configured: pip's settings here; paths and habits of this machine are left out.
        authorities: whether the build is given this machine's authorities.
    """
    lines = [f"{name} = {value}" for name, value in configured.items() if name in _HANDED_OVER]
    if authorities:
        lines.append(f"cert = {AUTHORITIES}")
    return "".join(f"{line}\n" for line in ("[global]", *sorted(lines)))


def _settings(listing: str) -> Iterator[tuple[int, str, str]]:
    for line in listing.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in _RANKS:
            # A list of several lines is one text in both places.
            yield _RANKS[section], name, str(ast.literal_eval(value)).replace("\n", "\n    ")


_RANKS: Final[Mapping[str, int]] = {"global": 0, "wheel": 1, ":env:": 2}
