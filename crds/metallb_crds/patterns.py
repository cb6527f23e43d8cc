"""Patterns of what a MetalLB object names: images, registries, other objects.

The CRD, the rules of admission and the schema of the chart's values use them alike. They are
written in what Go's, Python's and ECMA's regular expressions have in common. Source: references as
in the grammar of distribution (CNCF), names as in Kubernetes (RFC 1123 subdomains).
"""

from typing import Final

REGISTRY_MAX: Final = 512
IMAGE_MAX: Final = 512
NAME_MAX: Final = 253

_PATH: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN: Final = rf"{_HOST}(?:\.{_HOST})*(?::[0-9]+)?"
_TAG: Final = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST: Final = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}"
_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"

REGISTRY: Final = rf"^{_DOMAIN}(?:/{_PATH})*/?$"
"""A host with an optional port and path."""
IMAGE: Final = rf"^(?:{_DOMAIN}/)?{_PATH}(?:/{_PATH})*(?::{_TAG})?(?:@{_DIGEST})?$"
"""An image with an optional registry, tag and digest."""
NAME: Final = rf"^{_LABEL}(?:\.{_LABEL})*$"
"""The name of an object: a DNS subdomain."""


def optional(pattern: str) -> str:
    """Return the pattern that also matches the empty text, which means "not given"."""
    return rf"^(?:{pattern.removeprefix('^').removesuffix('$')})?$"
