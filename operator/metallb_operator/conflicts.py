"""Other software that does what MetalLB does: a row each, by image and settings. Pure.

Sources: the documentation of each project, at the flag or variable that a row names.
"""

from collections.abc import Callable, Mapping
from typing import Final

from metallb_operator.kubeproxy import PLACE
from metallb_operator.workload import Workload

CILIUM: Final = "cilium-config"
"""The ConfigMap of kube-system that has Cilium's settings."""
CALICO: Final = "calico-config"
"""Likewise Calico's, where it comes from its own manifests or Kubespray; its operator has none."""

Settings = Mapping[str, Mapping[str, str]]
"""`data` of the ConfigMaps of kube-system by their names, as far as they are known."""
_Test = Callable[[Workload, Settings], bool]

_OFF: Final = frozenset({"false", "f", "0", "no"})
_CALICO_BACKEND: Final = "CALICO_NETWORKING_BACKEND"
_BIRD: Final = "bird"
"""Calico's BGP daemon, and the default; else vxlan or none (Calico: "Configuring calico/node")."""


def speaks_bgp(workload: Workload, settings: Settings) -> bool:
    """Tell whether a workload speaks BGP on nodes; so it does where that cannot be seen.

    Args:
        workload: of any namespace.
        settings: of other software.
    """
    return _matches(_BGP, workload, settings)


def allocates(workload: Workload, settings: Settings) -> bool:
    """Tell whether a workload gives addresses to Services of type LoadBalancer.

    Args:
        workload: of any namespace.
        settings: of other software.
    """
    return _matches(_ALLOCATORS, workload, settings)


def unseen(workload: Workload, settings: Settings) -> str:
    """Say which setting would tell whether Calico speaks BGP, and is not known; "" if none.

    Args:
        workload: that speaks BGP as far as can be seen.
        settings: of other software.
    """
    if "calico/node" not in workload.programs or _calico_backend(workload, settings):
        return ""
    name, key = workload.borrowed[_CALICO_BACKEND]
    return f"key {key} of ConfigMap {workload.namespace}/{name}"


def asks_calico(workload: Workload) -> bool:
    """Tell whether a workload takes its settings from Calico's ConfigMap."""
    found = workload.borrowed.get(_CALICO_BACKEND)
    return found is not None and (workload.namespace, found[0]) == (PLACE, CALICO)


def matters(workload: Workload) -> bool:
    """Tell whether a workload's program is in one of the tables, whatever its settings."""
    return any(program in workload.programs for program in (*_BGP, *_ALLOCATORS))


def _matches(table: Mapping[str, _Test], workload: Workload, settings: Settings) -> bool:
    if not workload.replicas:
        return False
    tests = (table[program] for program in workload.programs if program in table)
    return any(test(workload, settings) for test in tests)


def _always(_workload: Workload, _settings: Settings) -> bool:
    return True


def _by_calico(workload: Workload, settings: Settings) -> bool:
    # What is not seen is told of: see `unseen`.
    return _calico_backend(workload, settings) in {_BIRD, ""}


def _calico_backend(workload: Workload, settings: Settings) -> str:
    """Return what Calico's node agent runs; "" if that stands where it was not read."""
    literal = workload.environment.get(_CALICO_BACKEND)
    if literal or _CALICO_BACKEND not in workload.borrowed:
        return literal or _BIRD
    if not asks_calico(workload):
        return ""
    return settings.get(CALICO, {}).get(workload.borrowed[_CALICO_BACKEND][1], "")


def _by_cilium(key: str) -> _Test:
    def test(workload: Workload, settings: Settings) -> bool:
        return "true" in {settings.get(CILIUM, {}).get(key), workload.flag(key)}

    return test


def _by_kube_router(workload: Workload, _settings: Settings) -> bool:
    return (workload.flag("run-router") or "").lower() not in _OFF


def _by_kube_vip(variable: str) -> _Test:
    def test(workload: Workload, _settings: Settings) -> bool:
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
