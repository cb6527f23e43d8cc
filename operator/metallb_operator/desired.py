"""Everything that there should be: what the chart renders, Secrets made once, what pulls images."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from metallb_crds.backend import Backend
from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator.certificate import certificate, certificate_ref
from metallb_operator.fields import at, name_of
from metallb_operator.intent import Intent
from metallb_operator.memberlist import memberlist, memberlist_ref
from metallb_operator.plan import members
from metallb_operator.prepull import puller
from metallb_operator.reduce import reduced

MEMBERLIST_ANNOTATION: Final = "checksum/memberlist"


@dataclass(frozen=True, slots=True)
class Desired:
    """What there should be.

    Attributes:
        manifests: `plan.members`.
        create_only: those that stay as they are once they exist.
    """

    manifests: tuple[Manifest, ...]
    create_only: frozenset[ObjectRef]


def desired(
    rendered: Iterable[Manifest],
    intent: Intent,
    observed: Mapping[ObjectRef, Manifest],
    *,
    applyset: str,
    namespace: str,
    now: datetime,
    gossip_key: str = "",
) -> Desired:
    """Put together what there should be.

    Args:
        rendered: what the chart rendered.
        intent: what it was rendered for.
        observed: what is there, `reduced`; Secrets that exist are not made anew.
        applyset: the id that marks our own.
        namespace: of MetalLB.
        now: from when a new certificate is valid.
        gossip_key: of the speakers that are there, for a Secret that is made new.
    """
    made = dict(_secrets(intent, observed, namespace, now, gossip_key))
    key = made.get(memberlist_ref(namespace))
    manifests = [
        _with_memberlist(manifest, key) if key and name_of(manifest) == "speaker" else manifest
        for manifest in rendered
    ]
    upgrade = intent.metallb.spec.upgrade
    if upgrade and upgrade.pre_pull_images:
        extra = puller(manifests, observed)
        manifests += [extra] if extra else []
    return Desired(members([*made.values(), *manifests], applyset), frozenset(made))


def _secrets(
    intent: Intent,
    observed: Mapping[ObjectRef, Manifest],
    namespace: str,
    now: datetime,
    gossip_key: str,
) -> Iterator[tuple[ObjectRef, Manifest]]:
    def once(ref: ObjectRef, make: Callable[[], Manifest]) -> tuple[ObjectRef, Manifest]:
        return ref, observed[ref] if ref in observed else make()

    if intent.values["memberlist"]["enabled"]:
        yield once(memberlist_ref(namespace), lambda: memberlist(namespace, gossip_key))
    if intent.backend is Backend.FRR_K8S:
        yield once(certificate_ref(namespace), lambda: certificate(namespace, now))


def _with_memberlist(manifest: Manifest, secret: Manifest) -> Manifest:
    """Let speakers restart when their Secret is another one: with two keys they would part."""
    if manifest["kind"] != "DaemonSet":
        return manifest
    kept = secret if _is_reduced(secret) else reduced(secret)
    digest = str(at(kept, "data", "secretkey") or "")[:16]
    template: dict[str, Any] = manifest["spec"]["template"]
    metadata = template["metadata"]
    annotations = {**(metadata.get("annotations") or {}), MEMBERLIST_ANNOTATION: digest}
    return {
        **manifest,
        "spec": {
            **manifest["spec"],
            "template": {**template, "metadata": {**metadata, "annotations": annotations}},
        },
    }


def _is_reduced(secret: Manifest) -> bool:
    # What was observed carries digests already.
    return "uid" in secret["metadata"]
