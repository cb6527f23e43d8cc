"""Every kind, in an explicit table: its names, its columns, its model."""

from dataclasses import dataclass
from typing import Final

from metallb_crds import config_v1beta1 as config
from metallb_crds import config_v1beta2, frrk8s_v1beta1, operator_v1beta1
from metallb_crds.meta import Resource


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; those with a priority above 0 only with `-o wide`."""

    name: str
    json_path: str
    type: str = "string"
    priority: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One version of one kind.

    Attributes:
        storage: whether this version is the one that is stored.
        deprecation: what kubectl warns of when this version is used; empty if nothing.
    """

    model: type[Resource]
    plural: str
    columns: tuple[Column, ...] = ()
    namespaced: bool = True
    storage: bool = True
    deprecation: str = ""

    @property
    def kind(self) -> str:
        """The kind's name."""
        return self.model.kind

    @property
    def group(self) -> str:
        """The API group."""
        return self.model.api_version.partition("/")[0]

    @property
    def version(self) -> str:
        """The version within the group."""
        return self.model.api_version.partition("/")[2]

    @property
    def crd_name(self) -> str:
        """Name of the CustomResourceDefinition."""
        return f"{self.plural}.{self.group}"


def _condition(kind: str) -> str:
    return f".status.conditions[?(@.type=='{kind}')].status"


_AGE: Final = Column("Age", ".metadata.creationTimestamp", "date", 0, "Time since it was created")
_PEER_COLUMNS: Final = (
    Column("Address", ".spec.peerAddress"),
    Column("ASN", ".spec.peerASN"),
    Column("BFD Profile", ".spec.bfdProfile"),
    Column("Multi Hops", ".spec.ebgpMultiHop"),
)
_SERVICE_COLUMNS: Final = (
    Column("Service Name", ".status.serviceName"),
    Column("Service Namespace", ".status.serviceNamespace"),
)
_POOL_COLUMNS: Final = (
    Column("IPAddressPools", ".spec.ipAddressPools"),
    Column("IPAddressPool Selectors", ".spec.ipAddressPoolSelectors"),
)
_NODES: Final = Column("Node Selectors", ".spec.nodeSelectors", priority=10)

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        operator_v1beta1.MetalLB,
        "metallbs",
        (
            Column("Version", ".status.version", description="Release that runs"),
            Column("Backend", ".status.backend", description="BGP backend that runs"),
            Column("Available", _condition("Available"), description="Whether all of it works"),
            Column("Degraded", _condition("Degraded"), description="Whether something is wrong"),
            Column("Progressing", _condition("Progressing"), description="Whether it changes"),
            Column(
                "Message",
                ".status.conditions[?(@.type=='Degraded')].message",
                priority=1,
                description="What is wrong",
            ),
            _AGE,
        ),
    ),
    Kind(
        config.IPAddressPool,
        "ipaddresspools",
        (
            Column("Auto Assign", ".spec.autoAssign", "boolean"),
            Column("Avoid Buggy IPs", ".spec.avoidBuggyIPs", "boolean"),
            Column("Addresses", ".spec.addresses"),
        ),
    ),
    Kind(
        config.L2Advertisement,
        "l2advertisements",
        (*_POOL_COLUMNS, Column("Interfaces", ".spec.interfaces"), _NODES),
    ),
    Kind(
        config.BGPAdvertisement,
        "bgpadvertisements",
        (*_POOL_COLUMNS, Column("Peers", ".spec.peers"), _NODES),
    ),
    Kind(
        config.BGPPeerV1Beta1,
        "bgppeers",
        _PEER_COLUMNS,
        storage=False,
        deprecation="metallb.io/v1beta1 BGPPeer is deprecated; use metallb.io/v1beta2",
    ),
    Kind(config_v1beta2.BGPPeer, "bgppeers", _PEER_COLUMNS),
    Kind(
        config.BFDProfile,
        "bfdprofiles",
        (
            Column("Passive Mode", ".spec.passiveMode", "boolean"),
            Column("Transmit Interval", ".spec.transmitInterval", "integer"),
            Column("Receive Interval", ".spec.receiveInterval", "integer"),
            Column("Multiplier", ".spec.detectMultiplier", "integer"),
        ),
    ),
    Kind(config.Community, "communities"),
    Kind(
        config.ConfigurationState,
        "configurationstates",
        (
            Column("Result", ".status.result"),
            Column("ErrorSummary", ".status.errorSummary"),
            _AGE,
        ),
    ),
    Kind(
        config.ServiceL2Status,
        "servicel2statuses",
        (Column("Allocated Node", ".status.node"), *_SERVICE_COLUMNS),
    ),
    Kind(
        config.ServiceBGPStatus,
        "servicebgpstatuses",
        (Column("Node", ".status.node"), *_SERVICE_COLUMNS),
    ),
    Kind(frrk8s_v1beta1.FRRConfiguration, "frrconfigurations"),
    Kind(frrk8s_v1beta1.FRRNodeState, "frrnodestates", namespaced=False),
    Kind(
        frrk8s_v1beta1.BGPSessionState,
        "bgpsessionstates",
        (
            Column("Node", ".status.node"),
            Column("Peer", ".status.peer"),
            Column("VRF", ".status.vrf"),
            Column("BGP", ".status.bgpStatus"),
            Column("BFD", ".status.bfdStatus"),
        ),
    ),
    Kind(frrk8s_v1beta1.FRRK8sConfiguration, "frrk8sconfigurations"),
)

_BY_NAME: Final = {(kind.model.api_version, kind.kind): kind for kind in KINDS}


def kind_for(api_version: str, kind: str) -> Kind | None:
    """Return the table's row of a kind, or None for a kind that is not ours."""
    return _BY_NAME.get((api_version, kind))


def model_for(api_version: str, kind: str) -> type[Resource] | None:
    """Return the model of a kind, or None for a kind that is not ours."""
    row = kind_for(api_version, kind)
    return row.model if row else None
