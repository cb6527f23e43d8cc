"""Container images as files that `ctr images import` takes, made without a registry or an engine.

Source: the archive of `docker save`, as described in the Docker Image Specification v1.2.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_MODE: Final = 0o755


@dataclass(frozen=True, slots=True)
class Content:
    """What a layer holds.

    Attributes:
        files: by the path in the image: the file on this machine. Executable for everybody.
        links: by the path in the image: what the symbolic link leads to.
        folders: with their modes.
    """

    files: Mapping[str, Path]
    links: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, int] = field(default_factory=dict)


def layer(content: Content, target: Path) -> Path:
    """Write a layer: an uncompressed tar, the same bytes for the same content."""
    with tarfile.open(target, "w") as out:
        for path, mode in sorted(content.folders.items()):
            entry = tarfile.TarInfo(path.strip("/"))
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            out.addfile(entry)
        for path, source in sorted(content.files.items()):
            entry = tarfile.TarInfo(path.strip("/"))
            entry.size, entry.mode = source.stat().st_size, _MODE
            with source.open("rb") as data:
                out.addfile(entry, data)
        for path, leads_to in sorted(content.links.items()):
            entry = tarfile.TarInfo(path.strip("/"))
            entry.type, entry.linkname = tarfile.SYMTYPE, leads_to
            out.addfile(entry)
    return target


def archive(
    target: Path,
    names: Sequence[str],
    layers: Sequence[Path],
    *,
    entrypoint: Sequence[str] = (),
    command: Sequence[str] = (),
) -> Path:
    """Write an image under one or more names.

    Args:
        target: the file to write.
        names: full names with tags.
        layers: uncompressed tars, the lowest first.
        entrypoint: what is run.
        command: its default arguments.
    """
    configuration = {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Entrypoint": list(entrypoint),
            "Cmd": list(command),
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_digest(one)}" for one in layers]},
    }
    files = [f"{index}.tar" for index in range(len(layers))]
    unfinished = target.with_name(f"{target.name}.new")
    with tarfile.open(unfinished, "w") as out:
        for name, source in zip(files, layers, strict=True):
            out.add(source, arcname=name, filter=_anonymous)
        _add(out, "config.json", configuration)
        _add(
            out,
            "manifest.json",
            [{"Config": "config.json", "RepoTags": list(names), "Layers": files}],
        )
    unfinished.rename(target)
    return target


def _digest(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _add(out: tarfile.TarFile, name: str, content: Any) -> None:  # noqa: ANN401 - any JSON
    data = json.dumps(content).encode()
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    out.addfile(entry, io.BytesIO(data))
