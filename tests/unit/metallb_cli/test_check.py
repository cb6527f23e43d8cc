"""Everything is judged together: what is found, where, and how bad it is."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from metallb_cli.check import Options, check
from metallb_cli.documents import read
from metallb_cli.findings import Report
from metallb_cli.judge import Surroundings
from metallb_crds.backend import Backend
from metallb_crds.operator_v1beta1 import MetalLBStatus
from support.samples import l2, labelled, metallb, node, peer, pool, service

OPTIONS = Options("metallb-system")
L2 = """
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: all}
"""
NODE = "apiVersion: v1\nkind: Node\nmetadata: {name: node-1, labels: {rack: '1'}}"


def a_pool(name: str, addresses: str, *, metadata: str = "", spec: str = "") -> str:
    return f"""
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: {name}
  {metadata}
spec:
  addresses:
    - {addresses}
  {spec}
"""


def a_peer(name: str, address: str, *, asn: int = 64500, rack: str = "", spec: str = "") -> str:
    nodes = f"nodeSelectors: [{{matchLabels: {{rack: '{rack}'}}}}]" if rack else ""
    return f"""
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata:
  name: {name}
spec:
  myASN: {asn}
  peerASN: 64501
  peerAddress: {address}
  {nodes}
  {spec}
"""


ROW = "nodeSelectors: [{matchLabels: {row: '7'}}]"
HOST_1, HOST_2 = (
    f"nodeSelectors: [{{matchExpressions: [{{key: host, operator: In, values: [{name}]}}]}}]"
    for name in ("one", "two")
)


def checked(*texts: str, options: Options = OPTIONS, around: Surroundings | None = None) -> Report:
    return check(read("\n---\n".join(texts), "file.yaml"), options, around)


def told(report: Report) -> set[str]:
    """Return severity, object and rule of every finding."""
    return {f"{one.severity} {one.name} {one.rule}" for one in report.findings}


@pytest.mark.parametrize(
    ("texts", "findings"),
    [
        ([], set()),
        ([a_pool("a", "10.0.0.0/24"), L2], set()),
        ([a_pool("a", "10.0.0.0/24")], {"warning a pool-not-announced"}),
        # Each of two that overlap is told, at its own place.
        (
            [a_pool("a", "10.0.0.0/24"), a_pool("b", "10.0.0.7/32"), L2],
            {"error a pool-overlap", "error b pool-overlap"},
        ),
        (
            [a_pool("a", "10.0.0.0/24", metadata="namespace: default"), L2],
            {"error a pool-namespace"},
        ),
        # What is where MetalLB does not look is in nobody's way.
        (
            [
                a_pool("a", "10.0.0.0/24"),
                a_pool("b", "10.0.0.7/32", metadata="namespace: default"),
                L2,
            ],
            {"error b pool-namespace"},
        ),
        # And is told what else is wrong with it.
        (
            [a_pool("a", "10.0.0.300/32", metadata="namespace: default"), L2],
            {"error a pool-namespace", "error a pool-address-syntax"},
        ),
        ([a_pool("", "10.0.0.0/24"), L2], {"error  schema-name"}),
        (["apiVersion: metallb.io/v1beta1\nkind: L2Advertisement"], {"error  schema-name"}),
        (
            [a_pool("a", "10.0.0.0/24", spec="autoasign: false"), L2],
            {"warning a schema-unknown-field"},
        ),
        (
            ["apiVersion: metallb.io/v1beta1\nkind: AddressPool\nmetadata: {name: old}"],
            {"error old schema-unknown-kind"},
        ),
        (
            ["apiVersion: metallb.io/v1\nkind: IPAddressPool\nmetadata: {name: new}"],
            {"error new schema-unknown-kind"},
        ),
        (
            [a_peer("a", "10.0.0.1").replace("v1beta2", "v1beta1")],
            {"warning a schema-deprecated"},
        ),
        (["apiVersion: v1\nkind: Node\nmetadata: {}"], {"error  schema-name"}),
        (
            ["apiVersion: v1\nkind: Node\nmetadata: {name: one, labels: {a: 1}}"],
            {"error one schema-type"},
        ),
        # What else is in the files is nobody's business here.
        (["apiVersion: v1\nkind: ConfigMap\nmetadata: 5"], set()),
    ],
)
def test_findings(texts: Sequence[str], findings: set[str]) -> None:
    assert told(checked(*texts)) == findings


@pytest.mark.parametrize(
    ("texts", "findings"),
    [
        ([a_pool("a", "10.0.0.0/24")] * 2, {"warning a object-duplicate"}),
        (
            [a_pool("a", "10.0.0.0/24"), a_pool("a", "10.0.1.0/24")],
            {"error a object-duplicate"},
        ),
        (
            [a_peer("a", "10.0.0.1"), a_peer("a", "10.0.0.1").replace("v1beta2", "v1beta1")],
            {"error a object-duplicate", "warning a schema-deprecated"},
        ),
        # A name in another namespace, or that is yet to be made up, is another name.
        (
            [NODE, NODE.replace("Node", "Namespace")],
            set(),
        ),
        (
            [
                a_pool("x", f"10.0.{number}.0/24").replace("name: x", "generateName: x-")
                for number in range(2)
            ],
            set(),
        ),
    ],
)
def test_duplicates(texts: Sequence[str], findings: set[str]) -> None:
    assert told(checked(*texts, L2)) == findings


def test_a_place() -> None:
    report = checked(a_pool("a", "10.0.0.0/24"), a_pool("b", "10.0.0.7/32"), L2)
    first, second = report.findings
    assert (first.file, first.line, first.column, first.path) == (
        "file.yaml",
        9,
        7,
        "spec.addresses[0]",
    )
    assert (second.line, second.kind, second.namespace) == (21, "IPAddressPool", "metallb-system")
    assert report.summary() == {"files": 1, "objects": 3, "errors": 2, "warnings": 0}


def test_one_word_about_a_field_is_enough() -> None:
    found = checked(a_peer("a", "10.0.0.1", asn=-1))
    assert told(found) == {"error a schema-value"}


def test_fields_that_are_missing_stand_at_one_place_and_are_all_told() -> None:
    found = checked(
        """
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: a}
spec: {peerAddress: 10.0.0.1}
"""
    )
    assert told(found) == {"error a schema-required", "error a peer-asn-required"}


def a_merged(name: str, asn: int, nodes: str = "{}") -> str:
    return f"""
apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {{name: {name}}}
spec:
  nodeSelector: {nodes}
  bgp: {{routers: [{{asn: {asn}}}]}}
"""


ONE, OTHER = "10.0.0.1", "10.0.0.2"


@pytest.mark.parametrize(
    ("texts", "findings"),
    [
        # Both on every node, or on the nodes of one selector: certain.
        (
            [a_peer("a", ONE), a_peer("b", OTHER, asn=64600)],
            {"error a peer-my-asn-differs", "error b peer-my-asn-differs"},
        ),
        (
            [a_peer("a", ONE, rack="1"), a_peer("b", OTHER, asn=64600, rack="1")],
            {"error a peer-my-asn-differs", "error b peer-my-asn-differs"},
        ),
        (
            [a_peer("a", ONE), a_peer("b", OTHER, asn=64600, rack="1")],
            {"error a peer-my-asn-differs", "error b peer-my-asn-differs"},
        ),
        # On nodes of different labels: they may meet on none.
        (
            [a_peer("a", ONE, rack="1"), a_peer("b", OTHER, asn=64600, spec=ROW)],
            {"warning a peer-my-asn-differs", "warning b peer-my-asn-differs"},
        ),
        # A node has one value of a label.
        ([a_peer("a", ONE, rack="1"), a_peer("b", OTHER, asn=64600, rack="2")], set()),
        ([a_peer("a", ONE, spec=HOST_1), a_peer("b", OTHER, asn=64600, spec=HOST_2)], set()),
        # Who has no number is at fault, and not the other one.
        (
            [a_peer("a", ONE), a_peer("b", OTHER).replace("myASN: 64500", "my-asn: 64600")],
            {"error b schema-required", "warning b schema-unknown-field"},
        ),
        (
            [a_merged("a", 1), a_merged("b", 2)],
            {"error a frr-merge", "error b frr-merge"},
        ),
        (
            [a_merged("a", 1, "{matchLabels: {rack: '1'}}"), a_merged("b", 2)],
            {"error a frr-merge", "error b frr-merge"},
        ),
        (
            [
                a_merged("a", 1, "{matchLabels: {rack: '1'}}"),
                a_merged("b", 2, "{matchLabels: {rack: '2'}}"),
            ],
            set(),
        ),
        # Nodes are known: they do not meet.
        (
            [
                a_peer("a", ONE, rack="1"),
                a_peer("b", OTHER, asn=64600, rack="2"),
                NODE,
                NODE.replace("node-1", "node-2").replace("'1'", "'2'"),
            ],
            set(),
        ),
    ],
)
def test_only_those_conflict_that_surely_meet_on_a_node(
    texts: Sequence[str], findings: set[str]
) -> None:
    assert told(checked(*texts)) == findings


def test_an_uncertain_finding_says_what_would_settle_it() -> None:
    report = checked(a_peer("a", ONE, rack="1"), a_peer("b", OTHER, asn=64600, spec=ROW))
    assert report.findings
    assert all("add Node documents, or --cluster" in one.message for one in report.findings)


ALLOCATED = a_pool("a", "10.0.0.0/24", spec="serviceAllocation: {namespaces: [blue]}")
SECRETIVE = a_peer("a", ONE, spec="passwordSecret: {name: keys}")
BLUE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: blue}"
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: keys}
type: kubernetes.io/basic-auth
stringData: {password: unsaid}
"""


