"""From where images may come, where the administrator of the operator restricts that. Pure.

Whoever runs the operator says so by `--allowed-registries`, or by METALLB_ALLOWED_REGISTRIES: a
MetalLB object names what runs on the network of nodes, with the capabilities of FRR.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from metallb_crds import patterns
from metallb_crds.operator_v1beta1 import Images

VARIABLE: Final = "METALLB_ALLOWED_REGISTRIES"
_SETTING: Final = f"{VARIABLE} of operator and webhooks"
_REGISTRY: Final = re.compile(patterns.REGISTRY)
_DOCKER: Final = "docker.io"
"""Where an image is that names no registry (the grammar of distribution)."""


class RegistriesError(ValueError):
    """What is given as registries is none; the message names the value and what would do."""


def registries_of(text: str) -> tuple[str, ...]:
    """Read registries, or repositories below which images may be, separated by commas.

    Raises:
        RegistriesError: one of them is none.
    """
    found = tuple(filter(None, (entry.strip().rstrip("/") for entry in text.split(","))))
    for entry in found:
        if not _REGISTRY.fullmatch(entry):
            raise RegistriesError(
                f"{entry!r} in {VARIABLE} is no registry; write hosts with an optional port and"
                " path, separated by commas, such as registry.example:5000/mirror,quay.io/metallb"
            )
    return tuple(map(_with_host, found))


def pulled(image: str, registry: str) -> str:
    """Return what is pulled for an image when all come from a registry, as the chart has it.

    Args:
        image: a reference.
        registry: takes the place of the image's own; "" for that one.
    """
    if not registry:
        return image
    host, slash, rest = image.partition("/")
    return f"{registry.removesuffix('/')}/{rest if slash and _is_host(host) else image}"


def is_allowed(image: str, allowed: Sequence[str]) -> bool:
    """Tell whether an image is below one of these; everything is if there is none."""
    repository = _repository(image)
    return not allowed or any(_is_below(repository, entry) for entry in allowed)


def forbidden(images: Images, allowed: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what a MetalLB object names and may not be pulled, by field with the reason.

    Only what the object says itself is looked at: which images a release brings is not known here.

    Args:
        images: of the object.
        allowed: as in `registries_of`.
    """
    given = {
        "controller": images.controller,
        "speaker": images.speaker,
        "frr": images.frr,
        "frrK8s": images.frr_k8s,
    }
    registry = images.registry.rstrip("/")
    place = _with_host(registry)
    if registry and allowed and not any(_may_lead_below(place, entry) for entry in allowed):
        yield "spec.images.registry", refusal(images.registry, allowed)
        return
    for field, image in given.items():
        found = pulled(image, registry)
        if image and not is_allowed(found, allowed):
            yield f"spec.images.{field}", refusal(found, allowed)


def refusal(value: str, allowed: Sequence[str]) -> str:
    """Return why something may not be pulled, with the remedy."""
    return (
        f"{value!r} is not among what {_SETTING} allows ({', '.join(allowed)}); name an image or a"
        " registry there, or have the setting changed"
    )


def _is_host(part: str) -> bool:
    return "." in part or ":" in part or part == "localhost"


def _repository(image: str) -> str:
    """Return an image without tag and digest, with the registry that it comes from."""
    name = image.partition("@")[0]
    above, slash, last = name.rpartition("/")
    name = f"{above}{slash}{last.partition(':')[0]}"
    return _with_host(name) if slash else f"{_DOCKER}/library/{name}"


def _with_host(place: str) -> str:
    """Return a registry or repository with the host that it is at."""
    return place if _is_host(place.partition("/")[0]) else f"{_DOCKER}/{place}"


def _is_below(place: str, above: str) -> bool:
    return place == above or place.startswith(f"{above}/")


def _may_lead_below(registry: str, entry: str) -> bool:
    """Whether an image taken from the registry can be below the entry."""
    return _is_below(registry, entry) or _is_below(entry, registry)
