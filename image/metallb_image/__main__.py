"""`make image`: build the image with podman, docker or buildah, whichever is here.

Registries are asked first. Where none answers, the base is made of Debian packages, and helm is
built on this machine.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cluster.binaries import BuildError, binary
from metallb_image import base, sbom
from metallb_image.builders import Builder, NoBuilderError, choose
from metallb_image.building import ROOT, ImageError, Wanted, build, defaults
from metallb_operator.packaging.image import IMAGE, VERSION


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the image that the arguments describe; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        builder = choose(_works, options.builder)
        wanted = _wanted(builder, options)
        _say(
            f"building {wanted.name} with {builder.kind} on {wanted.base or 'Debian packages'} ..."
        )
        build(builder, wanted)
    except (BuildError, ImageError, NoBuilderError) as error:
        _say(str(error))
        return 1
    _say(f"what it is made of, as CycloneDX: {_described(wanted)}")
    _say(f"built {wanted.name}; publish it: {' '.join(builder.push(wanted.name))}")
    if wanted.name != IMAGE:
        _say(f"manifests that run it, in build/bundle: make manifests IMAGE={wanted.name}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make image", description=__doc__)
    parser.add_argument("--name", default=IMAGE, help="what to call it, with a tag")
    parser.add_argument("--builder", default="", help="podman, docker or buildah")
    parser.add_argument("--base", default="", help="an image with Python 3.11 or newer")
    parser.add_argument("--go", default="", help="an image with Go, to build helm with")
    parser.add_argument("--helm", type=Path, help="a helm to put into it, instead of building one")
    return parser


def _wanted(builder: Builder, options: argparse.Namespace) -> Wanted:
    given = defaults((ROOT / "Containerfile").read_text(encoding="utf-8"))
    image = options.base or _reachable(builder, given["BASE"])
    go = options.go or (None if options.helm else _reachable(builder, given["GO"]))
    return Wanted(
        name=options.name or IMAGE,
        base=image,
        helm=None if go else options.helm or binary("helm"),
        arguments={
            "VERSION": VERSION,
            "REVISION": _git("rev-parse", "HEAD") or "unknown",
            **({"GO": go} if go else {}),
        },
        epoch=int(_git("log", "-1", "--format=%ct") or 0),
    )


def _described(wanted: Wanted) -> Path:
    """Write what the image is made of, and return the file."""
    made = sbom.Made(
        name=wanted.name,
        version=VERSION,
        base=wanted.base or f"Debian {base.SUITE}: {', '.join(base.PACKAGES)}",
        lock=(ROOT / "requirements.lock").read_text(encoding="utf-8"),
        pyproject=(ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        modules=(ROOT / "tests/cluster/modules/helm/go.mod").read_text(encoding="utf-8"),
        epoch=wanted.epoch,
    )
    target = ROOT / "build" / "sbom.cdx.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(sbom.document(made) + "\n", encoding="utf-8")
    return target


def _reachable(builder: Builder, image: str) -> str | None:
    """Return the image if it can be had, whether from a registry or because it is here."""
    done = subprocess.run(builder.pull(image), capture_output=True, check=False)
    return None if done.returncode else image


def _works(program: str) -> bool:
    if shutil.which(program) is None:
        return False
    return subprocess.run([program, "info"], capture_output=True, check=False).returncode == 0


def _git(*arguments: str) -> str:
    """Return what git says of the checkout; nothing where there is no git."""
    if shutil.which("git") is None:
        return ""
    done = subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
