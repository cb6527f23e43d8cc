"""Which writes wait for which: so that no change takes an address off the network. Pure.

The controller allocates addresses, speakers announce them, and frr-k8s speaks BGP for speakers:
a new release reaches the speakers when the new controller works, a backend that is left goes when
the one that replaces it is up.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.applyset import HASH_ANNOTATION, is_member
from metallb_operator.fields import at
from metallb_operator.rollout import Component

_CONTROLLER: Final = ("Deployment", "controller")
_SPEAKER: Final = ("DaemonSet", "speaker")
_FRR_K8S: Final = ("DaemonSet", "frr-k8s")
# What frr-k8s reads goes no earlier than frr-k8s itself.
_FRR_K8S_PARTS: Final = frozenset({"frr-k8s", "statuscleaner", "frr-k8s-frr-startup"})


def holds(
    desired: Iterable[Manifest],
    observed: Mapping[ObjectRef, Manifest],
    components: Iterable[Component],
    applyset: str,
) -> Mapping[ObjectRef, str]:
    """Return the writes that wait, and what they wait for.

    Nothing waits on a first installation, and nothing that is missing waits at all: there is
    nothing to lose then.

    Args:
        desired: `plan.members`.
        observed: what is there.
        components: the state of the desired workloads.
        applyset: the id of our ApplySet.
    """
    wanted = {ref_of(manifest): manifest for manifest in desired}
    state = {(component.kind, component.name): component for component in components}
    changing = {
        ref for ref, manifest in wanted.items() if _changes(manifest, observed.get(ref), applyset)
    }
    found: dict[ObjectRef, str] = {}
    for ref in changing:
        awaited = _awaited(ref, wanted, changing, observed, state)
        if awaited:
            found[ref] = awaited
    found |= _kept_until_replaced(wanted, observed, state, changing, applyset)
    return found


def _changes(manifest: Manifest, found: Manifest | None, applyset: str) -> bool:
    """Whether an object of ours is there in an earlier form."""
    if found is None or not is_member(found, applyset):
        return False
    return bool(_hash(found) != _hash(manifest))


def _awaited(
    ref: ObjectRef,
    wanted: Mapping[ObjectRef, Manifest],
    changing: set[ObjectRef],
    observed: Mapping[ObjectRef, Manifest],
    state: Mapping[tuple[str, str], Component],
) -> str:
    name = (ref.kind, ref.name)
    before = {_SPEAKER: (_CONTROLLER, _FRR_K8S), _FRR_K8S: (_CONTROLLER,)}.get(name, ())
    for earlier in before:
        other = next((r for r in wanted if (r.kind, r.name) == earlier), None)
        if other is None:
            continue
        if other in changing or other not in observed:
            return f"{ref.kind} {ref.name} waits for {other.kind} {other.name} to be replaced"
        component = state.get(earlier)
        if component is not None and not component.settled:
            return f"{ref.kind} {ref.name} waits for {_sentence(component)}"
    return ""


def _kept_until_replaced(
    wanted: Mapping[ObjectRef, Manifest],
    observed: Mapping[ObjectRef, Manifest],
    state: Mapping[tuple[str, str], Component],
    changing: set[ObjectRef],
    applyset: str,
) -> dict[ObjectRef, str]:
    """Keep frr-k8s until no speaker relies on it any more."""
    leaving = [
        ref
        for ref, found in observed.items()
        if ref not in wanted and ref.name in _FRR_K8S_PARTS and is_member(found, applyset)
    ]
    speaker = state.get(_SPEAKER)
    if not leaving or speaker is None:
        return {}
    pending = any((ref.kind, ref.name) == _SPEAKER for ref in changing)
    if speaker.settled and not pending:
        return {}
    return {ref: f"{ref.kind} {ref.name} stays until every speaker is replaced" for ref in leaving}


def _hash(manifest: Manifest) -> object:
    return at(manifest, "metadata", "annotations", HASH_ANNOTATION)


def _sentence(component: Component) -> str:
    return f"{component.kind} {component.name}: {component.message}"
