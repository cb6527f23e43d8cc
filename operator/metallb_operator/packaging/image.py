"""Names that packaging uses all over: the version, the image, the namespace. Pure."""

from importlib.metadata import version
from typing import Final

VERSION: Final = version("metallb-operator")

REPOSITORY: Final = "quay.io/metallb-operator/metallb-operator"
IMAGE: Final = f"{REPOSITORY}:v{VERSION}"
"""Where releases are pushed to; whoever builds an image of their own replaces it here alone."""


def bundle_image(repository: str = REPOSITORY) -> str:
    """Return where the bundle of a release is pushed to, which catalogues name.

    Args:
        repository: of our image.
    """
    return f"{repository}-bundle:v{VERSION}"


NAMESPACE: Final = "metallb-system"

OPERATOR: Final = "metallb-operator"
WEBHOOKS: Final = "metallb-webhooks"


def labels(name: str, **more: str) -> dict[str, str]:
    """Return the labels of an object that belongs to `name`."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "metallb", **more}
