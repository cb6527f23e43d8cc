"""Why a Service does not get an address that other Services have. Pure.

Services share an address whose sharing keys are the same, whose ports differ, and, with
externalTrafficPolicy Local, whose pods are the same.

Source: MetalLB 0.16.1, internal/allocator (sharingOK, checkSharing) and k8salloc (BackendKey). The
controller says of any of these only that it "can't change sharing key".
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from metallb_kube.objects import Manifest
from metallb_operator.fields import at, name_of, text_at

_GROUPS: Final = ("metallb.io", "metallb.universe.tf")
_KEY: Final = "metallb.io/allow-shared-ip"
_LOCAL: Final = "Local"


def annotation(service: Manifest, name: str) -> str:
    """Return an annotation that MetalLB reads, of the newer group if both are there; "" if none."""
    given = at(service, "metadata", "annotations") or {}
    return next((given[key] for group in _GROUPS if (key := f"{group}/{name}") in given), "")


def refusal(service: Manifest, addresses: Iterable[str], services: Sequence[Manifest]) -> str:
    """Say why a Service cannot have addresses together with those that have them.

    Args:
        service: that asks for them.
        addresses: each in its usual form.
        services: of the cluster.

    Returns:
        A sentence, or "" if nobody has them, or they can be shared.
    """
    for address in addresses:
        for other in _holders(address, services):
            if _path(other) != _path(service) and (why := _apart(service, other)):
                return f"asks for {address}, which {_path(other)} has: {why}"
    return ""


def _holders(address: str, services: Iterable[Manifest]) -> Iterator[Manifest]:
    for service in services:
        ingress = at(service, "status", "loadBalancer", "ingress") or ()
        if any(text_at(one, "ip") == address for one in ingress):
            yield service


def _apart(service: Manifest, other: Manifest) -> str:
    mine, theirs = annotation(service, "allow-shared-ip"), annotation(other, "allow-shared-ip")
    if not (mine and theirs):
        lacking = [one for one, key in (("this one", mine), (_path(other), theirs)) if not key]
        return (
            f"to share it, {' and '.join(lacking)} would need {_KEY}, with the same value in both"
        )
    if mine != theirs:
        return f"{_KEY} is {mine!r} here and {theirs!r} there, and must be the same"
    if _pods(service) != _pods(other):
        return (
            f"the sharing keys are the same, but externalTrafficPolicy is {_policy(service)} here"
            f" and {_policy(other)} there: with {_LOCAL} both need the same policy and the same"
            " selector; or set Cluster in both"
        )
    taken = sorted(_ports(service) & _ports(other))
    return f"both have port {', '.join(taken)}; give one of them another" if taken else ""


def _pods(service: Manifest) -> dict[str, str]:
    local = text_at(service, "spec", "externalTrafficPolicy") == _LOCAL
    return dict(at(service, "spec", "selector") or {}) if local else {}


def _policy(service: Manifest) -> str:
    policy = text_at(service, "spec", "externalTrafficPolicy") or "Cluster"
    selector = ",".join(f"{key}={value}" for key, value in sorted(_pods(service).items()))
    return f"{policy} ({selector})" if selector else policy


def _ports(service: Manifest) -> set[str]:
    ports = at(service, "spec", "ports") or ()
    return {f"{one.get('port')}/{one.get('protocol') or 'TCP'}" for one in ports}


def _path(service: Manifest) -> str:
    return f"{text_at(service, 'metadata', 'namespace')}/{name_of(service)}"
