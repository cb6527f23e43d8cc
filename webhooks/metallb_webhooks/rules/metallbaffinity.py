"""Rules on the affinity of MetalLB's pods: whatever the API server would refuse in it.

Source: Kubernetes 1.35, validation of pods; the Go metallb-operator checks some of the weights.
"""

from collections.abc import Iterator
from typing import Final

from metallb_crds.core import (
    Affinity,
    NodeAffinity,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PodAffinity,
    PodAffinityTerm,
    PodAntiAffinity,
)
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_webhooks.labelselectors import (
    WITH_VALUES,
    WITHOUT_VALUES,
    is_key,
    problems,
)
from metallb_webhooks.rules.base import Problem, Request, Rule

WEIGHT_MAX: Final = 100
WITH_NUMBER: Final = frozenset({"Gt", "Lt"})

_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"


def _weights(request: Request[MetalLB]) -> Iterator[Problem]:
    for path, affinity in _affinities(request.subject):
        for place, weight in _all_weights(path, affinity):
            if not 1 <= weight <= WEIGHT_MAX:
                message = f"{weight} is no weight; use a number from 1 to {WEIGHT_MAX}"
                yield f"{place}.weight", message


def _all_weights(path: str, affinity: Affinity) -> Iterator[tuple[str, int]]:
    if affinity.node_affinity:
        found = affinity.node_affinity.preferred_during_scheduling_ignored_during_execution
        for place, node in enumerate(found):
            yield f"{path}.nodeAffinity.{_PREFERRED}[{place}]", node.weight
    for below, pods in _pod_affinities(path, affinity):
        for place, pod in enumerate(pods.preferred_during_scheduling_ignored_during_execution):
            yield f"{below}.{_PREFERRED}[{place}]", pod.weight


def _terms(request: Request[MetalLB]) -> Iterator[Problem]:
    for path, affinity in _affinities(request.subject):
        if affinity.node_affinity:
            yield from _node_affinity(f"{path}.nodeAffinity", affinity.node_affinity)
        for below, pods in _pod_affinities(path, affinity):
            for place, preferred in enumerate(
                pods.preferred_during_scheduling_ignored_during_execution
            ):
                where = f"{below}.{_PREFERRED}[{place}].podAffinityTerm"
                yield from _pod_term(where, preferred.pod_affinity_term)
            for place, term in enumerate(pods.required_during_scheduling_ignored_during_execution):
                yield from _pod_term(f"{below}.{_REQUIRED}[{place}]", term)


def _node_affinity(path: str, affinity: NodeAffinity) -> Iterator[Problem]:
    required = affinity.required_during_scheduling_ignored_during_execution
    if required:
        below = f"{path}.{_REQUIRED}.nodeSelectorTerms"
        if not required.node_selector_terms:
            yield below, "there is no term; give at least one, or remove the requirement"
        for place, term in enumerate(required.node_selector_terms):
            yield from _node_term(f"{below}[{place}]", term)
    for place, preferred in enumerate(
        affinity.preferred_during_scheduling_ignored_during_execution
    ):
        yield from _node_term(f"{path}.{_PREFERRED}[{place}].preference", preferred.preference)


def _node_term(path: str, term: NodeSelectorTerm) -> Iterator[Problem]:
    for place, requirement in enumerate(term.match_expressions):
        yield from _expression(f"{path}.matchExpressions[{place}]", requirement)
    for place, requirement in enumerate(term.match_fields):
        one = requirement.operator in WITH_VALUES and len(requirement.values) == 1
        if requirement.key != "metadata.name" or not one:
            message = (
                f"{requirement.key!r} {requirement.operator} is no such expression; compare"
                " metadata.name by In or NotIn with one value"
            )
            yield f"{path}.matchFields[{place}]", message


def _expression(path: str, requirement: NodeSelectorRequirement) -> Iterator[Problem]:
    operator, count = requirement.operator, len(requirement.values)
    if not is_key(requirement.key):
        yield f"{path}.key", f"{requirement.key!r} is no key that a label can have; correct it"
    if operator not in WITH_VALUES | WITHOUT_VALUES | WITH_NUMBER:
        message = f"there is no {operator!r}; use In, NotIn, Exists, DoesNotExist, Gt or Lt"
        yield f"{path}.operator", message
    if operator in WITH_VALUES and not count:
        yield f"{path}.values", f"{operator} compares with values; give at least one"
    if operator in WITHOUT_VALUES and count:
        yield f"{path}.values", f"{operator} takes no values; remove them, or use In"
    if operator in WITH_NUMBER and count != 1:
        yield f"{path}.values", f"{operator} compares with one number; give exactly one"


def _pod_term(path: str, term: PodAffinityTerm) -> Iterator[Problem]:
    if not is_key(term.topology_key):
        message = (
            f"{term.topology_key!r} is no key that a label can have; name the label of the nodes"
            " whose equal values mean near, such as kubernetes.io/hostname"
        )
        yield f"{path}.topologyKey", message
    if term.label_selector:
        yield from problems(f"{path}.labelSelector", term.label_selector)
    if term.namespace_selector:
        yield from problems(f"{path}.namespaceSelector", term.namespace_selector)


def _pod_affinities(
    path: str, affinity: Affinity
) -> Iterator[tuple[str, PodAffinity | PodAntiAffinity]]:
    if affinity.pod_affinity:
        yield f"{path}.podAffinity", affinity.pod_affinity
    if affinity.pod_anti_affinity:
        yield f"{path}.podAntiAffinity", affinity.pod_anti_affinity


def _affinities(metallb: MetalLB) -> Iterator[tuple[str, Affinity]]:
    for field, config in (
        ("controllerConfig", metallb.spec.controller_config),
        ("speakerConfig", metallb.spec.speaker_config),
    ):
        if config and config.affinity:
            yield f"spec.{field}.affinity", config.affinity


METALLB_AFFINITY_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "metallb-affinity-weight",
        "Weights of preferences are from 1 to 100",
        _weights,
        source="MLB-03 to MLB-06",
    ),
    Rule(
        "metallb-affinity-terms",
        "Terms of affinity are ones that the API server accepts",
        _terms,
    ),
)
