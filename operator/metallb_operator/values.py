"""From a MetalLB object to the chart's values. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from metallb_crds.backend import Backend
from metallb_crds.base import Model
from metallb_crds.operator_v1beta1 import ComponentConfig, MetalLBSpec
from metallb_operator.releases import DEFAULT_RELEASE, Release

_SESSION_TIMEOUT: Final = 30
"""Seconds; what is measured is 5 to 12 from the start of FRR to the last session."""
_DEFAULT_RESOURCES: Final = {"requests": {"cpu": "20m", "memory": "64Mi"}}


def values(
    spec: MetalLBSpec, release: Release, backend: Backend, images: Mapping[str, str]
) -> dict[str, Any]:
    """Return the chart's values for a spec.

    Permissions and Secrets are none of the chart's business here: the former are installed with
    the operator, the latter are made once.

    Args:
        spec: what is asked for.
        release: what to run.
        backend: who speaks BGP.
        images: by role, those that the operator's own settings replace. They are of the default
            release: another one runs its own, or its flags would meet foreign programs.
    """
    return {
        "backend": backend.value,
        "logLevel": spec.log_level or "info",
        "loadBalancerClass": spec.load_balancer_class,
        "images": _images(spec, release, images),
        "rbac": {"create": False},
        "serviceAccounts": {"create": False},
        "secrets": {"create": False},
        "controller": _controller(spec),
        "speaker": _speaker(spec),
        "memberlist": _memberlist(spec),
        "excludeInterfaces": _excluded(spec),
        "frrK8s": _frr_k8s(spec),
        "ports": _ports(spec, release),
        "legacy": release.legacy,
        "tls": _tls(spec),
        "monitoring": _monitoring(spec),
        "networkPolicies": _network_policies(spec),
    }


def _images(spec: MetalLBSpec, release: Release, images: Mapping[str, str]) -> dict[str, Any]:
    given = spec.images
    replaced = _replaced(images) if release is DEFAULT_RELEASE else {}
    chosen = {**release.images, **replaced}
    own = {
        "controller": given.controller if given else "",
        "speaker": given.speaker if given else "",
        "frr": given.frr if given else "",
        "frr-k8s": given.frr_k8s if given else "",
        "frr-k8s-frr": given.frr if given else "",
    }
    roles = {role: own[role] or chosen[role] for role in release.images}
    return {
        "registry": given.registry if given else "",
        "pullPolicy": (given.pull_policy if given else "") or "IfNotPresent",
        "pullSecrets": list(given.pull_secrets) if given else [],
        "controller": roles["controller"],
        "speaker": roles["speaker"],
        "frr": roles["frr"],
        "frrK8s": roles["frr-k8s"],
        "frrK8sFrr": roles["frr-k8s-frr"],
    }


def _replaced(images: Mapping[str, str]) -> dict[str, str]:
    # Whoever mirrors one FRR image means it wherever FRR runs.
    both = {"frr-k8s-frr": images["frr"]} if "frr" in images else {}
    return {**both, **images}


def _component(config: ComponentConfig | None) -> dict[str, Any]:
    if config is None:
        return {"resources": _DEFAULT_RESOURCES}
    return {
        "affinity": _plain(config.affinity),
        "priorityClassName": config.priority_class_name,
        "runtimeClassName": config.runtime_class_name,
        "annotations": dict(config.annotations),
        "resources": _plain(config.resources) or _DEFAULT_RESOURCES,
    }


def _controller(spec: MetalLBSpec) -> dict[str, Any]:
    return {
        **_component(spec.controller_config),
        "nodeSelector": dict(spec.controller_node_selector),
        "tolerations": [_plain(toleration) for toleration in spec.controller_tolerations],
    }


def _speaker(spec: MetalLBSpec) -> dict[str, Any]:
    component = _component(spec.speaker_config)
    strategy = spec.update_strategy.speaker if spec.update_strategy else None
    unavailable = strategy.max_unavailable if strategy else None
    timeout = strategy.session_timeout_seconds if strategy else None
    return {
        **component,
        "priorityClassName": component.get("priorityClassName") or "system-node-critical",
        "nodeSelector": dict(spec.node_selector),
        "tolerations": [_plain(toleration) for toleration in spec.speaker_tolerations],
        "updateStrategy": {
            "type": (strategy.type if strategy else "") or "RollingUpdate",
            "maxUnavailable": 1 if unavailable is None else unavailable,
            "sessionTimeoutSeconds": _SESSION_TIMEOUT if timeout is None else timeout,
            "minReadySeconds": (strategy.min_ready_seconds if strategy else None) or 0,
        },
        "ignoreExcludeLB": spec.ignore_exclude_lb,
        "bgpDebounceTimeout": spec.bgp_debounce_timeout or 0,
    }


def _memberlist(spec: MetalLBSpec) -> dict[str, Any]:
    given = spec.memberlist
    return {
        "enabled": given.enabled if given else True,
        "bindPort": (given.bind_port if given else None) or 7946,
        "wanConfig": given.wan_config if given else False,
    }


def _excluded(spec: MetalLBSpec) -> dict[str, Any]:
    given = spec.exclude_interfaces
    return {
        "enabled": given.enabled if given else True,
        "patterns": list(given.patterns) if given else [],
    }


def _frr_k8s(spec: MetalLBSpec) -> dict[str, Any]:
    given = spec.frrk8s_config
    return {
        "namespace": given.namespace if given else "",
        # Sorted: another order is no other configuration, and shall restart nothing.
        "alwaysBlock": sorted(entry.strip() for entry in given.always_block) if given else [],
    }


def _ports(spec: MetalLBSpec, release: Release) -> dict[str, int]:
    ports = release.ports
    metrics = (spec.metrics.port if spec.metrics else None) or ports.metrics
    return {
        "metrics": metrics,
        "health": metrics if release.legacy else ports.health,
        "frrMetrics": ports.frr_metrics,
        "frrK8sMetrics": ports.frr_k8s_metrics,
        "frrK8sFrrMetrics": ports.frr_k8s_frr_metrics,
        "frrK8sHealth": ports.frr_k8s_health,
        "statusCleaner": ports.status_cleaner,
    }


def _tls(spec: MetalLBSpec) -> dict[str, Any]:
    given = spec.tls
    return {
        "minVersion": given.min_version if given else "",
        "cipherSuites": list(given.cipher_suites) if given else [],
        "curvePreferences": list(given.curve_preferences) if given else [],
    }


def _monitoring(spec: MetalLBSpec) -> dict[str, Any]:
    given = spec.metrics
    return {
        key: _plain(part) if part is not None else {"enabled": False}
        for key, part in {
            "serviceMonitor": given.service_monitor if given else None,
            "podMonitor": given.pod_monitor if given else None,
            "prometheusRule": given.prometheus_rule if given else None,
        }.items()
    }


def _network_policies(spec: MetalLBSpec) -> dict[str, Any]:
    given = spec.network_policies
    return {
        "enabled": given.enabled if given else True,
        "defaultDeny": given.default_deny if given else False,
        "apiServerPorts": list(given.api_server_ports if given else ()) or [6443, 443],
    }


def _plain(model: Model | None) -> dict[str, Any]:
    """Return a part of the spec as the chart passes it on: without what was not given."""
    if model is None:
        return {}
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
