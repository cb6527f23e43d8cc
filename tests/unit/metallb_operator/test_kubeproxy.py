"""When kube-proxy answers ARP for the addresses of Services."""

import pytest

from metallb_operator.kubeproxy import answers_arp
from metallb_operator.workload import Workload

CONFIG = "ConfigMap kube-system/kube-proxy"
DAEMONSET = "DaemonSet kube-system/kube-proxy"


def configured(text: str) -> dict[str, str]:
    return {
        "kubeconfig.conf": "kind: Config",
        "config.conf": f"kind: KubeProxyConfiguration\n{text}",
    }


def kube_proxy(*arguments: str) -> Workload:
    return Workload("DaemonSet", "kube-system", "kube-proxy", arguments=arguments)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("mode: ipvs", CONFIG),
        ("mode: ipvs\nipvs: {strictARP: false}", CONFIG),
        ('mode: "ipvs"\nipvs: null', CONFIG),
        ("mode: ipvs\nipvs: {strictARP: true}", ""),
        ("mode: iptables", ""),
        ('mode: ""', ""),
        ("mode: nftables\nipvs: {strictARP: false}", ""),
        ("mode: [", ""),
        ("mode: " + "[" * 900, ""),
        ("mode: 2001-99-99", ""),
        ("", ""),
    ],
)
def test_by_its_configuration(text: str, where: str) -> None:
    assert answers_arp(configured(text), {}, ()) == where
    assert answers_arp(configured(text), {}, [kube_proxy("--config=/var/lib/x")]) == where


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (("--proxy-mode=ipvs",), DAEMONSET),
        (("--proxy-mode=ipvs", "--ipvs-strict-arp=false"), DAEMONSET),
        (("--proxy-mode=ipvs", "--ipvs-strict-arp"), ""),
        (("--proxy-mode=iptables",), ""),
    ],
)
def test_by_its_flags(arguments: tuple[str, ...], where: str) -> None:
    assert answers_arp({}, {}, [kube_proxy(*arguments)]) == where


def test_where_cilium_replaces_it_what_is_left_over_is_no_alarm() -> None:
    cilium = {"kube-proxy-replacement": "true"}
    assert answers_arp(configured("mode: ipvs"), cilium, ()) == ""
    assert answers_arp(configured("mode: ipvs"), cilium, [kube_proxy()]) == CONFIG


def test_other_files_are_no_configuration_of_it() -> None:
    assert answers_arp({"a": "mode: ipvs", "b": "- 1", "c": "x"}, {}, ()) == ""