@pytest.mark.parametrize(
    ("texts", "findings"),
    [
        # Nothing is missed of a kind that the files do not tell of.
        ([ALLOCATED, L2], set()),
        ([ALLOCATED, L2, BLUE], set()),
        ([ALLOCATED, L2, BLUE.replace("blue", "red")], {"warning a pool-namespace-unknown"}),
        ([SECRETIVE], set()),
        ([SECRETIVE, SECRET], set()),
        ([SECRETIVE, SECRET.replace("keys", "others")], {"warning a peer-secret-unknown"}),
        ([SECRETIVE, SECRET.replace("type:", "kind_:")], {"warning a peer-secret-unusable"}),
        (
            [SECRETIVE, SECRET.replace("{name: keys}", "{name: keys, namespace: default}")],
            {"warning a peer-secret-unknown"},
        ),
    ],
)
def test_only_what_is_known_is_missed(texts: Sequence[str], findings: set[str]) -> None:
    assert told(checked(*texts)) == findings


UNNUMBERED = a_peer("a", ONE, spec="vrf: red")
METALLB = """
apiVersion: metallb.io/v1beta1
kind: MetalLB
metadata: {name: metallb}
spec: {bgpBackend: native}
"""


@pytest.mark.parametrize(
    ("texts", "backend", "findings"),
    [
        ([UNNUMBERED], None, set()),
        ([UNNUMBERED], Backend.FRR, set()),
        ([UNNUMBERED], Backend.NATIVE, {"error a peer-native-unsupported"}),
        (
            [UNNUMBERED, METALLB],
            None,
            {"error a peer-native-unsupported", "warning metallb metallb-backend-switch"},
        ),
        ([UNNUMBERED, METALLB], Backend.FRR, set()),
    ],
)
def test_the_backend(texts: Sequence[str], backend: Backend | None, findings: set[str]) -> None:
    assert told(checked(*texts, options=replace(OPTIONS, backend=backend))) == findings


def test_warnings_that_shall_deny_are_errors() -> None:
    strict = METALLB.replace("bgpBackend: native", "admission: {deny: [pool-not-announced]}")
    assert told(checked(a_pool("a", "10.0.0.0/24"), strict)) == {"error a pool-not-announced"}


def test_the_namespace_is_where_objects_are_that_name_none() -> None:
    report = checked(
        a_pool("a", "10.0.0.0/24"),
        a_pool("b", "10.0.1.0/24", metadata="namespace: metallb-system"),
        L2,
        options=Options("lb"),
    )
    assert told(report) == {"error b pool-namespace"}


