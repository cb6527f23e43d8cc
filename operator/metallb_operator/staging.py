"""Which writes wait for which: so that no change takes an address off the network. Pure.

The controller allocates addresses, speakers announce them, and frr-k8s speaks BGP for speakers:
a new release reaches the speakers when the new controller works, a backend that is left goes when
the one that replaces it is up. Objects that somebody else has installed are taken over in the same
order: that, too, replaces their pods.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator import prepull
from metallb_operator.applyset import HASH_ANNOTATION, is_member
from metallb_operator.component import Component
from metallb_operator.fields import at, count_at
from metallb_operator.plan import Held

_CONTROLLER: Final = ("Deployment", "controller")
_SPEAKER: Final = ("DaemonSet", "speaker")
_WORKLOADS: Final = frozenset({"DaemonSet", "Deployment"})
_FRR_K8S: Final = ("DaemonSet", "frr-k8s")
_CLEANER: Final = ("Deployment", "statuscleaner")
_FRR_K8S_PARTS: Final = frozenset({"frr-k8s", "frr-k8s-metrics", "statuscleaner"})
# A pod that starts anew without one of these does not start.
_READ_BY_PODS: Final = frozenset({"ConfigMap", "Secret"})
_UNTIL_REPLACED: Final = "stays until every speaker is replaced"
_UNTIL_GONE: Final = "stays until frr-k8s is gone"
_UNTIL_WITHDRAWN: Final = "stays until what speakers wrote for it is deleted"


def holds(
    desired: Iterable[Manifest],
    observed: Mapping[ObjectRef, Manifest],
    components: Iterable[Component],
    applyset: str,
    *,
    owed: bool = False,
    unpulled: str = "",
    writing: bool = False,
) -> Mapping[ObjectRef, str]:
    """Return the writes that wait, and what they wait for.

    Nothing waits on a first installation, and nothing that is missing waits at all: there is
    nothing to lose then.

    Args:
        desired: `plan.members`.
        observed: what is there.
        components: the state of the desired workloads.
        applyset: the id of our ApplySet.
        owed: frr-k8s still acts upon what speakers wrote.
        unpulled: which images are to be pulled first, and where; "" for none.
        writing: a pod of our frr-k8s is left.
    """
    wanted = {ref_of(manifest): manifest for manifest in desired}
    state = {(component.kind, component.name): component for component in components}
    changing = {ref for ref, manifest in wanted.items() if _changes(manifest, observed.get(ref))}
    found: dict[ObjectRef, str] = {}
    for ref in changing:
        awaited = _unpulled(ref, unpulled) or _awaited(ref, wanted, changing, state)
        if awaited:
            found[ref] = awaited
    found |= _kept_until_gone(wanted, observed, applyset, writing=writing)
    found |= _kept_until_replaced(wanted, observed, state, changing, applyset, owed=owed)
    return found


def awaits_withdrawal(held: Iterable[Held]) -> bool:
    """Tell whether frr-k8s stays for what speakers wrote, and nothing waits for anything else."""
    reasons = {one.reason.endswith(_UNTIL_WITHDRAWN) for one in held}
    return reasons == {True}


def _changes(manifest: Manifest, found: Manifest | None) -> bool:
    """Whether an object is there in an earlier form, ours or somebody else's."""
    return found is not None and _hash(found) != _hash(manifest)


def _unpulled(ref: ObjectRef, unpulled: str) -> str:
    if not unpulled or ref.kind not in _WORKLOADS or ref.name == prepull.NAME:
        return ""
    return f"{ref.kind} {ref.name} waits: {unpulled}"


def _awaited(
    ref: ObjectRef,
    wanted: Mapping[ObjectRef, Manifest],
    changing: set[ObjectRef],
    state: Mapping[tuple[str, str], Component],
) -> str:
    name = (ref.kind, ref.name)
    before = {_SPEAKER: (_CONTROLLER, _FRR_K8S), _FRR_K8S: (_CONTROLLER,)}.get(name, ())
    for earlier in before:
        other = next((r for r in wanted if (r.kind, r.name) == earlier), None)
        if other is None:
            continue
        if other in changing:
            return f"{ref.kind} {ref.name} waits for {other.kind} {other.name} to be replaced"
        component = state.get(earlier)
        if component is not None and not _done(component):
            return f"{ref.kind} {ref.name} waits for {_sentence(component)}"
    return ""


def _kept_until_gone(
    wanted: Mapping[ObjectRef, Manifest],
    observed: Mapping[ObjectRef, Manifest],
    applyset: str,
    *,
    writing: bool,
) -> dict[ObjectRef, str]:
    """Keep who cleans up behind frr-k8s until that is gone."""
    leaving = {
        (ref.kind, ref.name): ref
        for ref, found in observed.items()
        if ref not in wanted and is_member(found, applyset)
    }
    if _CLEANER in leaving and (writing or _FRR_K8S in leaving):
        return _staying([leaving[_CLEANER]], _UNTIL_GONE)
    return {}


def _kept_until_replaced(
    wanted: Mapping[ObjectRef, Manifest],
    observed: Mapping[ObjectRef, Manifest],
    state: Mapping[tuple[str, str], Component],
    changing: set[ObjectRef],
    applyset: str,
    *,
    owed: bool,
) -> dict[ObjectRef, str]:
    """Keep frr-k8s, and what pods read, until no speaker relies on it any more."""
    leaving = [
        ref
        for ref, found in observed.items()
        if ref not in wanted and _is_relied_on(ref) and is_member(found, applyset)
    ]
    speaker = next((ref for ref in wanted if (ref.kind, ref.name) == _SPEAKER), None)
    if not leaving or speaker is None:
        return {}
    replaced = _is_everywhere(observed.get(speaker)) and _done(state[_SPEAKER])
    if not replaced or speaker in changing:
        return _staying(leaving, _UNTIL_REPLACED)
    if owed and any(ref.name in _FRR_K8S_PARTS for ref in leaving):
        return _staying(leaving, _UNTIL_WITHDRAWN)
    return {}


def _staying(leaving: Iterable[ObjectRef], until: str) -> dict[ObjectRef, str]:
    return {ref: f"{ref.kind} {ref.name} {until}" for ref in leaving}


def _is_relied_on(ref: ObjectRef) -> bool:
    return ref.name in _FRR_K8S_PARTS or ref.kind in _READ_BY_PODS


def _is_everywhere(daemonset: Manifest | None) -> bool:
    """Whether no pod of an earlier template is left, whoever replaces them (OnDelete: people)."""
    scheduled = count_at(daemonset, "status", "desiredNumberScheduled")
    return count_at(daemonset, "status", "updatedNumberScheduled") >= scheduled


def _done(component: Component) -> bool:
    """Whether nothing is gained by waiting: it works, or there is no node for it to work on."""
    return component.settled or component.nowhere


def _hash(manifest: Manifest) -> object:
    return at(manifest, "metadata", "annotations", HASH_ANNOTATION)


def _sentence(component: Component) -> str:
    return f"{component.kind} {component.name}: {component.message}"
