"""How rules are evaluated, whatever they say."""

from dataclasses import replace

import pytest

from metallb_crds.config_v1beta1 import ConfigurationState, IPAddressPool
from metallb_webhooks.reading import read
from metallb_webhooks.rules.base import Finding, Operation, Severity
from metallb_webhooks.rules.generic import NAMESPACE_RULES, listed
from metallb_webhooks.rules.registry import RULES, evaluate
from support.judging import judge, request
from support.reviews import stored
from support.samples import NAMESPACE, pool


def located(space: str, **metadata: str) -> IPAddressPool:
    return IPAddressPool.parse({"metadata": {"name": "p", "namespace": space} | metadata})


def test_an_object_elsewhere_is_refused_for_that_alone() -> None:
    [finding] = judge(located("default"))
    assert (finding.rule, finding.path) == ("pool-namespace", "metadata.namespace")
    assert "create it in 'metallb-system'" in finding.message


def test_an_object_elsewhere_may_be_changed_and_deleted() -> None:
    assert judge(located("default"), old=located("default")) == ()
    assert judge(located("default"), delete=True) == ()


@pytest.mark.parametrize("kind", sorted(NAMESPACE_RULES.keys() & RULES.keys()))
def test_kinds_that_are_read_from_one_namespace_have_the_rule_first(kind: str) -> None:
    assert RULES[kind][0].id.endswith("-namespace")


BOUNDS = {
    "IPAddressPool": "pool-bounds",
    "BGPAdvertisement": "bgp-bounds",
    "L2Advertisement": "l2-bounds",
    "BGPPeer": "peer-bounds",
    "BFDProfile": "bfd-bounds",
    "Community": "community-bounds",
    "FRRConfiguration": "frr-bounds",
    "MetalLB": "metallb-bounds",
}


@pytest.mark.parametrize("kind", RULES)
def test_an_object_that_exceeds_the_bounds_is_refused_for_that_alone(kind: str) -> None:
    name = "metallb" if kind == "MetalLB" else "x"
    manifest = stored(kind, name) | {"metadata": {"name": name, "namespace": NAMESPACE}}
    manifest["metadata"]["labels"] = {f"a{n}": "not a label!" for n in range(101)}
    [finding] = judge(read(manifest["apiVersion"], kind, manifest))
    assert (finding.rule, finding.path) == (BOUNDS[kind], "metadata.labels")
    assert finding.severity is Severity.DENY


def test_what_is_being_deleted_may_be_updated_while_its_spec_stays() -> None:
    going = located("metallb-system", deletionTimestamp="2024-01-01T00:00:00Z")
    staying = located("metallb-system")
    assert judge(going, old=going) == ()
    assert judge(staying, old=going) == ()
    assert judge(going) != ()
    assert judge(staying, old=staying) != ()
    assert judge(going, old=staying) != ()
    assert judge(pool("p", "bad"), old=going) != ()


def test_warnings_are_raised_to_denials_by_id() -> None:
    asked = request(pool("p", "127.0.0.0/24"))
    found = evaluate(asked, "IPAddressPool", frozenset({"pool-not-announced"}))
    assert {finding.rule: finding.severity for finding in found} == {
        "pool-not-announced": Severity.DENY,
        "pool-special-addresses": Severity.WARN,
    }


def test_a_kind_without_rules_has_no_findings() -> None:
    asked = replace(request(pool("p")), subject=ConfigurationState())
    assert evaluate(asked, "ConfigurationState") == ()


def test_rules_that_are_about_other_operations_stay_silent() -> None:
    asked = replace(request(pool("p")), operation=Operation.DELETE)
    assert evaluate(asked, "IPAddressPool") == ()


def test_a_finding_reads_as_one_line() -> None:
    finding = Finding("pool-overlap", "spec.addresses[0]", "is taken", Severity.DENY)
    assert str(finding) == "spec.addresses[0]: is taken [pool-overlap]"


@pytest.mark.parametrize(
    ("names", "text"),
    [([], ""), (["a"], "a"), (["a", "b", "c"], "a, b, c"), (iter("abcde"), "a, b, c and 2 more")],
)
def test_listing(names: list[str], text: str) -> None:
    assert listed(names) == text
