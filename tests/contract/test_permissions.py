"""Everybody may do what they do, and nothing else."""

import ast
import asyncio
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cluster.binaries import binary
from metallb_kube.objects import Manifest
from metallb_kube.resources import resource_for
from metallb_operator.chart import Chart
from metallb_operator.installations import LEFT_OVER
from metallb_operator.observe import _APPLIED
from metallb_operator.packaging.generate import ROOT
from metallb_operator.packaging.permissions import (
    ACCOUNTS,
    CONFIGURATION,
    OPERANDS,
    OPERATOR_ACCOUNT,
    WEBHOOKS_ACCOUNT,
    WEBHOOKS_CERTIFICATE,
    Account,
    self_sufficient,
)
from metallb_webhooks.followed import FOLLOWED

Right = tuple[str, str, str, str]
"""Group, resource (or URL), verb, and the name of the only object; "" for all."""

FOLLOW = ("list", "watch")


def rights(rules: Iterable[Mapping[str, Any]]) -> set[Right]:
    return {
        (group, resource, verb, name)
        for rule in rules
        for group in rule.get("apiGroups", ["URL"])
        for resource in rule.get("resources", rule.get("nonResourceURLs", []))
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }


def cluster(account: Account) -> set[Right]:
    return rights(rule.manifest() for rule in account.cluster)


def own(account: Account) -> set[Right]:
    return rights(rule.manifest() for rule in account.own)


def on(kind: tuple[str, str], *verbs: str, subresource: str = "", name: str = "") -> set[Right]:
    resource = resource_for(*kind)
    where = f"{resource.plural}/{subresource}" if subresource else resource.plural
    return {(resource.group, where, verb, name) for verb in verbs}


METALLB = ("metallb.io/v1beta1", "MetalLB")
EVENT = ("v1", "Event")
LEASE = ("coordination.k8s.io/v1", "Lease")
SETTINGS = ("kube-proxy", "cilium-config", "calico-config")
CONFIGURATIONS = ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")


def followed(*, everywhere: bool) -> set[Right]:
    """What the rules of admission look at, in all namespaces or in one."""
    found = [
        on((r.api_version, r.kind), *FOLLOW)
        for r in FOLLOWED.values()
        # frr-k8s may be somebody else's, in a namespace that only the MetalLB object names.
        if (r.everywhere or r.with_frr_k8s) is everywhere
    ]
    return set().union(*found)


# The operands


@pytest.fixture(scope="module")
def rendered() -> tuple[Manifest, ...]:
    return asyncio.run(Chart(binary("helm")).render({}, namespace="metallb-system"))


def granted(manifests: Iterable[Manifest], kind: str, account: str) -> set[Right]:
    by_name = {m["metadata"]["name"]: m for m in manifests if m["kind"] == kind}
    return set().union(
        *(
            rights(by_name[binding["roleRef"]["name"]]["rules"])
            for binding in manifests
            if binding["kind"] == f"{kind}Binding"
            and account in {subject["name"] for subject in binding["subjects"]}
        )
    )


@pytest.mark.parametrize("account", OPERANDS, ids=lambda account: account.name)
def test_operands_may_do_what_the_chart_lets_them(
    account: Account, rendered: tuple[Manifest, ...]
) -> None:
    assert cluster(account) == granted(rendered, "ClusterRole", account.name)
    assert own(account) == granted(rendered, "Role", account.name)


def test_operands_are_all_the_accounts_of_the_chart(rendered: tuple[Manifest, ...]) -> None:
    accounts = {m["metadata"]["name"] for m in rendered if m["kind"] == "ServiceAccount"}
    used = {
        m["spec"]["template"]["spec"]["serviceAccountName"]
        for m in rendered
        if m["kind"] in {"DaemonSet", "Deployment"}
    }
    assert {account.name for account in OPERANDS} == accounts
    assert used <= accounts


# Our own processes


def test_the_operator_may_follow_apply_take_over_and_prune_what_it_installs() -> None:
    whole = ("get", *FOLLOW, "create", "update", "patch", "delete")
    installed = set().union(*(on(kind, *whole) for kind in _APPLIED))
    others = (
        followed(everywhere=False)
        | on(METALLB, "patch")
        | on(("v1", "Namespace"), "patch")
        | on(("metallb.io/v1beta1", "IPAddressPool"), "create")
        | on(("v1", "Pod"), *FOLLOW, "delete")
        | on(("v1", "Pod"), "create", subresource="eviction")
        | on(EVENT, "list")
        | on(("v1", "ServiceAccount"), *FOLLOW)
        | on(LEASE, "create")
        | on(LEASE, "get", "update", name="metallb-operator")
    )
    assert own(OPERATOR_ACCOUNT) == (installed | others) - on(METALLB, *FOLLOW)


