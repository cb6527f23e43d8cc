"""Everything that is generated here: written, or compared with what is committed."""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from metallb_crds import committed
from metallb_operator.packaging import bundle, catalog, install
from metallb_operator.packaging.examples import read_examples
from metallb_operator.packaging.image import IMAGE, bundle_image

ROOT: Final = Path(__file__).parents[3]
EXAMPLES: Final = ROOT / "docs" / "examples"
OWN_IMAGE: Final = Path("bundle") / "image.txt"
"""Not in the image itself, whose digest it has."""


# The grammar of github.com/distribution/reference, with a tag or a digest or both.
_COMPONENT: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG: Final = r":[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_REFERENCE: Final = re.compile(
    rf"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?{_COMPONENT}(?:/{_COMPONENT})*"
    rf"(?:{_TAG}|(?:{_TAG})?@sha256:[0-9a-f]{{64}})"
)


def released_image(root: Path = ROOT) -> str:
    """Return our image as the last release was cut with it: by digest; else by its tag."""
    path = root / OWN_IMAGE
    return path.read_text().strip() if path.exists() else IMAGE


def files(image: str | None = None) -> Mapping[str, str]:
    """Return the text of every generated file by its path below the repository.

    Args:
        image: what the two Deployments run, wherever they are described; `released_image`, if
            not given.
    """
    image = image or released_image()
    named = {**install.files(), **bundle.files(read_examples(EXAMPLES)), **catalog.files()}
    repository = re.sub(rf"(?:{_TAG})?(?:@.*)?$", "", image, count=1)
    names = {bundle_image(): bundle_image(repository), IMAGE: image}
    return {path: _renamed(text, names) for path, text in named.items()}


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(old, new)
    return text


def reference(text: str) -> str:
    """Return the name of an image as it is.

    Raises:
        argparse.ArgumentTypeError: it is none, or has neither a tag nor a digest, so that nodes
            would run whatever is the latest.
    """
    if not _REFERENCE.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"'{text}' is not the name of an image with a tag or a digest, "
            "such as registry.example.com/metallb-operator:v1"
        )
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or compare them with what is there; return 1 if they differ."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--image", type=reference, default=released_image())
    options, rest = parser.parse_known_args(arguments)
    about = f"{__doc__} --image NAME has the Deployments run another image than {IMAGE}."
    return committed.main(files(options.image), ROOT, about, rest)
