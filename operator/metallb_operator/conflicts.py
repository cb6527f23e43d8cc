"""Other software that does what MetalLB does: a row each, by image and settings. Pure.

Sources: the documentation of each project, at the flag or variable that a row names.
"""

from collections.abc import Callable, Mapping
from typing import Final

from metallb_operator.workload import Workload

CILIUM: Final = "cilium-config"
"""The ConfigMap of kube-system that has Cilium's settings."""

_Test = Callable[[Workload, Mapping[str, str]], bool]

_OFF: Final = frozenset({"false", "0", "no"})


def speaks_bgp(workload: Workload, cilium: Mapping[str, str]) -> bool:
    """Tell whether a workload speaks BGP on nodes.

    Args:
        workload: of any namespace.
        cilium: Cilium's settings.
    """
    return _matches(_BGP, workload, cilium)


def allocates(workload: Workload, cilium: Mapping[str, str]) -> bool:
    """Tell whether a workload gives addresses to Services of type LoadBalancer.

    Args:
        workload: of any namespace.
        cilium: Cilium's settings.
    """
    return _matches(_ALLOCATORS, workload, cilium)


def matters(workload: Workload) -> bool:
    """Tell whether a workload's program is in one of the tables, whatever its settings."""
    return any(program in workload.programs for program in (*_BGP, *_ALLOCATORS))


def _matches(table: Mapping[str, _Test], workload: Workload, cilium: Mapping[str, str]) -> bool:
    if not workload.replicas:
        return False
    tests = (table[program] for program in workload.programs if program in table)
    return any(test(workload, cilium) for test in tests)


def _always(_workload: Workload, _cilium: Mapping[str, str]) -> bool:
    return True


def _by_calico(workload: Workload, _cilium: Mapping[str, str]) -> bool:
    # Where the value comes from a ConfigMap it is not seen; BIRD is the default.
    return workload.environment.get("CALICO_NETWORKING_BACKEND", "bird") == "bird"


def _by_cilium(key: str) -> _Test:
    def test(workload: Workload, cilium: Mapping[str, str]) -> bool:
        return "true" in {cilium.get(key), workload.flag(key)}

    return test


def _by_kube_router(workload: Workload, _cilium: Mapping[str, str]) -> bool:
    return workload.flag("run-router") not in _OFF


def _by_kube_vip(variable: str) -> _Test:
    def test(workload: Workload, _cilium: Mapping[str, str]) -> bool:
        return workload.environment.get(variable) == "true"

    return test


_BGP: Final[Mapping[str, _Test]] = {
    "calico/node": _by_calico,
    "cilium/cilium": _by_cilium("enable-bgp-control-plane"),
    "kube-router": _by_kube_router,
    "kube-vip": _by_kube_vip("bgp_enable"),
}
"""By the last part of the image's name, or the last two."""

_ALLOCATORS: Final[Mapping[str, _Test]] = {
    "cilium/cilium": _by_cilium("enable-l2-announcements"),
    "kube-vip": _by_kube_vip("svc_enable"),
    "kube-vip-cloud-provider": _always,
    "klipper-lb": _always,
    "openelb-controller": _always,
    "openelb-manager": _always,
    "openelb": _always,
    "purelb/allocator": _always,
    "kube-loxilb": _always,
    "aws-cloud-controller-manager": _always,
    "azure-cloud-controller-manager": _always,
    "cloud-controller-manager": _always,
    "hcloud-cloud-controller-manager": _always,
    "openstack-cloud-controller-manager": _always,
}
"""Likewise. Cilium's own allocation acts on its pools only, and is announced by these means."""
