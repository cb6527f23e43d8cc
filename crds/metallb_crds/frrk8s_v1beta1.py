"""frrk8s.metallb.io/v1beta1: what frr-k8s is told, and what it reports."""

from typing import ClassVar

from metallb_crds.base import Items, Model, required, schema
from metallb_crds.config_v1beta2 import ASN_MAX, CONNECT_TIME_RULES, SecretReference
from metallb_crds.meta import LabelSelector, Resource

LOG_LEVELS = ["all", "debug", "info", "warn", "error", "none"]


class AllowedOut(Model):
    """Which prefixes may be announced."""

    prefixes: Items[str] = schema(())
    """Prefixes that may be announced, with mode filtered."""
    mode: str = schema("filtered", enum=["all", "filtered"], default="filtered")
    """Announce all prefixes of the router, or only those listed."""


class LocalPrefPrefixes(Model):
    """Prefixes to announce with a LOCAL_PREF attribute."""

    prefixes: Items[str] = schema((), minItems=1, format="cidr")
    """The prefixes."""
    local_pref: int = schema(0, format="int32")
    """The attribute's value."""


class CommunityPrefixes(Model):
    """Prefixes to announce with a community."""

    prefixes: Items[str] = schema((), minItems=1, format="cidr")
    """The prefixes."""
    community: str = schema("")
    """The community: 64500:1, or large:64500:1:2."""


class Advertise(Model):
    """What a neighbor is told."""

    allowed: AllowedOut = schema(AllowedOut())
    """Which prefixes may be announced."""
    with_local_pref: Items[LocalPrefPrefixes] = schema(())
    """Prefixes with a LOCAL_PREF attribute."""
    with_community: Items[CommunityPrefixes] = schema(())
    """Prefixes with a community."""


class PrefixSelector(Model):
    """Selects prefixes by network and length."""

    prefix: str = schema("", format="cidr")
    """Network that the prefixes lie in."""
    le: int | None = schema(format="int32", minimum=1, maximum=128)
    """Greatest length of the prefixes."""
    ge: int | None = schema(format="int32", minimum=1, maximum=128)
    """Least length of the prefixes."""


class AllowedIn(Model):
    """Which prefixes are accepted."""

    prefixes: Items[PrefixSelector] = schema(())
    """Prefixes that are accepted, with mode filtered."""
    mode: str = schema("filtered", enum=["all", "filtered"], default="filtered")
    """Accept all prefixes, or only those listed."""


class Receive(Model):
    """What is accepted from a neighbor."""

    allowed: AllowedIn = schema(AllowedIn())
    """Which prefixes are accepted."""


class Neighbor(Model):
    """A router to talk to."""

    asn: int = schema(0, format="int64", minimum=0, maximum=ASN_MAX)
    """AS number that the neighbor must have. Exactly one of asn and dynamicASN is needed."""
    dynamic_asn: str = schema("", alias="dynamicASN", enum=["internal", "external"])
    """Accept any AS number: internal for the same as ours, external for another."""
    local_asn: int | None = schema(alias="localASN", format="int64", minimum=1, maximum=ASN_MAX)
    """AS number to show to this neighbor instead of the router's own."""
    address: str = schema("")
    """IP address of the neighbor. Exactly one of address and interface is needed."""
    interface: str = schema("")
    """Network interface for an unnumbered session."""
    sourceaddress: str = schema("", alias="sourceaddress")
    """IP address of the node to speak from."""
    port: int | None = schema(minimum=0, maximum=16384)
    """TCP port of the neighbor; 179 if absent."""
    password: str = schema("")
    """Password for TCP MD5 authentication, in clear text."""
    password_secret: SecretReference = schema(SecretReference())
    """Secret of type kubernetes.io/basic-auth that holds the password."""
    hold_time: str | None = schema()
    """Time without a message after which the session counts as lost."""
    keepalive_time: str | None = schema()
    """Time between two keepalive messages."""
    connect_time: str | None = schema(x_kubernetes_validations=CONNECT_TIME_RULES)
    """Time between two attempts to connect, in whole seconds."""
    ebgp_multi_hop: bool = schema(False, alias="ebgpMultiHop")
    """The neighbor is more than one hop away."""
    bfd_profile: str = schema("")
    """Profile, defined in the same object, that watches the session; none if empty."""
    enable_graceful_restart: bool = schema(False)
    """Keep forwarding while FRR restarts (RFC 4724)."""
    disable_mp: bool = schema(False, alias="disableMP", default=False)
    """Deprecated: do not negotiate the multiprotocol extension."""
    dual_stack_address_family: bool = schema(False, default=False)
    """Exchange IPv4 and IPv6 routes over this one session."""
    to_advertise: Advertise = schema(Advertise())
    """What the neighbor is told."""
    to_receive: Receive = schema(Receive())
    """What is accepted from the neighbor."""


