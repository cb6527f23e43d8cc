"""Rules on the ports of nodes that a MetalLB object makes its components listen at.

Source: MetalLB 0.15.3 and 0.16.1, their charts; a process whose port is taken ends.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.operator_v1beta1 import MetalLB, MetalLBSpec
from metallb_crds.versions import version_of
from metallb_webhooks.installation import backend_in_effect
from metallb_webhooks.rules.base import Problem, Request, Rule

MEMBERLIST_PORT: Final = 7946
"""What memberlist listens at unless told otherwise."""
METRICS_PORTS: Final[Mapping[str, int]] = {"0.15.3": 7472, "0.16.1": 9120}
"""Of controller and speakers, unless told otherwise, by release."""
_HEALTH: Final[Mapping[str, Mapping[int, str]]] = {
    "0.15.3": {},
    "0.16.1": {17472: "the speakers' health probe"},
}
_OF_BACKENDS: Final[Mapping[str, Mapping[Backend, Mapping[int, str]]]] = {
    "0.15.3": {
        Backend.FRR: {7473: "FRR's metrics"},
        Backend.FRR_K8S: {7572: "frr-k8s' metrics", 7573: "FRR's metrics"},
    },
    "0.16.1": {
        Backend.FRR: {9121: "FRR's metrics"},
        Backend.FRR_K8S: {
            9140: "frr-k8s' metrics",
            9141: "FRR's metrics",
            7572: "frr-k8s' health probe",
        },
    },
}


def fixed_ports(version: str, backend: Backend) -> Mapping[int, str]:
    """Return the ports of nodes that nobody chooses, and what is served there."""
    return {**_HEALTH[version], **_OF_BACKENDS[version].get(backend, {})}


def _ports(request: Request[MetalLB]) -> Iterator[Problem]:
    spec = request.subject.spec
    version = version_of(spec.version)
    if version is None:
        return
    metrics = (spec.metrics.port if spec.metrics else None) or METRICS_PORTS[version]
    fixed = fixed_ports(version, backend_in_effect(request.subject))
    memberlist = _memberlist(spec)
    if metrics == memberlist:
        yield _taken_twice(spec, metrics)
    if metrics in fixed:
        yield "spec.metrics.port", _taken(metrics, fixed)
    if memberlist in fixed:
        yield "spec.memberlist.bindPort", _taken(memberlist, fixed)


def _memberlist(spec: MetalLBSpec) -> int:
    """Return the port that speakers find each other by; 0 if they do not."""
    given = spec.memberlist
    if given is None:
        return MEMBERLIST_PORT
    return (given.bind_port or MEMBERLIST_PORT) if given.enabled else 0


def _taken_twice(spec: MetalLBSpec, port: int) -> Problem:
    if spec.metrics and spec.metrics.port:
        return "spec.metrics.port", (
            f"speakers listen at {port} for memberlist as well, and would not start; use another"
            " port, or another memberlist.bindPort"
        )
    return "spec.memberlist.bindPort", (
        f"speakers listen at {port} for their metrics as well, and would not start; use another"
        " port, or another metrics.port"
    )


def _taken(port: int, fixed: Mapping[int, str]) -> str:
    return (
        f"{port} is that of {fixed[port]} on the same node; one would not start: use another port"
    )


METALLB_PORT_RULES: Final[tuple[Rule, ...]] = (
    Rule("metallb-port-conflict", "What listens on one node has different ports", _ports),
)
