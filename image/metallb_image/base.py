"""A base of Debian packages, for where no registry can be reached.

mmdebstrap unpacks the packages from this machine's Debian mirror; nothing is configured and no
maintainer script runs, which takes ten seconds. What the image then takes of it is up to
`rootfs`.
"""

import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

SUITE: Final = "trixie"
PACKAGES: Final = (
    "base-files",
    "ca-certificates",
    "coreutils",
    "dash",
    "libstdc++6",
    "python3",
    "python3-venv",
)
KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR: Final = "http://deb.debian.org/debian"
SECURITY: Final = "http://deb.debian.org/debian-security"
_MERGED_USR: Final = "/usr/share/mmdebstrap/hooks/merged-usr"
# What update-ca-certificates would do; Debian's pip wants it even when it is not asked.
_AUTHORITIES: Final = (
    'cat "$1"/usr/share/ca-certificates/mozilla/*.crt > "$1"/etc/ssl/certs/ca-certificates.crt'
)


class BaseError(Exception):
    """The base could not be made."""


def mirrors(sources: Iterable[str]) -> tuple[str, str]:
    """Return where Debian and its security updates come from, by this machine's configuration.

    Args:
        sources: the texts of sources.list(5) and of the files beside it, in either format.

    Returns:
        Two addresses; Debian's own where another distribution is configured.
    """
    found = [word.rstrip("/") for text in sources for word in _words(text)]
    main = next((uri for uri in found if urlsplit(uri).path.endswith("/debian")), MIRROR)
    security = (uri for uri in found if urlsplit(uri).path.endswith("/debian-security"))
    return main, next(security, SECURITY)


def command(target: Path, mirror: str, security: str, options: Sequence[str]) -> list[str]:
    """Return the command that writes the base as a tar file (mmdebstrap(1)).

    Args:
        target: the tar file.
        mirror: where Debian is.
        security: where its security updates are.
        options: settings of apt, such as a proxy.
    """
    signed = f"deb [signed-by={KEYRING}]"
    return [
        *("mmdebstrap", "--quiet", "--variant=extract", "--format=tar"),
        f"--include={','.join(PACKAGES)}",
        f"--hook-dir={_MERGED_USR}",
        f"--extract-hook={_AUTHORITIES}",
        *(f"--aptopt={option}" for option in options),
        *(SUITE, str(target)),
        f"{signed} {mirror} {SUITE} main",
        f"{signed} {security} {SUITE}-security main",
    ]


def proxies(configuration: str) -> tuple[str, ...]:
    """Return the settings that a download needs, out of what `apt-config dump` prints."""
    kept = ("Acquire::http::", "Acquire::https::")
    return tuple(line for line in configuration.splitlines() if line.startswith(kept))


def make(target: Path) -> None:
    """Write the base, as root or as a user who may have namespaces.

    Raises:
        BaseError: a program is missing, or the packages cannot be had.
    """
    for program, package in (("mmdebstrap", "mmdebstrap"), ("apt-config", "apt")):
        if shutil.which(program) is None:
            raise BaseError(f"{program} is not here; on Debian: apt-get install {package}")
    if not KEYRING.exists():
        raise BaseError(f"{KEYRING} is not here: apt-get install debian-archive-keyring")
    configuration = subprocess.run(
        ["apt-config", "dump"], capture_output=True, text=True, check=True
    ).stdout
    done = subprocess.run(
        command(target, *mirrors(_sources()), proxies(configuration)),
        env=None,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BaseError(f"mmdebstrap failed:\n{done.stderr[-4000:]}")


def _sources() -> Iterator[str]:
    folder = Path("/etc/apt")
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for path in files:
        if path.suffix in {".list", ".sources"} and path.exists():
            yield path.read_text(encoding="utf-8", errors="replace")


def _words(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.lstrip().startswith("#"):
            yield from (word for word in line.split() if "://" in word)