class Import(Model):
    """A VRF to take routes from."""

    vrf: str = schema("")
    """Its name; default for the one without a name."""


class Router(Model):
    """One BGP instance."""

    asn: int = required(0, format="int64", minimum=0, maximum=ASN_MAX)
    """Our AS number."""
    id: str = schema("")
    """BGP router ID."""
    vrf: str = schema("")
    """VRF that the instance lives in; the default one if empty."""
    neighbors: Items[Neighbor] = schema(())
    """Routers to talk to."""
    prefixes: Items[str] = schema(())
    """Prefixes that this instance may announce."""
    imports: Items[Import] = schema(())
    """VRFs to take routes from."""


class FRRBFDProfile(Model):
    """How BFD watches a session. Times are milliseconds."""

    name: str = required("")
    """Name that neighbors refer to."""
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
    """Lowest TTL of packets that are accepted from a neighbor more than one hop away."""


class BGP(Model):
    """BGP of the selected nodes."""

    routers: Items[Router] = schema(())
    """BGP instances, one a VRF."""
    bfd_profiles: Items[FRRBFDProfile] = schema(())
    """BFD settings that neighbors of this object refer to."""


class RawConfig(Model):
    """Lines added to FRR's configuration as they are."""

    priority: int = schema(0)
    """Order among the raw pieces of a node: lower numbers come first."""
    raw_config: str = schema("")
    """The lines."""


class FRRConfigurationSpec(Model):
    """What FRR is told, and on which nodes."""

    bgp: BGP = schema(BGP())
    """BGP of the selected nodes."""
    raw: RawConfig = schema(RawConfig())
    """Lines added as they are; nobody checks them."""
    node_selector: LabelSelector = schema(LabelSelector())
    """Nodes that this is for; all if empty."""


class FRRConfigurationStatus(Model):
    """Empty; reserved."""


class FRRConfiguration(Resource):
    """Configuration of FRR on some nodes; all that select a node are merged."""

    api_version: ClassVar[str] = "frrk8s.metallb.io/v1beta1"
    kind: ClassVar[str] = "FRRConfiguration"

    spec: FRRConfigurationSpec = schema(FRRConfigurationSpec())
    """What FRR is told, and on which nodes."""
    status: FRRConfigurationStatus = schema(FRRConfigurationStatus())
    """Not used."""


class FRRNodeStateSpec(Model):
    """Empty; reserved."""


class FRRNodeStateStatus(Model):
    """What became of the configuration of a node."""

    running_config: str = schema("")
    """The configuration that FRR runs with."""
    last_conversion_result: str = schema("")
    """Whether the objects could be translated for FRR; what went wrong otherwise."""
    last_reload_result: str = schema("")
    """Whether FRR took the configuration; what went wrong otherwise."""


class FRRNodeState(Resource):
    """What became of the configuration of a node; written by frr-k8s, named after the node."""

    api_version: ClassVar[str] = "frrk8s.metallb.io/v1beta1"
    kind: ClassVar[str] = "FRRNodeState"

    spec: FRRNodeStateSpec = schema(FRRNodeStateSpec())
    """Not used."""
    status: FRRNodeStateStatus = schema(FRRNodeStateStatus())
    """What became of it."""


class BGPSessionStateSpec(Model):
    """Empty; reserved."""


class BGPSessionStateStatus(Model):
    """A BGP session as a node sees it."""

    bgp_status: str = schema("")
    """State of the BGP session."""
    bfd_status: str = schema("")
    """State of the BFD session."""
    node: str = schema("")
    """The node."""
    peer: str = schema("")
    """The neighbor's address."""
    vrf: str = schema("")
    """VRF of the session."""


class BGPSessionState(Resource):
    """A BGP session as a node sees it; written by frr-k8s."""

    api_version: ClassVar[str] = "frrk8s.metallb.io/v1beta1"
    kind: ClassVar[str] = "BGPSessionState"

    spec: BGPSessionStateSpec = schema(BGPSessionStateSpec())
    """Not used."""
    status: BGPSessionStateStatus = schema(BGPSessionStateStatus())
    """The session."""


class FRRK8sConfigurationSpec(Model):
    """Settings of frr-k8s itself."""

    log_level: str = schema("", enum=LOG_LEVELS)
    """How much frr-k8s logs."""


class FRRK8sConfigurationStatus(Model):
    """Empty; reserved."""


class FRRK8sConfiguration(Resource):
    """Settings of frr-k8s itself."""

    api_version: ClassVar[str] = "frrk8s.metallb.io/v1beta1"
    kind: ClassVar[str] = "FRRK8sConfiguration"

    spec: FRRK8sConfigurationSpec = schema(FRRK8sConfigurationSpec())
    """The settings."""
    status: FRRK8sConfigurationStatus = schema(FRRK8sConfigurationStatus())
    """Not used."""
