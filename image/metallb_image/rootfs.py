"""The root file system of the image: what a Python program needs of the base, and nothing else.

Runs in the image's build, as root and with the standard library only:
`python -m metallb_image.rootfs /rootfs` copies from `/`: the interpreter and its standard library,
the shared libraries that they and our packages load, certificates, our packages, helm, a shell.
Whatever is not copied (package manager, pip, compilers, documentation) is not in the image.

The outcome depends on its inputs only: bytecode is checked by nobody (PEP 552, unchecked
hash-based), times are SOURCE_DATE_EPOCH, owners are root.
"""

import compileall
import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from metallb_image.selection import (
    FILES,
    HELM,
    PRODUCT,
    SHELL,
    loaded,
    of_packages,
    of_standard_library,
)

MADE: Final = {
    # For programs that want to know a name; nothing of ours does.
    "etc/passwd": (
        "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        "nonroot:x:65532:65532:nonroot:/tmp:/usr/sbin/nologin\n"
    ),
    "etc/group": "root:x:0:\nnonroot:x:65532:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
EMPTY: Final = ("dev", "proc", "run", "sys", "tmp", "var")
_MERGED: Final = ("bin", "lib", "lib64", "sbin")
_ELF: Final = b"\x7fELF"


def main(arguments: list[str]) -> int:
    """Make the root file system in the folder that is named."""
    root = Path(arguments[0])
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    _links(root)
    for path in _wanted():
        _copy(path, root)
    for library in _libraries(root):
        _copy(library, root)
    _make(root)
    _compile(root)
    _settle(root, epoch)
    return 0


def _wanted() -> Iterator[str]:
    """Yield everything but shared libraries."""
    interpreter = os.path.realpath(sys.executable)
    yield interpreter
    yield from _chain(str(Path(interpreter).with_name("python3")))
    standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    for tree in sorted(standard):
        yield from _walk(tree, of_standard_library)
    yield from _walk(PRODUCT, of_packages)
    yield from (path for path in FILES if os.path.lexists(path))
    yield from sorted(map(str, Path("/usr/share/doc").glob("*/copyright")))
    yield HELM
    yield from _chain(SHELL)


def _walk(tree: str, is_copied: Callable[[str], bool]) -> Iterator[str]:
    for folder, folders, files in os.walk(tree):
        folders.sort()
        linked = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted((*files, *linked)):
            path = f"{folder}/{name}"
            if is_copied(path.removeprefix(f"{tree}/")):
                yield path


def _chain(path: str) -> Iterator[str]:
    """Yield a path and everything that it is a link to, one after the other."""
    while True:
        yield path
        if not Path(path).is_symlink():
            return
        # Not resolved: every link on the way is copied, too.
        path = os.path.normpath(Path(path).parent / Path(path).readlink())


def _copy(path: str, root: Path) -> None:
    """Copy one file or link to the same place below `root`, folders that are links followed."""
    source = Path(path).parent.resolve() / Path(path).name
    target = root / source.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_symlink() and not target.exists():
        shutil.copy2(source, target, follow_symlinks=False)


def _links(root: Path) -> None:
    """Repeat the links of a merged /usr, so that a path in it means the same."""
    root.mkdir(parents=True)
    for name in _MERGED:
        source = Path("/") / name
        if source.is_symlink():
            (root / name).symlink_to(source.readlink())
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)


def _libraries(root: Path) -> Iterator[str]:
    """Yield what the dynamic linker loads for everything that is in `root`."""
    linker = next(iter(sorted(Path("/lib64").glob("ld-linux*")) or Path("/lib").glob("ld-linux*")))
    found = {str(linker)}
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file() or not _is_elf(path):
            continue
        # In its place below /, since some libraries are looked for beside the file itself.
        program = f"/{path.relative_to(root)}"
        listed = subprocess.run(
            [linker, "--list", program], capture_output=True, text=True, check=False
        )
        if "not found" in listed.stdout:
            raise SystemExit(f"{program} needs what is not there:\n{listed.stdout}")
        found.update(loaded(listed.stdout))
    # Loaded by name, when a thread ends before its time (pthread_exit(3)).
    found.update(
        str(Path(path).with_name("libgcc_s.so.1")) for path in set(found) if "/libc.so" in path
    )
    for library in sorted(found):
        if Path(library).exists():
            yield from _chain(library)


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ELF)) == _ELF


def _make(root: Path) -> None:
    for name in EMPTY:
        (root / name).mkdir(exist_ok=True)
    (root / "var" / "run").symlink_to("/run")
    for name, text in MADE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def _compile(root: Path) -> None:
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(root, 99, quiet=1, invalidation_mode=mode, stripdir=root):
        raise SystemExit("some modules cannot be compiled")


def _settle(root: Path, epoch: int) -> None:
    """Give every file the same owner, time and plain permissions."""
    for path in _bottom_up(root):
        os.chown(path, 0, 0, follow_symlinks=False)
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)
    (root / "tmp").chmod(0o1777)


def _bottom_up(root: Path) -> Iterable[Path]:
    for folder, folders, files in os.walk(root, topdown=False):
        yield from (Path(folder) / name for name in (*folders, *files))
    yield root


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
