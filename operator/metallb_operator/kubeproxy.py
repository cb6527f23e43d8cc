"""Whether kube-proxy answers ARP for the addresses of Services. Pure.

In mode ipvs every node holds these addresses on an interface of its own, and answers ARP for them
unless strictARP is set (Kubernetes: KubeProxyConfiguration, kubeproxy.config.k8s.io/v1alpha1).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import yaml

from metallb_operator.fields import at, text_at
from metallb_operator.workload import Workload

NAME: Final = "kube-proxy"
PLACE: Final = "kube-system"


def answers_arp(
    config: Mapping[str, str], cilium: Mapping[str, str], workloads: Iterable[Workload]
) -> str:
    """Return where it is set that kube-proxy answers ARP; "" if it does not, or does not run.

    Args:
        config: `data` of the ConfigMap kube-system/kube-proxy.
        cilium: Cilium's settings: where it replaces kube-proxy, the ConfigMap is a leftover.
        workloads: of the cluster; flags of the DaemonSet kube-proxy count, too.
    """
    running = next((w for w in workloads if (w.namespace, w.name) == (PLACE, NAME)), None)
    if running is None and cilium.get("kube-proxy-replacement") in {"true", "strict"}:
        return ""
    if running and running.flag("proxy-mode") is not None:
        loose = running.flag("proxy-mode") == "ipvs" and running.flag("ipvs-strict-arp") != "true"
        return str(running) if loose else ""
    if any(_is_loose(found) for found in _configurations(config)):
        return f"ConfigMap {PLACE}/{NAME}"
    return ""


def _is_loose(configuration: Mapping[str, Any]) -> bool:
    strict = at(configuration, "ipvs", "strictARP") is True
    return text_at(configuration, "mode") == "ipvs" and not strict


def _configurations(config: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    for text in config.values():
        try:
            documents = list(yaml.safe_load_all(text))
        except (yaml.YAMLError, RecursionError, ValueError):
            continue
        for document in documents:
            if text_at(document, "kind") == "KubeProxyConfiguration":
                yield document
