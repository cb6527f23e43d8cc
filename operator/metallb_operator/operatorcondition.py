"""Tell OLM whether this operator may make way for a newer one.

OLM makes an OperatorCondition for an operator that it runs, lets it write there, and names it in
the environment; while its condition Upgradeable is False the version that is installed stays
(Operator Lifecycle Manager documentation, "Operator conditions"). An administrator can override
it. Without OLM, and with its successor OLM v1, there is none.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator.conditions import Verdict, merged, transitions
from metallb_operator.fields import at

logger = logging.getLogger(__name__)

_API_VERSION: Final = "operators.coreos.com/v2"


class OperatorCondition:
    """OLM's object for this operator, which it may read and write, and nothing else of the kind."""

    def __init__(self, client: KubeClient, namespace: str, name: str) -> None:
        """Begin; nothing is read yet.

        Args:
            client: reads and writes.
            namespace: the operator's.
            name: of the object; "" without OLM.
        """
        self._client = client
        self._ref = ObjectRef(_API_VERSION, "OperatorCondition", namespace, name)
        self._told: Verdict | None = None

    async def tell(self, verdict: Verdict, now: datetime) -> None:
        """Have a verdict written if it is news; what goes wrong is tried again at the next look.

        Args:
            verdict: about Upgradeable.
            now: the time, with a time zone.
        """
        if not self._ref.name or _is_old(verdict, self._told):
            return
        try:
            found = await self._client.get(self._ref)
            patch = news(found, verdict, now) if found else None
            if patch:
                await self._client.patch(self._ref, patch)
        except KubeError as error:
            logger.warning("OLM cannot be told whether the operator may be upgraded: %s", error)
        else:
            self._told = verdict


def news(found: Manifest, verdict: Verdict, now: datetime) -> Mapping[str, Any] | None:
    """Return the merge patch that writes a verdict; None if it is there.

    What else there is, overrides above all, stays as it is.

    Args:
        found: the OperatorCondition.
        verdict: about one condition.
        now: the time, with a time zone.
    """
    stored: Sequence[Mapping[str, Any]] = at(found, "spec", "conditions") or ()
    if not transitions([verdict], stored):
        return None
    [made] = merged([verdict], stored, generation=0, now=now)
    del made["observedGeneration"]  # OLM fills in its own
    others = [one for one in stored if one.get("type") != made["type"]]
    # The version makes the API server refuse the patch where somebody was faster.
    version = at(found, "metadata", "resourceVersion")
    return {
        "metadata": {"resourceVersion": version},
        "spec": {"conditions": [*others, made]},
    }


def _is_old(verdict: Verdict, told: Verdict | None) -> bool:
    """Whether OLM would do nothing else: a message that goes with the time is no news."""
    return told is not None and (told.truth, told.reason) == (verdict.truth, verdict.reason)
