"""MetalLB's images by digest, where a release of ours was cut with them.

A tag can be moved to another image; a digest is the image. `make release` writes the file; between
releases it is empty, and images go by their tags.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

DIGESTS: Final[Mapping[str, str]] = json.loads(
    (files(__package__) / "digests.json").read_text(encoding="utf-8")
)


def pinned(image: str, digests: Mapping[str, str] = DIGESTS) -> str:
    """Return the name of an image with its digest, if that is known.

    Args:
        image: a name with a tag.
        digests: by such names.
    """
    digest = digests.get(image)
    return f"{image}@{digest}" if digest else image
