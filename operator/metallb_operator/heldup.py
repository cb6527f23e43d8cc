"""Why the pods of a workload are not there, or not ready, by everything that tells. Pure."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from typing import Final

from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator import pods as podlist
from metallb_operator.fields import at, name_of, text_at
from metallb_operator.observation import Observation
from metallb_operator.podtroubles import of_pod, where
from metallb_operator.refusals import explained, of_silence, of_workload
from metallb_operator.remedies import with_remedy
from metallb_operator.troubles import Kind, Trouble
from metallb_operator.wording import listed

_CORDONED: Final = "were unschedulable"
"""What the scheduler's plugin NodeUnschedulable says."""
_SHOWN: Final = 5


def of_missing(
    workload: Manifest, pods: Sequence[Manifest], seen: Observation, *, missing: bool
) -> Iterable[Trouble]:
    """Yield why pods are not created.

    Args:
        workload: as it is stored.
        pods: all that it has.
        seen: the cluster.
        missing: whether there should be more.
    """
    if missing:
        told = of_workload(workload, seen.warnings, youngest=podlist.youngest(pods))
        yield from told or of_silence(workload, seen.accounts)


def of_pods(
    workload: Manifest,
    pods: Iterable[Manifest],
    seen: Observation,
    dead: Container[str] = frozenset(),
) -> Iterable[Trouble]:
    """Yield what holds pods up; nothing for those that are ready.

    Args:
        workload: as it is stored.
        pods: of it.
        seen: the cluster.
        dead: nodes that are NotReady, where that is all there is to say.
    """
    absent = _absent_pull_secrets(workload, seen)
    for pod in pods:
        node = podlist.node_of(pod)
        if node in dead:
            yield Trouble(Kind.NODE, where(pod), f"node {node} is NotReady")
            continue
        for found in of_pod(pod):
            trouble = _with_cordoned(found, seen)
            if absent and trouble.kind is Kind.IMAGE:
                yield _without_secret(trouble, absent)
            else:
                yield explained(trouble, pod, seen.warnings)


def _with_cordoned(trouble: Trouble, seen: Observation) -> Trouble:
    """Say how cordoned nodes come back, where these are among those that the scheduler passes."""
    if trouble.kind is not Kind.UNSCHEDULABLE or _CORDONED not in trouble.message:
        return trouble
    cordoned = sorted(name_of(node) for node in seen.nodes if at(node, "spec", "unschedulable"))
    which = " ".join(cordoned[:_SHOWN]) or "NODE"
    remedy = f"end the maintenance of cordoned nodes by `kubectl uncordon {which}`"
    return replace(trouble, message=with_remedy(trouble.message, remedy))


def _absent_pull_secrets(workload: Manifest, seen: Observation) -> tuple[str, ...]:
    namespace = text_at(workload, "metadata", "namespace")
    named = at(workload, "spec", "template", "spec", "imagePullSecrets") or ()
    refs = [ObjectRef("v1", "Secret", namespace, text_at(secret, "name")) for secret in named]
    return tuple(ref.name for ref in refs if ref not in seen.objects)


def _without_secret(trouble: Trouble, absent: Sequence[str]) -> Trouble:
    text = f"Secret {listed(absent)}, named in spec.images.pullSecrets, does not exist; create it"
    image, _, _ = trouble.message.partition(": ")
    return replace(trouble, message=f"{image}: {text}")
