"""metallb.io/v1beta1: pools, advertisements, profiles, communities, and what MetalLB reports."""

from collections.abc import Mapping
from typing import ClassVar, Final

from metallb_crds.base import Items, Model, cel, required, schema
from metallb_crds.config_v1beta2 import ASN_MAX
from metallb_crds.meta import Condition, LabelSelector, Resource

AGGREGATION_RULE: Final = cel(
    "!has(self.serviceSelectors) || self.serviceSelectors.size() == 0 || "
    "((!has(self.aggregationLength) || self.aggregationLength == 32) && "
    "(!has(self.aggregationLengthV6) || self.aggregationLengthV6 == 128))",
    "serviceSelectors announce single Services: leave aggregationLength at 32 and"
    " aggregationLengthV6 at 128, or drop the selectors",
)
IMMUTABLE: Final = cel("self == oldSelf", "cannot be changed once it is set")


class ServiceAllocation(Model):
    """Which Services may use a pool."""

    priority: int = schema(0)
    """Order among the pools that fit a Service: lower positive numbers first, 0 last."""
    namespaces: Items[str] = schema(())
    """Namespaces whose Services may use the pool."""
    namespace_selectors: Items[LabelSelector] = schema(())
    """Namespaces whose Services may use the pool, by label."""
    service_selectors: Items[LabelSelector] = schema(())
    """Services that may use the pool, by label."""


class IPAddressPoolSpec(Model):
    """Addresses to give to Services, and to which."""

    addresses: Items[str] = required(())
    """Ranges of addresses: CIDR prefixes (192.0.2.0/24) or first-last (192.0.2.10-192.0.2.20)."""
    auto_assign: bool = schema(True, default=True)
    """Whether Services that do not ask for this pool may get an address of it."""
    avoid_buggy_ips: bool = schema(False, alias="avoidBuggyIPs", default=False)
    """Never give away IPv4 addresses that end in .0 or .255, which some old devices drop."""
    service_allocation: ServiceAllocation | None = schema()
    """Confines the pool to some Services; all may use it if absent."""


class IPAddressPoolStatus(Model):
    """How much of the pool is in use; written by the controller."""

    assigned_ipv4: int = required(0, alias="assignedIPv4", format="int64")
    """IPv4 addresses in use."""
    assigned_ipv6: int = required(0, alias="assignedIPv6", format="int64")
    """IPv6 addresses in use."""
    available_ipv4: int = required(0, alias="availableIPv4", format="int64")
    """IPv4 addresses that are free."""
    available_ipv6: int = required(0, alias="availableIPv6", format="int64")
    """IPv6 addresses that are free."""


class IPAddressPool(Resource):
    """Addresses that MetalLB may give to Services of type LoadBalancer."""

    api_version: ClassVar[str] = "metallb.io/v1beta1"
    kind: ClassVar[str] = "IPAddressPool"

    spec: IPAddressPoolSpec = required(IPAddressPoolSpec())
    """The addresses, and who may have them."""
    status: IPAddressPoolStatus | None = schema()
    """How much of the pool is in use."""


class BGPAdvertisementSpec(Model):
    """Which pools are announced by BGP, to whom, from where and how."""

    aggregation_length: int = schema(32, format="int32", minimum=1, default=32)
    """Length of the IPv4 prefixes to announce; 32 announces each address on its own."""
    aggregation_length_v6: int = schema(128, format="int32", default=128)
    """Length of the IPv6 prefixes to announce; 128 announces each address on its own."""
    local_pref: int = schema(0, format="int32")
    """LOCAL_PREF attribute for internal peers; higher is preferred."""
    communities: Items[str] = schema(())
    """Communities to attach: 64500:1, large:64500:1:2, or an alias that a Community defines."""
    ip_address_pools: Items[str] = schema((), alias="ipAddressPools")
    """Pools to announce, by name. Without names and selectors all pools are announced."""
    ip_address_pool_selectors: Items[LabelSelector] = schema((), alias="ipAddressPoolSelectors")
    """Pools to announce, by label."""
    node_selectors: Items[LabelSelector] = schema(())
    """Nodes to announce from: those that any selector matches; all if there is none."""
    service_selectors: Items[LabelSelector] = schema(())
    """Services to announce, by label; all Services of the pools if there is none."""
    peers: Items[str] = schema(())
    """BGPPeers to announce to, by name; all if there is none."""

    model_config = {"json_schema_extra": {"x-kubernetes-validations": [AGGREGATION_RULE]}}


class BGPAdvertisementStatus(Model):
    """Empty; reserved."""


class BGPAdvertisement(Resource):
    """Announces the addresses of pools to BGP routers."""

    api_version: ClassVar[str] = "metallb.io/v1beta1"
    kind: ClassVar[str] = "BGPAdvertisement"

    spec: BGPAdvertisementSpec = schema(BGPAdvertisementSpec())
    """What is announced, to whom, from where and how."""
    status: BGPAdvertisementStatus = schema(BGPAdvertisementStatus())
    """Not used."""


