"""What to do about what kubelet, scheduler, registries and admission say of pods: tables. Pure.

Sources: the messages of Kubernetes (`pkg/kubelet`, `pkg/scheduler`, `plugin/pkg/admission`), of
containerd and CRI-O; the fields named are those of the MetalLB object.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from metallb_operator.wording import stable

_Table: TypeAlias = Sequence[tuple[re.Pattern[str], str]]

_LONGEST_CAUSE: Final = 200


def _table(*rows: tuple[str, str]) -> _Table:
    return [(re.compile(pattern, re.IGNORECASE), remedy) for pattern, remedy in rows]


# The first that fits; what is more telling comes first.
_PULLS: Final = _table(
    (
        r"too ?many ?requests|rate limit",
        "the registry is asked too often; set spec.images.registry or spec.images.pullSecrets",
    ),
    (r"pull policy of never", "it is not on the node; see spec.images.pullPolicy"),
    (r"no space left", "the node's disk is full; free some of it"),
    (
        r"no match(ing manifest)? for |no image found in \S+ index for architecture",
        "there is none for the node's architecture; check spec.images",
    ),
    (r"signature", "the node does not accept its signature; check spec.images"),
    (
        r"unauthori[sz]ed|denied|forbidden|authenticat|failed to authorize",
        "it does not exist, or wants credentials; check spec.images, set spec.images.pullSecrets",
    ),
    (
        r"no such host|time(d )?out|refused|unreachable|dial tcp|misbehaving",
        "the registry cannot be reached from the node; see spec.images.registry",
    ),
    (
        r"x509|certificate",
        "the node does not trust the registry's certificate; see spec.images.registry",
    ),
    (r"not found|manifest unknown", "it does not exist; check spec.images"),
    (r"invalid|couldn't parse", "that is no image reference; check spec.images"),
)
_REFUSALS: Final = _table(
    (r"service ?account", "it comes with the operator's manifests; apply them again"),
    (
        r"violates PodSecurity",
        "label the namespace pod-security.kubernetes.io/enforce=privileged",
    ),
    (r"exceeded quota|failed quota", "raise the ResourceQuota of the namespace"),
    (
        r"(maximum|minimum) \S+ usage per|limit to request ratio",
        "change the LimitRange of the namespace, or the resources in spec",
    ),
    (r"no PriorityClass", "create it, or change priorityClassName in spec"),
    (r"RuntimeClass", "create it, or change runtimeClassName in spec"),
    (
        r"security context constraint",
        "allow its ServiceAccount the SecurityContextConstraints privileged",
    ),
    (r"failed calling webhook", "put that webhook right, or exempt the namespace from it"),
    (r"denied (the )?request", "change that policy, or exempt the namespace from it"),
    (r"because it is being terminated", "wait until the namespace is gone, then install anew"),
)
_ENDINGS: Final = _table(
    (
        r"^OOMKilled",
        "raise limits.memory in spec.controllerConfig.resources or spec.speakerConfig.resources",
    ),
    (
        r"address already in use",
        "something else on the node listens there; end that, or choose another port in spec",
    ),
    (
        r"exec format error",
        "the image is for another architecture than the node's; check spec.images",
    ),
)
# Each that fits: nodes differ in what they lack.
_SCHEDULING: Final = _table(
    (
        r"free ports for the requested pod ports",
        "another pod of the node has one of its ports: move it, or choose another port in spec",
    ),
    (r"insufficient ", "free some, or ask for less in resources of spec"),
    (
        r"untolerated taint",
        "extend spec.controllerTolerations or spec.speakerTolerations, or remove the taint",
    ),
)
# A pod of a DaemonSet is for one node: all others do not match, which is nothing to mend.
_ELSEWHERE: Final = _table(
    (r"node affinity|node selector", "change nodeSelector or affinity in spec, or label a node"),
)
_LOG: Final = "its log (kubectl logs --previous) may say why"


def not_pulled(cause: str) -> str:
    """Say why an image cannot be pulled, and what to do; as it was said where that is unknown."""
    return _first(_PULLS, cause) or stable(cause, _LONGEST_CAUSE)


def refused(message: str) -> str:
    """Say what to do where pods, or other objects, are refused; "" if that is not known."""
    return _first(_REFUSALS, message)


def ended(reason: str, said: str) -> str:
    """Say what to do about a container that has ended; "" if it has said itself what is wrong.

    Args:
        reason: as the kubelet has it: Error, OOMKilled.
        said: its last words.
    """
    return _first(_ENDINGS, f"{reason}: {said}") or ("" if said else _LOG)


def not_scheduled(message: str) -> str:
    """Return what the scheduler says, and what to do about it."""
    found = "; ".join(_fitting(_SCHEDULING, message)) or _first(_ELSEWHERE, message)
    return with_remedy(message.rstrip("."), found)


def with_remedy(text: str, remedy: str) -> str:
    """Return a sentence with what to do after it, if anything is."""
    return f"{text}; {remedy}" if remedy else text


def _first(table: _Table, text: str) -> str:
    return next(_fitting(table, text), "")


def _fitting(table: _Table, text: str) -> Iterator[str]:
    return (remedy for pattern, remedy in table if pattern.search(text))
