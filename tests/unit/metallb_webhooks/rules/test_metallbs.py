"""What is refused or warned of in a MetalLB object by itself."""

from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_operator.releases import RELEASES
from metallb_webhooks.rules.base import Severity
from support.judging import by_rule, judge
from support.samples import NAMESPACE, metallb, node

EXTERNAL: dict[str, Any] = {"bgpBackend": "frr-k8s-external"}
TLS12 = "VersionTLS12"
SUITE = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"


def max_unavailable(value: int | str) -> dict[str, Any]:
    return {"updateStrategy": {"speaker": {"maxUnavailable": value}}}


REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("metallb-version", {"version": "0.14.9"}, "spec.version", "use one of 0.15.3, 0.16.1"),
    ("metallb-version", {"version": "latest"}, "spec.version", "'latest' cannot be run"),
    ("metallb-backend", {"bgpBackend": "bird"}, "spec.bgpBackend", "use one of native, frr,"),
    ("metallb-external-namespace", EXTERNAL, "spec.frrk8sConfig.namespace", "there already"),
    (
        "metallb-external-namespace",
        EXTERNAL | {"frrk8sConfig": {"alwaysBlock": []}},
        "spec.frrk8sConfig.namespace",
        "use the backend frr-k8s",
    ),
    (
        "metallb-always-block",
        {"frrk8sConfig": {"alwaysBlock": ["10.0.0.0/8", "x"]}},
        "spec.frrk8sConfig.alwaysBlock[1]",
        "'x' is neither a prefix",
    ),
    (
        "metallb-secret-passthrough",
        EXTERNAL | {"frrk8sConfig": {"namespace": "frr", "secretPassthrough": True}},
        "spec.frrk8sConfig.secretPassthrough",
        "up to 0.16.1",
    ),
    (
        "metallb-exclude-interfaces",
        {"excludeInterfaces": {"patterns": ["^veth.*", "(?=x)"]}},
        "spec.excludeInterfaces.patterns[1]",
        "'(?=x)' is no regular expression to Go",
    ),
    (
        "metallb-port-conflict",
        {"metrics": {"port": 7946}},
        "spec.metrics.port",
        "listen at 7946 for memberlist",
    ),
    (
        "metallb-port-conflict",
        {"metrics": {"port": 9120}, "memberlist": {"bindPort": 9120}},
        "spec.metrics.port",
        "another memberlist.bindPort",
    ),
    (
        "metallb-api-server-ports",
        {"networkPolicies": {"apiServerPorts": [6443, 0]}},
        "spec.networkPolicies.apiServerPorts[1]",
        "0 is no port",
    ),
    (
        "metallb-api-server-ports",
        {"networkPolicies": {"apiServerPorts": [65536]}},
        "spec.networkPolicies.apiServerPorts[0]",
        "65536",
    ),
    *[
        (
            "metallb-max-unavailable",
            max_unavailable(value),
            "spec.updateStrategy.speaker.maxUnavailable",
            repr(value),
        )
        for value in (0, -1, "0%", "101%", "25", "a%", "٣%")
    ],
    (
        "metallb-cipher-suites",
        {"tls": {"minVersion": TLS12, "cipherSuites": [SUITE, "AES"]}},
        "spec.tls.cipherSuites[1]",
        "'AES'",
    ),
    (
        "metallb-cipher-suites-version",
        {"tls": {"cipherSuites": [SUITE]}},
        "spec.tls.cipherSuites",
        "unless minVersion is VersionTLS12",
    ),
    (
        "metallb-cipher-suites-version",
        {"tls": {"cipherSuites": [SUITE], "minVersion": "VersionTLS13"}},
        "spec.tls.cipherSuites",
        "TLS 1.2 only",
    ),
    *[
        (
            "metallb-curves",
            {"tls": {"curvePreferences": ["23", text]}},
            "spec.tls.curvePreferences[1]",
            repr(text),
        )
        for text in ("X25519", "26", "", "-23", "023", " 23", "9" * 1000)
    ],
]