def test_elsewhere_the_operator_tells_misplaced_objects_and_looks_for_what_is_in_the_way() -> None:
    surveyed = on(("apps/v1", "DaemonSet"), "list") | on(("apps/v1", "Deployment"), "list")
    for name in SETTINGS:
        surveyed |= on(("v1", "ConfigMap"), "get", name=name)
    for name in LEFT_OVER:
        surveyed |= on(CONFIGURATIONS, "get", name=name)
    assert cluster(OPERATOR_ACCOUNT) == (
        followed(everywhere=True)
        | on(METALLB, *FOLLOW)
        | on(METALLB, "patch", subresource="status")
        | on(EVENT, "create")
        | on(("frrk8s.metallb.io/v1beta1", "FRRConfiguration"), "delete")
        | on(("frrk8s.metallb.io/v1beta1", "FRRNodeState"), "list", "delete")
        | on(("frrk8s.metallb.io/v1beta1", "BGPSessionState"), "list")
        | surveyed
    )


def test_webhooks_may_follow_what_the_rules_look_at_and_say_who_decides() -> None:
    assert cluster(WEBHOOKS_ACCOUNT) == followed(everywhere=True)
    assert own(WEBHOOKS_ACCOUNT) == (
        followed(everywhere=False)
        | on(LEASE, "create")
        | on(LEASE, "get", *FOLLOW, "update", name="metallb-webhooks")
        | on(("v1", "Pod"), "get")
    )


def test_webhooks_with_their_own_certificate_keep_and_publish_it() -> None:
    assert cluster(WEBHOOKS_CERTIFICATE) == (
        on(CONFIGURATIONS, *FOLLOW) | on(CONFIGURATIONS, "patch", name="metallb-webhooks")
    )
    secret = ("v1", "Secret")
    assert own(WEBHOOKS_CERTIFICATE) == (
        on(secret, "create") | on(secret, "get", "update", name="metallb-webhooks-cert")
    )


def test_the_kinds_of_configuration_are_those_that_are_followed() -> None:
    ours = {
        resource_for(row.api_version, row.kind).plural
        for row in FOLLOWED.values()
        if row.api_version.startswith("metallb.io/")
    }
    assert ours == {*CONFIGURATION, "metallbs"}


# What each method of our client asks for; a server-side apply may create.
VERBS = {
    "get": {"get"},
    "list": {"list"},
    "first_page": {"list"},
    "watch": {"watch"},
    "create": {"create"},
    "replace": {"update"},
    "patch": {"patch"},
    "apply": {"create", "patch"},
    "delete": {"delete"},
}


def called(paths: Iterable[Path]) -> Iterator[str]:
    """Yield the methods that are called on a client."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and "client" in ast.unparse(node.value):
                yield node.attr


OPERATOR_CODE = (
    *(ROOT / "operator" / "metallb_operator").glob("*.py"),
    *(ROOT / "operator" / "metallb_kube" / name for name in ("cache.py", "leases.py")),
)
WEBHOOKS_CODE = (
    *(ROOT / "webhooks" / "metallb_webhooks").glob("*.py"),
    ROOT / "operator" / "metallb_kube" / "cache.py",
)


@pytest.mark.parametrize(
    ("account", "code"),
    [
        (OPERATOR_ACCOUNT, OPERATOR_CODE),
        (WEBHOOKS_ACCOUNT, WEBHOOKS_CODE),
        (WEBHOOKS_CERTIFICATE, WEBHOOKS_CODE),
    ],
    ids=["operator", "webhooks", "webhooks with their own certificate"],
)
def test_no_verb_is_granted_that_no_code_asks_for(account: Account, code: tuple[Path, ...]) -> None:
    asked = set().union(*(VERBS.get(name, set()) for name in called(code)))
    assert {verb for _, _, verb, _ in cluster(account) | own(account)} <= asked


# Everybody


ALL = (*ACCOUNTS, *self_sufficient())


@pytest.mark.parametrize("account", ALL, ids=lambda account: account.name)
def test_there_are_no_wildcards(account: Account) -> None:
    assert not any("*" in part for right in cluster(account) | own(account) for part in right)


@pytest.mark.parametrize("account", ALL, ids=lambda account: account.name)
def test_secrets_and_configmaps_are_nobodys_outside_the_own_namespace(account: Account) -> None:
    # Settings of kube-proxy and Cilium are read by their names; no Secret is.
    rights = {(resource, name) for _, resource, _, name in cluster(account)}
    named = {("configmaps", name) for name in SETTINGS}
    assert not {resource for resource, _ in rights - named} & {"secrets", "configmaps"}


@pytest.mark.parametrize("account", ALL, ids=lambda account: account.name)
def test_nobody_may_widen_their_rights_or_change_the_api(account: Account) -> None:
    forbidden = {"rbac.authorization.k8s.io", "apiextensions.k8s.io"}
    found = cluster(account) | own(account)
    assert not {group for group, _, _, _ in found} & forbidden
    assert not {verb for _, _, verb, _ in found} & {"escalate", "bind", "impersonate"}
    assert not {resource for _, resource, _, _ in found} & {"serviceaccounts/token", "pods/exec"}


@pytest.mark.parametrize("account", ALL, ids=lambda account: account.name)
def test_no_row_repeats_what_another_says(account: Account) -> None:
    for rules in (account.cluster, account.own):
        single = [right for rule in rules for right in rights([rule.manifest()])]
        assert len(single) == len(set(single))


def test_names_of_accounts_are_unique() -> None:
    names = [account.name for account in ACCOUNTS]
    assert len(names) == len(set(names))
