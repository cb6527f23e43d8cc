"""Our image as a file, for nodes that have no registry."""

from pathlib import Path

from cluster.binaries import binary, cache
from metallb_image.archives import cached
from metallb_image.building import ImageError
from metallb_operator.packaging.image import IMAGE

__all__ = ["ImageError", "archive"]


def archive(name: str = IMAGE) -> Path:
    """Return a docker-archive that holds our image, built if this has not been done yet.

    It is made of the checkout as it is, of Debian packages, and of the helm that tests use. A
    second call takes no time.

    Args:
        name: what the image is called in it; as in the manifests if not given.

    Raises:
        ImageError: it could not be built; the text says what is missing.
        BuildError: helm could not be built.
    """
    return cached(cache().parent / "image", name, binary("helm"))
