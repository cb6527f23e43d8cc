"""What of the base and of the installed packages gets into the image. Pure.

Used in the image's build, so with the standard library only.
"""

import fnmatch
import re
from collections.abc import Iterable
from typing import Final

PRODUCT: Final = "/opt/metallb-operator"
HELM: Final = "/usr/local/bin/helm"
SHELL: Final = "/bin/sh"
"""pyhelm3 starts helm by it."""
COMMANDS: Final = ("metallb-operator", "metallb-webhooks", "kubectl-metallb")

OF_STANDARD_LIBRARY: Final = (
    "*/test/*",
    "*/tests/*",
    "config-3*/*",
    "dist-packages/*",
    "ensurepip/*",
    "idlelib/*",
    "lib-dynload/_curses*",
    "lib-dynload/_dbm*",
    "lib-dynload/_gdbm*",
    "lib-dynload/_sqlite3*",
    "lib-dynload/_test*",
    "lib-dynload/_tkinter*",
    "lib-dynload/_xx*",
    "lib-dynload/readline*",
    "lib-dynload/xx*",
    "lib2to3/*",
    "pydoc_data/*",
    "site-packages/*",
    "sitecustomize.py",
    "test/*",
    "tkinter/*",
    "turtledemo/*",
)
"""Left out of the standard library: pip, tests, databases, and what needs a screen."""

OF_PACKAGES: Final = (
    "*.c",
    "*.h",
    "*.hash",
    "*.pxd",
    "*.pxi",
    "*.pyi",
    "*.pyx",
    "*/site-packages/kubernetes/aio/client/api/*",
    "*/site-packages/kubernetes/aio/client/models/*",
    "*/site-packages/kubernetes/client/api/*",
    "*/site-packages/kubernetes/client/models/*",
)
"""Left out of our environment: what compilers and type checkers read, and 120 MB of classes, one
for every kind of Kubernetes. The client imports each of these when it is first named, and
`metallb_kube.transport` names none; `__init__.py` stays, since it is what imports them."""

FILES: Final = (
    "/etc/ld.so.cache",
    "/etc/os-release",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/openssl.cnf",
    "/usr/lib/os-release",
    "/usr/lib/ssl/cert.pem",
    "/usr/lib/ssl/openssl.cnf",
)
"""Copied where the base has them: Debian's OpenSSL finds the certificates by these links."""

_LOADED: Final = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)


def of_standard_library(path: str) -> bool:
    """Return whether a file is copied, by its path within the standard library."""
    return not (_is_bytecode(path) or _matches(path, OF_STANDARD_LIBRARY))


def of_packages(path: str) -> bool:
    """Return whether a file is copied, by its path within our environment.

    Of its commands only ours are, and the interpreter that they name.
    """
    folder, _, name = path.rpartition("/")
    if folder == "bin":
        return name.startswith("python") or name in COMMANDS
    kept = name == "__init__.py" or not _matches(path, OF_PACKAGES)
    return kept and not _is_bytecode(path)


def loaded(listing: str) -> tuple[str, ...]:
    """Return the paths in what the dynamic linker lists for a program (ld.so(8), --list)."""
    return tuple(_LOADED.findall(listing))


def _is_bytecode(path: str) -> bool:
    """Return whether a file is compiled anew for the image."""
    return "__pycache__" in path.split("/")


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)
