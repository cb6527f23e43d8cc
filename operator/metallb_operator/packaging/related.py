"""Every image that an installation may run: what a disconnected cluster has to mirror. Pure."""

from metallb_operator.packaging.image import IMAGE, OPERATOR
from metallb_operator.releases import RELEASES


def related_images() -> list[dict[str, str]]:
    """Return the images of every supported release, and ours; each once.

    None of them is put into the operator's RELATED_IMAGE_* variables: those hold whatever release
    a MetalLB object names, and would run one release's images under the name of another.
    """
    named: dict[str, str] = {IMAGE: OPERATOR}
    for release in reversed(RELEASES):
        for role, image in release.images.items():
            named.setdefault(image, f"{role}-{release.version}")
    return [{"name": name, "image": image} for image, name in named.items()]
