"""What was seen of the cluster at one moment, as one frozen value. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from metallb_kube.objects import Manifest, ObjectRef


@dataclass(frozen=True, slots=True)
class Observation:
    """The operator's namespace and the nodes, as the watch caches had them.

    Attributes:
        objects: every object of the kinds we apply, ours or not. Secrets carry digests of
            their values in place of the values.
        pods: of the namespace.
        nodes: of the cluster.
        warnings: Events of type Warning about our workloads and their pods; read only while
            something is missing that neither conditions nor pods explain.
        accounts: names of the namespace's ServiceAccounts; None unless they were read, which is
            together with the Events.
        identities: the namespace's ServiceAccounts by name; None while they are not known.
    """

    objects: Mapping[ObjectRef, Manifest] = field(default_factory=dict)
    pods: tuple[Manifest, ...] = ()
    nodes: tuple[Manifest, ...] = ()
    warnings: tuple[Manifest, ...] = ()
    accounts: frozenset[str] | None = None
    identities: Mapping[str, Manifest] | None = None