class PreferredNodeSelector(Model):
    """Nodes that should rather than others answer for an address."""

    weight: int = required(0, format="int32", minimum=1, maximum=100)
    """How much the nodes are preferred, from 1 to 100; the weights of all that match add up."""
    preference: LabelSelector = required(LabelSelector())
    """Selects the nodes by label."""


class L2AdvertisementSpec(Model):
    """Which pools are announced by ARP and NDP, and from where."""

    ip_address_pools: Items[str] = schema((), alias="ipAddressPools")
    """Pools to announce, by name. Without names and selectors all pools are announced."""
    ip_address_pool_selectors: Items[LabelSelector] = schema((), alias="ipAddressPoolSelectors")
    """Pools to announce, by label."""
    node_selectors: Items[LabelSelector] = schema(())
    """Nodes that may answer: those that any selector matches; all if there is none."""
    interfaces: Items[str] = schema(())
    """Network interfaces of the node to answer on; all if there is none."""
    service_selectors: Items[LabelSelector] = schema(())
    """Services to announce, by label; all Services of the pools if there is none."""
    preferred_node_selectors: Items[PreferredNodeSelector] = schema(())
    """Nodes that should rather than others answer; releases up to 0.16.1 ignore it."""


class L2AdvertisementStatus(Model):
    """Empty; reserved."""


class L2Advertisement(Resource):
    """Announces the addresses of pools on the local network."""

    api_version: ClassVar[str] = "metallb.io/v1beta1"
    kind: ClassVar[str] = "L2Advertisement"

    spec: L2AdvertisementSpec = schema(L2AdvertisementSpec())
    """What is announced, and from where."""
    status: L2AdvertisementStatus = schema(L2AdvertisementStatus())
    """Not used."""


class BFDProfileSpec(Model):
    """How BFD (RFC 5880) watches a session. Times are milliseconds."""

    receive_interval: int | None = schema(format="int32", minimum=10, maximum=60000)
    """Shortest interval, in milliseconds, at which control packets are accepted."""
    transmit_interval: int | None = schema(format="int32", minimum=10, maximum=60000)
    """Shortest interval, in milliseconds, at which control packets are sent."""
    detect_multiplier: int | None = schema(format="int32", minimum=2, maximum=255)
    """How many packets may be missed before the session counts as lost."""
    echo_interval: int | None = schema(format="int32", minimum=10, maximum=60000)
    """Shortest interval, in milliseconds, at which echo packets can be handled."""
    echo_mode: bool | None = schema()
    """Send echo packets as well; IPv4 only."""
    passive_mode: bool | None = schema()
    """Wait for the other side to begin."""
    minimum_ttl: int | None = schema(format="int32", minimum=1, maximum=254)
    """Lowest TTL of packets that are accepted from a peer more than one hop away."""


class BFDProfileStatus(Model):
    """Empty; reserved."""


class BFDProfile(Resource):
    """Settings of BFD that BGPPeers refer to by name."""

    api_version: ClassVar[str] = "metallb.io/v1beta1"
    kind: ClassVar[str] = "BFDProfile"

    spec: BFDProfileSpec = schema(BFDProfileSpec())
    """How sessions are watched."""
    status: BFDProfileStatus = schema(BFDProfileStatus())
    """Not used."""


class CommunityAlias(Model):
    """A name for a community."""

    name: str = schema("")
    """Name that advertisements use."""
    value: str = schema("")
    """The community: 64500:1, or large:64500:1:2."""


class CommunitySpec(Model):
    """Names for communities."""

    communities: Items[CommunityAlias] = schema(())
    """The names and their values."""


class CommunityStatus(Model):
    """Empty; reserved."""


class Community(Resource):
    """Names for BGP communities (RFC 1997, RFC 8092)."""

    api_version: ClassVar[str] = "metallb.io/v1beta1"
    kind: ClassVar[str] = "Community"

    spec: CommunitySpec = schema(CommunitySpec())
    """The names."""
    status: CommunityStatus = schema(CommunityStatus())
    """Not used."""


class ConfigurationStateStatus(Model):
    """Whether a process of MetalLB could use the configuration."""

    result: str = schema("", enum=["Valid", "Invalid", "Unknown"])
    """The verdict in one word."""
    error_summary: str = schema("")
    """Everything that was found wrong, one line each."""
    conditions: Items[Condition] = schema(
        (), x_kubernetes_list_type="map", x_kubernetes_list_map_keys=["type"]
    )
    """The verdicts of the parts of the process."""


class ConfigurationState(Resource):
    """What the controller, or the speaker of a node, says of the configuration; written by it."""

    api_version: ClassVar[str] = "metallb.io/v1beta1"
    kind: ClassVar[str] = "ConfigurationState"

    status: ConfigurationStateStatus = schema(ConfigurationStateStatus())
    """What it says."""


