"""Read what `status` tells of from a cluster, once."""

from dataclasses import dataclass, field

from metallb_cli.attendance import Attendance
from metallb_cli.overview import Seen
from metallb_kube.client import KubeClient
from metallb_kube.errors import ForbiddenError, NotFoundError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_kube.resources import resource_for
from metallb_operator.fields import at, name_of
from metallb_operator.packaging.image import OPERATOR, WEBHOOKS
from metallb_operator.settings import LEASE_NAME, OBJECT_NAME

_GROUP = "metallb.io/v1beta1"


@dataclass(slots=True)
class _Reader:
    """Lists kinds; those that may not be read are noted."""

    client: KubeClient
    unread: list[str] = field(default_factory=list)

    async def get(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """Return one object; None where there is none or it may not be read."""
        try:
            return await self.client.get(ObjectRef(api_version, kind, namespace, name))
        except ForbiddenError:
            self.unread.append(kind)
            return None

    async def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        fields: str = "",
        labels: str = "",
    ) -> tuple[Manifest, ...]:
        """Return all objects of a kind; none where its CRD is missing or it may not be read."""
        try:
            listing = await self.client.list(
                resource_for(api_version, kind),
                namespace=namespace,
                field_selector=fields,
                label_selector=labels,
            )
        except NotFoundError:
            return ()
        except ForbiddenError:
            self.unread.append(kind)
            return ()
        return listing.items


async def read_status(client: KubeClient, namespace: str) -> Seen:
    """Read everything that `status` tells of.

    Args:
        client: asks.
        namespace: MetalLB's.

    Raises:
        KubeError: the cluster cannot be reached, or the MetalLB object may not be read.
    """
    metallb = await client.get(ObjectRef(_GROUP, "MetalLB", namespace, OBJECT_NAME))
    reader = _Reader(client)
    pools = await reader.list(_GROUP, "IPAddressPool", namespace)
    peers = await reader.list("metallb.io/v1beta2", "BGPPeer", namespace)
    sessions = await reader.list("frrk8s.metallb.io/v1beta1", "BGPSessionState")
    services = await reader.list("v1", "Service")
    here = await reader.list("v1", "Event", namespace)
    about = await reader.list("v1", "Event", fields="involvedObject.kind=Service,type=Warning")
    namespaces = await reader.list("v1", "Namespace")
    attendance = await _attendance(reader, namespace)
    events = {at(event, "metadata", "uid"): event for event in (*here, *about)}
    return Seen(
        metallb=metallb,
        pools=pools,
        peers=peers,
        sessions=sessions,
        services=services,
        events=tuple(events.values()),
        attendance=attendance,
        namespaces={name_of(one): at(one, "metadata", "labels") or {} for one in namespaces},
        unread=tuple(dict.fromkeys(reader.unread)),
    )


async def _attendance(reader: _Reader, namespace: str) -> Attendance:
    lease = await reader.get("coordination.k8s.io/v1", "Lease", namespace, LEASE_NAME)
    deployment = await reader.get("apps/v1", "Deployment", namespace, WEBHOOKS)
    operator = await reader.list("v1", "Pod", namespace, labels=_labelled(OPERATOR))
    webhooks = await reader.list("v1", "Pod", namespace, labels=_labelled(WEBHOOKS))
    return Attendance(
        namespace=namespace,
        lease=lease,
        operator=operator,
        deployment=deployment,
        webhooks=webhooks,
        nodes=await reader.list("v1", "Node"),
        unread=tuple(reader.unread),
    )


def _labelled(app: str) -> str:
    return f"app.kubernetes.io/name={app}"
