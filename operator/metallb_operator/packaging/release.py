"""`make release VERSION=`: everything of one version, from that version alone, and only once.

`prepare` gives the tree its version, from which everything is generated; then the image is built
and pushed; `finish` names it by its digest; `record` keeps all of it under tests/data/releases,
where no later release may change it.
"""

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from metallb_operator.packaging.crd_changes import breaking
from metallb_operator.packaging.generate import OWN_IMAGE, ROOT
from metallb_operator.packaging.image import REPOSITORY
from metallb_operator.releases import RELEASES as METALLB

RELEASES: Final = Path("tests") / "data" / "releases"
KEPT: Final = ("bundle", "crds")
"""Folders that are kept of a release: of `crds` the definitions."""

DIGESTS: Final = Path("operator") / "metallb_operator" / "digests.json"

_VERSION: Final = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_UNRELEASED: Final = "## [Unreleased]\n"
_CHANGED: Final = (
    "pyproject.toml",
    "CHANGELOG.md",
    "operator/metallb_operator/packaging/clusterserviceversion.py",
)
_CREATED: Final = re.compile(r'^CREATED: Final = ".*"$', re.MULTILINE)
_OF_PROJECT: Final = re.compile(r'^version = ".*"$', re.MULTILINE)


class ReleaseError(Exception):
    """A release cannot be made; the message says why, and what to do."""


def prepare(root: Path, version: str, digests: Mapping[str, str], now: datetime) -> None:
    """Give the tree its version.

    Args:
        root: of the repository.
        version: of the release, like 1.2.3.
        digests: of every image of MetalLB that may run, by its name with the tag.
        now: the time, with a time zone.

    Raises:
        ReleaseError: the version is none, was released, or is not newer than the last one; a
            digest is missing or none; or a CRD breaks what the last release has stored.
    """
    last = check_version(root, version)
    check_digests(digests, {name for one in METALLB for name in one.images.values()})
    problems = list(_breaking(root, last)) if last else []
    if problems:
        raise ReleaseError(f"{last} cannot be upgraded to {version}: " + "; ".join(problems))
    project, changelog, csv = ((root / path).read_text() for path in _CHANGED)
    # Nothing is written before everything can be.
    texts = (
        _OF_PROJECT.sub(f'version = "{version}"', project, count=1),
        _with_heading(changelog, version, now),
        _CREATED.sub(f'CREATED: Final = "{now:%Y-%m-%dT%H:%M:%SZ}"', csv),
    )
    for path, text in zip(_CHANGED, texts, strict=True):
        (root / path).write_text(text)
    (root / DIGESTS).write_text(json.dumps(dict(sorted(digests.items())), indent=2) + "\n")
    # The image of the release before.
    (root / OWN_IMAGE).unlink(missing_ok=True)


def finish(root: Path, version: str, image: str) -> None:
    """Name our image, which was built from the prepared tree.

    Args:
        root: of the repository.
        version: of the release.
        image: its name with tag and digest.

    Raises:
        ReleaseError: the version was released, or the image is not of it, or has no digest.
    """
    check_version(root, version)
    name, _, digest = image.partition("@")
    if name != f"{REPOSITORY}:v{version}" or not _DIGEST.fullmatch(digest):
        raise ReleaseError(f"{image!r} is not {REPOSITORY}:v{version}@sha256:...")
    (root / OWN_IMAGE).write_text(f"{image}\n")


def record(root: Path, version: str) -> None:
    """Keep what was made of a version.

    Raises:
        ReleaseError: it was released, or the tree is not prepared, or not finished.
    """
    check_version(root, version)
    if f'version = "{version}"' not in (root / "pyproject.toml").read_text():
        raise ReleaseError(f"pyproject.toml does not have version {version}; prepare it first")
    if not (root / OWN_IMAGE).exists():
        raise ReleaseError(f"{OWN_IMAGE} does not name the image; finish the release first")
    for folder in KEPT:
        for path in sorted((root / folder).rglob("*.yaml")):
            target = root / RELEASES / version / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def check_version(root: Path, version: str) -> str:
    """Return the newest version that was released before; "" if there is none.

    Raises:
        ReleaseError: the version is none, was released, or is not newer than the last one.
    """
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is no version; write one such as 1.2.3")
    folder = root / RELEASES
    released = sorted(_order(path.name) for path in folder.glob("*")) if folder.exists() else []
    if _order(version) in released:
        raise ReleaseError(f"{version} was released; what was released is never made again")
    if released and _order(version) < released[-1]:
        raise ReleaseError(f"{version} is older than {_text(released[-1])}, which was released")
    return _text(released[-1]) if released else ""


def check_digests(digests: Mapping[str, str], images: Iterable[str]) -> None:
    """Refuse a release whose images anybody could replace.

    Raises:
        ReleaseError: an image has no digest, or something that is none.
    """
    for image in sorted(images):
        name = image.partition("@")[0]
        if not _DIGEST.fullmatch(digests.get(name, "")):
            raise ReleaseError(
                f"{name} has no digest; give it in the file of digests, as"
                f" `skopeo inspect --format '{{{{.Digest}}}}' docker://{name}` prints it"
            )


def _breaking(root: Path, last: str) -> Iterator[str]:
    for path in sorted((root / RELEASES / last / "crds").glob("*.yaml")):
        now = root / "crds" / path.name
        if not now.exists():
            yield f"{path.stem} is gone"
        else:
            yield from breaking(_read(path), _read(now))


def _read(path: Path) -> Any:  # noqa: ANN401 - YAML
    return yaml.safe_load(path.read_text())


def _with_heading(text: str, version: str, now: datetime) -> str:
    if _UNRELEASED not in text:
        raise ReleaseError(f"CHANGELOG.md has no heading {_UNRELEASED.strip()!r}")
    return text.replace(_UNRELEASED, f"{_UNRELEASED}\n## [{version}] - {now:%Y-%m-%d}\n", 1)


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _text(order: tuple[int, ...]) -> str:
    return ".".join(map(str, order))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the steps; return 1, with the reason, if it cannot be done."""
    parser = argparse.ArgumentParser(prog="release", description=__doc__)
    parser.add_argument("step", choices=["prepare", "finish", "record"])
    parser.add_argument("version")
    parser.add_argument("--digests", type=Path, help="JSON: a digest for each image by its name")
    parser.add_argument("--image", default="", help="our image, with tag and digest")
    options = parser.parse_args(arguments)
    try:
        match options.step:
            case "prepare":
                given = json.loads(options.digests.read_text()) if options.digests else {}
                prepare(ROOT, options.version, given, datetime.now(UTC))
            case "finish":
                finish(ROOT, options.version, options.image)
            case _:
                record(ROOT, options.version)
    except ReleaseError as error:
        sys.stderr.write(f"release: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
