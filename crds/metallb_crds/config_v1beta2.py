"""metallb.io/v1beta2: BGPPeer, the stored version."""

from typing import ClassVar, Final

from metallb_crds.base import Items, Model, cel, required, schema
from metallb_crds.meta import LabelSelector, Resource

ASN_MAX: Final = 4294967295
CONNECT_TIME_RULES: Final = [
    cel(
        "duration(self).getSeconds() >= 1 && duration(self).getSeconds() <= 65535",
        "must lie between one second and 65535 seconds",
    ),
    cel("duration(self).getMilliseconds() % 1000 == 0", "must be a whole number of seconds"),
]


class SecretReference(Model):
    """Names a Secret."""

    name: str = schema("")
    """Name of the Secret."""
    namespace: str = schema("")
    """Namespace of the Secret; MetalLB looks in its own whatever stands here."""

    model_config = {"json_schema_extra": {"x-kubernetes-map-type": "atomic"}}


class BGPPeerSpec(Model):
    """A router, and how to talk to it."""

    my_asn: int = required(0, alias="myASN", format="int64", minimum=0, maximum=ASN_MAX)
    """AS number that MetalLB uses on its side of the session."""
    peer_asn: int = schema(0, alias="peerASN", format="int64", minimum=0, maximum=ASN_MAX)
    """AS number that the router must have. Exactly one of peerASN and dynamicASN is needed."""
    dynamic_asn: str = schema("", alias="dynamicASN", enum=["internal", "external"])
    """Accept any AS number of the router: internal for the same as ours, external for another."""
    local_asn: int | None = schema(alias="localASN", format="int64", minimum=1, maximum=ASN_MAX)
    """AS number to show to this router instead of myASN."""
    peer_address: str = schema("")
    """IP address of the router. Exactly one of peerAddress and interface is needed."""
    interface: str = schema("")
    """Network interface of the node for an unnumbered session."""
    source_address: str = schema("")
    """IP address of the node to speak from."""
    peer_port: int = schema(179, minimum=1, maximum=16384, default=179)
    """TCP port of the router."""
    hold_time: str | None = schema()
    """Time without a message until the session counts as lost: 0s for never, or at least 3s."""
    keepalive_time: str | None = schema()
    """Time between two keepalive messages; a third of the hold time unless it is given."""
    connect_time: str | None = schema(x_kubernetes_validations=CONNECT_TIME_RULES)
    """Time between two attempts to connect, in whole seconds."""
    router_id: str = schema("", alias="routerID")
    """BGP router ID to send, written as an IPv4 address."""
    node_selectors: Items[LabelSelector] = schema(())
    """Nodes that connect to this router: those that any selector matches; all if there is none."""
    password: str = schema("")
    """Password for TCP MD5 authentication, in clear text; passwordSecret keeps it out of sight."""
    password_secret: SecretReference = schema(SecretReference())
    """Secret of type kubernetes.io/basic-auth in MetalLB's namespace that holds the password."""
    bfd_profile: str = schema("")
    """Name of the BFDProfile that watches the session; none if empty."""
    enable_graceful_restart: bool | None = schema(
        x_kubernetes_validations=[cel("self == oldSelf", "cannot be changed after creation")]
    )
    """Keep forwarding while the speaker restarts (RFC 4724)."""
    ebgp_multi_hop: bool = schema(False, alias="ebgpMultiHop")
    """The router is more than one hop away."""
    vrf: str = schema("")
    """VRF of the node that the session runs in."""
    disable_mp: bool = schema(False, alias="disableMP", default=False)
    """Deprecated: do not negotiate the multiprotocol extension."""
    dual_stack_address_family: bool = schema(False, default=False)
    """Exchange IPv4 and IPv6 routes over this one session."""


class BGPPeerStatus(Model):
    """Empty; reserved."""


class BGPPeer(Resource):
    """A router that MetalLB tells about Services' addresses."""

    api_version: ClassVar[str] = "metallb.io/v1beta2"
    kind: ClassVar[str] = "BGPPeer"

    spec: BGPPeerSpec = schema(BGPPeerSpec())
    """The router, and how to talk to it."""
    status: BGPPeerStatus = schema(BGPPeerStatus())
    """Not used."""
