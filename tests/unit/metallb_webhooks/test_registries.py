"""From where images may come, and what is said of the others."""

import pytest

from metallb_crds.operator_v1beta1 import Images
from metallb_webhooks.registries import (
    RegistriesError,
    forbidden,
    is_allowed,
    pulled,
    registries_of,
)

SHA = "sha256:" + "0" * 64
MIRROR = ("mirror.example:5000/metallb",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (" , ", ()),
        ("quay.io", ("quay.io",)),
        (
            " quay.io/metallb/ ,mirror.example:5000",
            ("quay.io/metallb", "mirror.example:5000"),
        ),
        ("library", ("docker.io/library",)),
        ("localhost/x", ("localhost/x",)),
    ],
)
def test_registries_are_separated_by_commas(text: str, expected: tuple[str, ...]) -> None:
    assert registries_of(text) == expected


@pytest.mark.parametrize("text", ["https://quay.io", "quay.io;x", "quay.io metallb", "a,,*"])
def test_what_is_no_registry_is_named(text: str) -> None:
    with pytest.raises(RegistriesError, match=r"in METALLB_ALLOWED_REGISTRIES is no registry"):
        registries_of(text)


@pytest.mark.parametrize(
    ("image", "allowed", "expected"),
    [
        ("anything.example/x:v1", "", True),
        ("quay.io/metallb/speaker:v1", "quay.io", True),
        ("quay.io/metallb/speaker:v1", "quay.io/metallb", True),
        ("quay.io/metallb/speaker:v1", "quay.io/metallb/speaker", True),
        (f"quay.io/metallb/speaker@{SHA}", "quay.io/metallb/speaker", True),
        (f"quay.io/metallb/speaker:v1@{SHA}", "quay.io/metallb/speaker", True),
        ("quay.io/metallb/speaker:v1", "other.example,quay.io", True),
        ("quay.io/metallb-evil/speaker:v1", "quay.io/metallb", False),
        ("quay.io/metallb/speaker-evil:v1", "quay.io/metallb/speaker", False),
        ("quay.io:5000/metallb/speaker:v1", "quay.io", False),
        ("quay.io.evil.example/metallb/speaker:v1", "quay.io", False),
        ("evil.example/quay.io/metallb/speaker:v1", "quay.io", False),
        ("quay.io/metallb:v1", "quay.io/metallb/speaker", False),
        # Without a registry it is Docker's.
        ("speaker:v1", "docker.io/library", True),
        ("metallb/speaker:v1", "docker.io/metallb", True),
        ("metallb/speaker:v1", "metallb", True),
        ("speaker:v1", "quay.io", False),
        ("quay/io/speaker:v1", "quay.io", False),
    ],
)
def test_an_image_is_below_a_registry_or_it_is_not(
    image: str, allowed: str, *, expected: bool
) -> None:
    assert is_allowed(image, registries_of(allowed)) is expected


@pytest.mark.parametrize(
    ("image", "registry", "expected"),
    [
        ("quay.io/metallb/speaker:v1", "", "quay.io/metallb/speaker:v1"),
        ("quay.io/metallb/speaker:v1", "r.example/x/", "r.example/x/metallb/speaker:v1"),
        ("metallb/speaker:v1", "r.example", "r.example/metallb/speaker:v1"),
        ("localhost/speaker:v1", "r.example", "r.example/speaker:v1"),
        ("a:v1", "r.example", "r.example/a:v1"),
    ],
)
def test_a_registry_takes_the_place_of_the_images_own(
    image: str, registry: str, expected: str
) -> None:
    assert pulled(image, registry) == expected


@pytest.mark.parametrize(
    ("images", "allowed", "paths"),
    [
        ({"speaker": "evil.example/x:v1"}, (), []),
        ({}, MIRROR, []),
        ({"speaker": "evil.example/x:v1"}, MIRROR, ["spec.images.speaker"]),
        (
            {"controller": "a/b:v1", "speaker": "a/b:v1", "frr": "a/b:v1", "frrK8s": "a/b:v1"},
            MIRROR,
            [
                "spec.images.controller",
                "spec.images.speaker",
                "spec.images.frr",
                "spec.images.frrK8s",
            ],
        ),
        ({"registry": "evil.example"}, MIRROR, ["spec.images.registry"]),
        ({"registry": "evil.example", "speaker": "a/b:v1"}, MIRROR, ["spec.images.registry"]),
        ({"registry": "mirror.example:5000/metallb/deeper"}, MIRROR, []),
        # quay.io/metallb/... will be below it.
        ({"registry": "mirror.example:5000"}, MIRROR, []),
        (
            {"registry": "mirror.example:5000", "frr": "quay.io/frrouting/frr:1"},
            MIRROR,
            ["spec.images.frr"],
        ),
        ({"registry": "mirror.example:5000/metallb", "frr": "evil.example/x:1"}, MIRROR, []),
        ({"registry": "mirror.example:5000/met"}, MIRROR, ["spec.images.registry"]),
        ({"registry": "metallb"}, ("docker.io/metallb",), []),
    ],
)
def test_what_an_object_names_is_judged(
    images: dict[str, str], allowed: tuple[str, ...], paths: list[str]
) -> None:
    found = list(forbidden(Images.parse(images), allowed))
    assert [path for path, _ in found] == paths
    for _, message in found:
        assert "METALLB_ALLOWED_REGISTRIES" in message
        assert allowed[0] in message