class InterfaceInfo(Model):
    """A network interface."""

    name: str = schema("")
    """Its name."""


class ServiceL2StatusSpec(Model):
    """Empty; reserved."""


class ServiceL2StatusStatus(Model):
    """Who answers for a Service on the local network."""

    node: str = schema("", x_kubernetes_validations=[IMMUTABLE])
    """Node that answers."""
    service_name: str = schema("", x_kubernetes_validations=[IMMUTABLE])
    """Name of the Service."""
    service_namespace: str = schema("", x_kubernetes_validations=[IMMUTABLE])
    """Namespace of the Service."""
    interfaces: Items[InterfaceInfo] = schema(())
    """Interfaces that it answers on; all if there is none."""


class ServiceL2Status(Resource):
    """Who answers for a Service on the local network; written by the speaker."""

    api_version: ClassVar[str] = "metallb.io/v1beta1"
    kind: ClassVar[str] = "ServiceL2Status"

    spec: ServiceL2StatusSpec = schema(ServiceL2StatusSpec())
    """Not used."""
    status: ServiceL2StatusStatus = schema(ServiceL2StatusStatus())
    """Which Service, which node, which interfaces."""


class ServiceBGPStatusSpec(Model):
    """Empty; reserved."""


class ServiceBGPStatusStatus(Model):
    """To whom a node announces a Service."""

    node: str = schema("", x_kubernetes_validations=[IMMUTABLE])
    """Node that announces."""
    service_name: str = schema("", x_kubernetes_validations=[IMMUTABLE])
    """Name of the Service."""
    service_namespace: str = schema("", x_kubernetes_validations=[IMMUTABLE])
    """Namespace of the Service."""
    peers: Items[str] = schema(())
    """BGPPeers that the node announces the Service to."""


class ServiceBGPStatus(Resource):
    """To whom a node announces a Service by BGP; written by the speaker."""

    api_version: ClassVar[str] = "metallb.io/v1beta1"
    kind: ClassVar[str] = "ServiceBGPStatus"

    spec: ServiceBGPStatusSpec = schema(ServiceBGPStatusSpec())
    """Not used."""
    status: ServiceBGPStatusStatus = schema(ServiceBGPStatusStatus())
    """Which Service, which node, which peers."""


class NodeSelectorExpressionV1Beta1(Model):
    """One expression about a node's labels."""

    key: str = required("")
    """Label that the expression is about."""
    operator: str = required("")
    """How the label is compared with the values: In or NotIn."""
    values: Items[str] = required((), minItems=1)
    """Values to compare with."""


class NodeSelectorV1Beta1(Model):
    """Selects nodes by label."""

    match_labels: Mapping[str, str] = schema({})
    """Labels that must be present with exactly these values."""
    match_expressions: Items[NodeSelectorExpressionV1Beta1] = schema(())
    """Expressions that must all hold."""


class BGPPeerV1Beta1Spec(Model):
    """A router, and how to talk to it, in the deprecated version."""

    my_asn: int = required(0, alias="myASN", format="int64", minimum=0, maximum=ASN_MAX)
    """AS number that MetalLB uses on its side of the session."""
    peer_asn: int = required(0, alias="peerASN", format="int64", minimum=0, maximum=ASN_MAX)
    """AS number that the router must have."""
    peer_address: str = required("")
    """IP address of the router."""
    source_address: str = schema("")
    """IP address of the node to speak from."""
    peer_port: int = schema(0, minimum=0, maximum=16384)
    """TCP port of the router."""
    hold_time: str | None = schema()
    """Time without a message after which the session counts as lost."""
    keepalive_time: str | None = schema()
    """Time between two keepalive messages."""
    router_id: str = schema("", alias="routerID")
    """BGP router ID to send."""
    node_selectors: Items[NodeSelectorV1Beta1] = schema(())
    """Nodes that connect to this router: those that any selector matches; all if there is none."""
    password: str = schema("")
    """Password for TCP MD5 authentication, in clear text."""
    bfd_profile: str = schema("")
    """Name of the BFDProfile that watches the session; none if empty."""
    ebgp_multi_hop: bool = schema(False, alias="ebgpMultiHop")
    """The router is more than one hop away."""


class BGPPeerV1Beta1Status(Model):
    """Empty; reserved."""


class BGPPeerV1Beta1(Resource):
    """A router that MetalLB tells about Services' addresses; use v1beta2."""

    api_version: ClassVar[str] = "metallb.io/v1beta1"
    kind: ClassVar[str] = "BGPPeer"

    spec: BGPPeerV1Beta1Spec = schema(BGPPeerV1Beta1Spec())
    """The router, and how to talk to it."""
    status: BGPPeerV1Beta1Status = schema(BGPPeerV1Beta1Status())
    """Not used."""
