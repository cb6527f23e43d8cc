"""The NetworkPolicies around the operator's own pods where OLM installs it.

A bundle of community catalogues may hold none (operator-pipelines 1.15.0, the static check
`check_network_policy_presence`), so the operator applies them itself. Manifest, kustomize and
others have them as files.
"""

import asyncio
import logging
from collections.abc import Iterator
from typing import Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_kube.seldom import Seldom
from metallb_operator.applyset import FIELD_MANAGER
from metallb_operator.fields import at, text_at
from metallb_operator.observation import Observation
from metallb_operator.observe import Observer
from metallb_operator.packaging.image import OPERATOR
from metallb_operator.packaging.policies import policies

logger = logging.getLogger(__name__)

_REST_SECONDS: Final = 15.0
_OLM: Final = ("olm.managed", "olm.owner", "olm.operatorframework.io/owner-kind")
"""Labels that OLM v0 and v1 give the Deployments that they install."""


class OwnPolicies:
    """Keeps these policies as they must be while OLM keeps the operator."""

    def __init__(self, client: KubeClient, observer: Observer, namespace: str) -> None:
        """Apply as whoever the client is.

        Args:
            client: applies.
            observer: knows Deployments and NetworkPolicies; somebody else runs it.
            namespace: the operator's.
        """
        self._client = client
        self._observer = observer
        self._namespace = namespace
        self._seldom = Seldom()

    async def run(self) -> None:
        """Look until cancelled."""
        await self._observer.wait_synced()
        while True:
            try:
                for policy in lacking(self._observer.observation(), self._namespace):
                    stored = await self._client.apply(
                        policy, field_manager=FIELD_MANAGER, force=True
                    )
                    self._observer.learn([stored])
            except KubeError as error:
                if self._seldom.due(str(error)):
                    logger.warning("the NetworkPolicies of our own pods are not applied: %s", error)
            await asyncio.sleep(_REST_SECONDS)


def lacking(seen: Observation, namespace: str) -> Iterator[Manifest]:
    """Yield the policies that are to be applied: none where OLM has not installed the operator.

    Args:
        seen: the cluster.
        namespace: the operator's.
    """
    owner = seen.objects.get(ObjectRef("apps/v1", "Deployment", namespace, OPERATOR))
    labels = at(owner or {}, "metadata", "labels") or {}
    if owner is None or not any(label in labels for label in _OLM):
        return
    for policy in policies():
        wanted = _owned(policy, owner, namespace)
        found = seen.objects.get(ref_of(wanted))
        if found is None or not _is_as(wanted, found):
            yield wanted


def _owned(policy: Manifest, owner: Manifest, namespace: str) -> Manifest:
    """Return a policy that goes with the operator's Deployment."""
    reference = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": OPERATOR,
        "uid": text_at(owner, "metadata", "uid"),
    }
    metadata = {
        **policy["metadata"],
        "namespace": namespace,
        "ownerReferences": [reference],
    }
    return {**policy, "metadata": metadata}


def _is_as(wanted: Manifest, found: Manifest) -> bool:
    owners = [owner.get("uid") for owner in at(found, "metadata", "ownerReferences") or ()]
    owned = wanted["metadata"]["ownerReferences"][0]["uid"] in owners
    return owned and bool(found.get("spec") == wanted["spec"])
