"""Names that packaging uses all over: the version, the image, the namespace. Pure."""

from importlib.metadata import version
from typing import Final

VERSION: Final = version("metallb-operator")

IMAGE: Final = f"quay.io/metallb-operator/metallb-operator:v{VERSION}"
"""Where releases are pushed to; whoever builds an image of their own replaces it here alone."""

BUNDLE_IMAGE: Final = f"quay.io/metallb-operator/metallb-operator-bundle:v{VERSION}"
"""Where the bundle of a release is pushed to, which catalogues name."""

NAMESPACE: Final = "metallb-system"

OPERATOR: Final = "metallb-operator"
WEBHOOKS: Final = "metallb-webhooks"


def labels(name: str, **more: str) -> dict[str, str]:
    """Return the labels of an object that belongs to `name`."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "metallb", **more}
