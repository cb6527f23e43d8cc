"""The rule that nothing is set in a MetalLB object that does nothing beside the rest of it.

Such a field is no error: the object may be on its way from one backend or release to another.
Who set it believes, however, that it is in force.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from metallb_crds.backend import Backend
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_crds.versions import version_of
from metallb_webhooks.installation import backend_in_effect
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity

_RUNS_FRR: Final = frozenset({Backend.FRR, Backend.FRR_K8S})
_BACKENDS: Final[Mapping[str, frozenset[Backend]]] = {
    "images.frr": _RUNS_FRR,
    "images.frrK8s": frozenset({Backend.FRR_K8S}),
    "bgpDebounceTimeout": _RUNS_FRR,
}
"""With which backends a field does something; those of frr-k8s have a rule of their own."""

_SINCE_0_16: Final = frozenset(
    {"bgpDebounceTimeout", "tls.minVersion", "tls.cipherSuites", "tls.curvePreferences"}
)
"""What 0.15.3, which serves metrics over plain HTTP, has no flags for."""
_BEFORE_0_16: Final = frozenset({"0.15.3"})

_SWITCHES: Final[Mapping[str, tuple[str, Any]]] = {
    "updateStrategy.speaker.maxUnavailable": ("updateStrategy.speaker.type", "RollingUpdate"),
    "updateStrategy.speaker.minReadySeconds": ("updateStrategy.speaker.type", "RollingUpdate"),
    "excludeInterfaces.patterns": ("excludeInterfaces.enabled", True),
    "memberlist.bindPort": ("memberlist.enabled", True),
    "memberlist.wanConfig": ("memberlist.enabled", True),
    "networkPolicies.defaultDeny": ("networkPolicies.enabled", True),
    "networkPolicies.apiServerPorts": ("networkPolicies.enabled", True),
    **{
        f"metrics.{monitor}.{field}": (f"metrics.{monitor}.enabled", True)
        for monitor in ("serviceMonitor", "podMonitor", "prometheusRule")
        for field in ("labels", "interval")
    },
}
"""What a field needs another one to be; one that is empty is as it has to be."""


def _without_effect(request: Request[MetalLB]) -> Iterator[Problem]:
    spec = request.subject.spec.model_dump(by_alias=True)
    backend = backend_in_effect(request.subject)
    version = version_of(request.subject.spec.version)
    for path, backends in _BACKENDS.items():
        if _at(spec, path) and backend not in backends:
            message = f"has no effect with the backend {backend}; remove it, or change bgpBackend"
            yield f"spec.{path}", message
    for path in sorted(_SINCE_0_16 if version in _BEFORE_0_16 else ()):
        if _at(spec, path):
            yield (
                f"spec.{path}",
                f"has no effect on MetalLB {version}; remove it, or change version",
            )
    for path, (switch, on) in _SWITCHES.items():
        if _at(spec, path) and _at(spec, switch) not in {on, "", None}:
            shown = str(on).lower() if on is True else on
            message = f"has no effect unless {switch} is {shown}; set that, or remove it"
            yield f"spec.{path}", message


def _at(spec: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - whatever a field holds
    found: Any = spec
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


METALLB_EFFECT_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "metallb-without-effect",
        "Nothing is set that does nothing beside the backend, the release and other fields",
        _without_effect,
        Severity.WARN,
    ),
)
