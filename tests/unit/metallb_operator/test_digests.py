"""Images by digest where it is known."""

from metallb_operator.digests import DIGESTS, pinned
from metallb_operator.releases import RELEASES


def test_a_digest_goes_after_the_tag() -> None:
    assert pinned("quay.io/a/b:v1", {"quay.io/a/b:v1": "sha256:1"}) == "quay.io/a/b:v1@sha256:1"
    assert pinned("quay.io/a/b:v1", {}) == "quay.io/a/b:v1"


def test_only_images_that_may_run_have_one() -> None:
    names = {image.partition("@")[0] for one in RELEASES for image in one.images.values()}
    assert DIGESTS.keys() <= names
