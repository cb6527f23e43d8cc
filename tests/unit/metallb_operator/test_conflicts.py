"""Which software does what MetalLB does."""

from collections.abc import Mapping

import pytest

from metallb_operator.conflicts import CALICO, CILIUM, allocates, matters, speaks_bgp, unseen
from metallb_operator.workload import Workload


def workload(image: str, *arguments: str, replicas: int = 1, **environment: str) -> Workload:
    return Workload(
        "DaemonSet",
        "kube-system",
        "w",
        images=(image,),
        arguments=arguments,
        environment=environment,
        replicas=replicas,
    )


def calico(name: str = "calico-config", namespace: str = "kube-system") -> Workload:
    borrowed = {"CALICO_NETWORKING_BACKEND": (name, "calico_backend")}
    return Workload("DaemonSet", namespace, "w", images=("quay.io/calico/node",), borrowed=borrowed)


@pytest.mark.parametrize(
    ("found", "cilium", "bgp", "allocating"),
    [
        (workload("docker.io/calico/node"), {}, True, False),
        (workload("calico/node", CALICO_NETWORKING_BACKEND="bird"), {}, True, False),
        (workload("calico/node", CALICO_NETWORKING_BACKEND="vxlan"), {}, False, False),
        (workload("quay.io/cilium/cilium"), {}, False, False),
        (workload("quay.io/cilium/cilium"), {"enable-bgp-control-plane": "true"}, True, False),
        (workload("quay.io/cilium/cilium"), {"enable-l2-announcements": "true"}, False, True),
        (workload("cilium/cilium", "--enable-bgp-control-plane=true"), {}, True, False),
        (workload("cloudnativelabs/kube-router"), {}, True, False),
        (workload("cloudnativelabs/kube-router", "--run-router=false"), {}, False, False),
        (workload("cloudnativelabs/kube-router", "--run-router=False"), {}, False, False),
        (workload("plndr/kube-vip", svc_enable="true"), {}, False, True),
        (workload("plndr/kube-vip", cp_enable="true"), {}, False, False),
        (workload("plndr/kube-vip", bgp_enable="true"), {}, True, False),
        (workload("rancher/klipper-lb"), {}, False, True),
        (workload("kubesphere/openelb-controller"), {}, False, True),
        (workload("purelb/allocator"), {}, False, True),
        (workload("x/cloud-controller-manager"), {}, False, True),
        (workload("x/cloud-controller-manager", replicas=0), {}, False, False),
        (workload("other/node"), {}, False, False),
        (workload("other/allocator"), {}, False, False),
    ],
)
def test_software(
    found: Workload,
    cilium: Mapping[str, str],
    bgp: bool,  # noqa: FBT001 - a row of a table
    allocating: bool,  # noqa: FBT001 - a row of a table
) -> None:
    settings = {CILIUM: cilium}
    assert (speaks_bgp(found, settings), allocates(found, settings)) == (bgp, allocating)


@pytest.mark.parametrize(
    ("found", "settings", "speaks", "where"),
    [
        (calico(), {"calico_backend": "bird"}, True, ""),
        (calico(), {"calico_backend": "vxlan"}, False, ""),
        (calico(), {"calico_backend": "none"}, False, ""),
        # Not read, or without the key: nobody can tell.
        (calico(), {}, True, "key calico_backend of ConfigMap kube-system/calico-config"),
        (
            calico("settings"),
            {"calico_backend": "vxlan"},
            True,
            "key calico_backend of ConfigMap kube-system/settings",
        ),
        (
            calico(namespace="net"),
            {"calico_backend": "vxlan"},
            True,
            "key calico_backend of ConfigMap net/calico-config",
        ),
        (workload("calico/node"), {}, True, ""),
        (workload("kube-router"), {}, True, ""),
    ],
)
def test_calicos_backend_may_stand_in_its_configmap(
    found: Workload,
    settings: Mapping[str, str],
    speaks: bool,  # noqa: FBT001 - a row of a table
    where: str,
) -> None:
    known = {CALICO: settings}
    assert (speaks_bgp(found, known), unseen(found, known)) == (speaks, where)


@pytest.mark.parametrize(
    ("image", "kept"), [("quay.io/cilium/cilium", True), ("x/kube-vip", True), ("nginx", False)]
)
def test_programs_of_the_tables_are_kept_whatever_their_settings(image: str, kept: bool) -> None:  # noqa: FBT001 - a row of a table
    assert matters(workload(image)) is kept