WARNED: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "metallb-frr-k8s-unused",
        {"bgpBackend": "frr", "frrk8sConfig": {"alwaysBlock": ["10.0.0.0/8"]}},
        "spec.frrk8sConfig.alwaysBlock",
        "no effect with the backend frr;",
    ),
    (
        "metallb-frr-k8s-unused",
        {"frrk8sConfig": {"namespace": "frr"}},
        "spec.frrk8sConfig.namespace",
        "no effect with the backend frr-k8s;",
    ),
    (
        "metallb-frr-k8s-unused",
        {"bgpBackend": "native", "frrk8sConfig": {"secretPassthrough": True}},
        "spec.frrk8sConfig.secretPassthrough",
        "no effect with the backend native;",
    ),
    (
        "metallb-frr-k8s-unused",
        EXTERNAL | {"frrk8sConfig": {"namespace": "frr", "alwaysBlock": ["10.0.0.0/8"]}},
        "spec.frrk8sConfig.alwaysBlock",
        "no effect with the backend frr-k8s-external;",
    ),
    ("metallb-image-unused", {"image": "x"}, "spec.image", "under images"),
    (
        "metallb-memberlist-nodes",
        {"memberlist": {"enabled": False}, "nodeSelector": {"a": "b"}},
        "spec.memberlist.enabled",
        "every node",
    ),
    ("metallb-no-node", {"nodeSelector": {"a": "c"}}, "spec.nodeSelector", "no speaker"),
    (
        "metallb-no-node",
        {"controllerNodeSelector": {"a": "b", "x": "y"}},
        "spec.controllerNodeSelector",
        "no controller",
    ),
    (
        "metallb-deny-unknown",
        {"admission": {"deny": ["pool-overlap", "pool-overlaps"]}},
        "spec.admission.deny[1]",
        "no rule 'pool-overlaps'",
    ),
]

HELD: list[dict[str, Any]] = [
    {},
    *[{"version": text} for text in ("", "0.15.3", "0.16.1", "v0.16.1")],
    *[{"bgpBackend": text} for text in ("", "native", "frr", "frr-k8s")],
    EXTERNAL | {"frrk8sConfig": {"namespace": "frr-k8s-system"}},
    {"frrk8sConfig": {"alwaysBlock": [" 10.0.0.0/8\n", "fc00::/7"]}},
    {"excludeInterfaces": {"patterns": ["^veth[[:alnum:]]*", "a{2,3}"]}},
    {"metrics": {"port": 7946}, "memberlist": {"bindPort": 7947}},
    {"metrics": {"port": 7946}, "memberlist": {"enabled": False}},
    {"networkPolicies": {"apiServerPorts": [1, 65535]}},
    *[max_unavailable(value) for value in (1, "1%", "100%")],
    {"tls": {"minVersion": TLS12, "cipherSuites": [SUITE, f" {SUITE}"]}},
    {"tls": {"minVersion": "VersionTLS13", "curvePreferences": ["29", "4588 "]}},
    {"memberlist": {"enabled": False}},
    {"nodeSelector": {"a": "b"}},
    {"admission": {"deny": ["pool-not-announced", "metallb-deny-unknown"]}},
]


@pytest.mark.parametrize(("rule", "spec", "path", "piece"), REFUSED)
def test_refused(rule: str, spec: dict[str, Any], path: str, piece: str) -> None:
    [finding] = by_rule(rule, judge(metallb(**spec)))
    assert finding.severity is Severity.DENY
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize(("rule", "spec", "path", "piece"), WARNED)
def test_warned(rule: str, spec: dict[str, Any], path: str, piece: str) -> None:
    [finding] = by_rule(rule, judge(metallb(**spec), node("n", a="b")))
    assert finding.severity is Severity.WARN
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize("spec", HELD)
def test_held(spec: dict[str, Any]) -> None:
    assert judge(metallb(**spec), node("n", a="b")) == ()


def test_selectors_match_nobody_only_where_nodes_are_known() -> None:
    assert judge(metallb(nodeSelector={"a": "c"})) == ()


def test_the_backend_that_runs_counts_where_none_is_named() -> None:
    running = {
        "metadata": {"name": "metallb", "namespace": NAMESPACE},
        "status": {"backend": "frr"},
    }
    found = judge(MetalLB.parse(running | {"spec": {"frrk8sConfig": {"namespace": "frr"}}}))
    assert [finding.rule for finding in found] == ["metallb-frr-k8s-unused"]
    assert "the backend frr;" in found[0].message


def named(name: str, space: str = NAMESPACE) -> MetalLB:
    return MetalLB.parse({"metadata": {"name": name, "namespace": space}})


def test_another_name_is_refused_when_the_object_is_created() -> None:
    [finding] = judge(named("other"))
    assert (finding.rule, finding.path) == ("metallb-name", "metadata.name")
    assert judge(named("other"), old=named("other")) == ()


def test_another_namespace_is_refused_when_the_object_is_created() -> None:
    [finding] = judge(named("metallb", "default"))
    assert (finding.rule, finding.path) == ("metallb-namespace", "metadata.namespace")
    assert finding.message.startswith("the operator reads MetalLB objects of namespace")
    assert judge(named("metallb", "default"), old=named("metallb", "default")) == ()


def test_versions_are_those_that_the_operator_can_run() -> None:
    for release in RELEASES:
        assert judge(metallb(version=release.version)) == ()
    [finding] = judge(metallb(version="x"))
    assert finding.message.endswith(", ".join(release.version for release in RELEASES))


@pytest.mark.parametrize("backend", Backend)
def test_every_backend_can_be_named(backend: Backend) -> None:
    assert by_rule("metallb-backend", judge(metallb(bgpBackend=backend.value))) == []