CLUSTER = frozenset({"Node", "Namespace", "Secret"})


@pytest.mark.parametrize(
    ("texts", "around", "findings"),
    [
        ([a_pool("a", "10.0.0.0/24")], [l2("all")], set()),
        ([L2, a_pool("a", "10.0.0.0/24")], [pool("b", "10.0.0.7/32")], {"error a pool-overlap"}),
        # What the files have takes the place of what is stored.
        ([L2, a_pool("a", "10.0.0.0/24")], [pool("a", "10.0.0.7/32")], set()),
        (
            [L2, a_pool("a", "10.0.0.0/24")],
            [pool("a", "10.0.9.0/24"), service("web", "10.0.9.1")],
            {"warning a pool-shrinks-in-use"},
        ),
        # The same name in a namespace where it is not read is no change of it.
        (
            [L2, a_pool("a", "10.0.0.0/24", metadata="namespace: default")],
            [pool("a", "10.0.9.0/24")],
            {"error a pool-namespace"},
        ),
        (
            [a_peer("a", ONE, spec="vrf: red")],
            [metallb(bgpBackend="native")],
            {"error a peer-native-unsupported"},
        ),
        (
            [a_peer("a", ONE, rack="1")],
            [peer("b", myASN=64600, nodeSelectors=[labelled(rack="2")]), node("n", rack="1")],
            set(),
        ),
        ([SECRETIVE], [node("n")], {"warning a peer-secret-unknown"}),
    ],
)
def test_with_a_cluster(texts: Sequence[str], around: list[object], findings: set[str]) -> None:
    surroundings = Surroundings(tuple(around), CLUSTER)  # type: ignore[arg-type] # objects of tests.support
    assert told(checked(*texts, around=surroundings)) == findings


def test_the_status_is_the_stored_one_whatever_files_say() -> None:
    """An installation that was taken over keeps its backend, which the status alone tells."""
    written = METALLB.replace("spec: {bgpBackend: native}", "status: {backend: native}")
    adopted = metallb().model_copy(update={"status": MetalLBStatus(backend="native")})
    taken_over = Surroundings((adopted,), CLUSTER)
    assert told(checked(UNNUMBERED, written)) == set()
    assert told(checked(UNNUMBERED, METALLB.partition("spec")[0], around=taken_over)) == {
        "error a peer-native-unsupported"
    }


def test_what_cannot_be_read_is_there_all_the_same() -> None:
    text = a_pool("a", "x").replace("\n    - x", " 10.0.0.0/24")
    advertisement = L2 + "spec: {ipAddressPools: [a]}"
    assert told(checked(text, advertisement)) == {"error a schema-type"}


@pytest.mark.parametrize(
    "value", ["${RANGE}", "{{ .Values.range }}", "$(RANGE)", "$LB_RANGE", "<your range>", "@RANGE@"]
)
def test_a_placeholder_is_called_one(value: str) -> None:
    [finding] = checked(a_pool("a", f"'{value}'"), L2).findings
    assert finding.rule == "pool-address-syntax"
    assert "is a placeholder; check what comes out" in finding.message


def test_the_same_service_in_two_overlays_is_no_duplicate() -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: default}"
    assert told(checked(text, text)) == set()


def test_a_secret_without_a_type_is_opaque() -> None:
    secret = SECRET.replace("type: kubernetes.io/basic-auth\n", "")
    [finding] = [one for one in checked(SECRETIVE, secret).findings if one.name == "a"]
    assert "Opaque" in finding.message


def test_timers_that_disagree_with_those_of_an_frr_configuration_need_no_nodes() -> None:
    text = """
apiVersion: frrk8s.metallb.io/v1beta1
kind: FRRConfiguration
metadata: {name: learn}
spec:
  bgp:
    routers:
      - {asn: 64500, neighbors: [{address: 10.0.0.1, asn: 64501, holdTime: 30s}]}
"""
    found = checked(a_peer("a", "10.0.0.1", spec="holdTime: 90s"), text).findings
    assert "peer-frr-disagrees" in {one.rule for one in found}
