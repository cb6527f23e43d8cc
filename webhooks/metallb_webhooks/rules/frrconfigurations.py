"""Rules on FRRConfiguration.

Speakers of the backend frr-k8s write such objects (metallb-<node>), and users may add some. What is
refused here is what frr-k8s itself refuses, no more: a speaker that is refused announces nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_webhooks.labelselectors import problems
from metallb_webhooks.rules.base import Operation, Problem, Request, Rule, Severity
from metallb_webhooks.rules.frrmerging import FRR_MERGING_RULES
from metallb_webhooks.rules.frrneighbors import FRR_NEIGHBOR_RULES
from metallb_webhooks.rules.frrprefixes import FRR_PREFIX_RULES
from metallb_webhooks.rules.frrsessions import place_of, sessions

ON_UPDATE: Final = frozenset({Operation.UPDATE})
_WITH_FRR_K8S: Final = frozenset({Backend.FRR_K8S, Backend.FRR_K8S_EXTERNAL})


def _unread(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    place, where = place_of(request), request.subject.metadata.namespace
    if request.backend in _WITH_FRR_K8S and where != place:
        message = (
            f"frr-k8s reads FRRConfigurations of its own namespace {place!r} only, and this one is"
            f" in {where!r}: it has no effect. Create it in {place!r}"
        )
        yield "metadata.namespace", message


def _selector_syntax(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    yield from problems("spec.nodeSelector", request.subject.spec.node_selector)


def _no_node(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    snapshot, selector = request.snapshot, request.subject.spec.node_selector
    if snapshot.nodes and next(snapshot.nodes_selected([selector]), None) is None:
        message = (
            "no Node has such labels: the object does nothing and has not been checked. Select the"
            " Nodes that it is for"
        )
        yield "spec.nodeSelector", message


def _disable_mp(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        if session.neighbor.disable_mp:
            message = "the field is deprecated, and frr-k8s ignores it; remove it"
            yield f"{session.path}.disableMP", message


def _graceful_restart(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    before = _restarts(request.old) if request.old else {}
    for path, (identity, restart) in _restart_paths(request.subject):
        if before.get(identity, restart) != restart:
            message = (
                "the change takes effect when FRR next restarts; restart frr-k8s on the nodes if"
                " it is to be now"
            )
            yield f"{path}.enableGracefulRestart", message


def _restarts(config: FRRConfiguration) -> Mapping[tuple[str, str], bool]:
    return dict(entry for _, entry in _restart_paths(config))


def _restart_paths(
    config: FRRConfiguration,
) -> Iterator[tuple[str, tuple[tuple[str, str], bool]]]:
    for session in sessions(config):
        yield session.path, (session.identity, session.neighbor.enable_graceful_restart)


FRR_CONFIGURATION_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "frr-namespace-unread",
        "The object is where frr-k8s reads such objects: in its own namespace",
        _unread,
        Severity.WARN,
        source="frr-k8s 0.0.21 to 0.0.26, namespaceSelector",
        by_backend=True,
    ),
    Rule(
        "frr-selector-syntax",
        "nodeSelector uses operators, keys and values that Kubernetes accepts",
        _selector_syntax,
        source="FRRC-01",
    ),
    Rule(
        "frr-node-unmatched",
        "nodeSelector matches a node",
        _no_node,
        Severity.WARN,
        source="GAP-32",
    ),
    *FRR_NEIGHBOR_RULES,
    *FRR_PREFIX_RULES,
    *FRR_MERGING_RULES,
    Rule(
        "frr-disable-mp",
        "disableMP, which does nothing, is left out",
        _disable_mp,
        Severity.WARN,
        source="FRRC",
    ),
    Rule(
        "frr-graceful-restart",
        "enableGracefulRestart of a session is not changed, since FRR has to be restarted for it",
        _graceful_restart,
        Severity.WARN,
        ON_UPDATE,
        "FRRC, GAP-31",
    ),
)
