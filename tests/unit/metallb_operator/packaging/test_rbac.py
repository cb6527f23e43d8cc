"""Manifests out of rows of permissions."""

from typing import Any

import pytest

from metallb_operator.packaging.permissions import (
    WEBHOOKS_ACCOUNT,
    WEBHOOKS_CERTIFICATE,
    Account,
    Rule,
    UrlRule,
    self_sufficient,
)
from metallb_operator.packaging.rbac import rbac

PODS = Rule("", ("pods",), ("list", "watch"))
LEASE = Rule("coordination.k8s.io", ("leases",), ("get",), names=("one",))
METRICS = UrlRule(("/metrics",), ("get",))


@pytest.mark.parametrize(
    ("rule", "manifest"),
    [
        (PODS, {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]}),
        (
            LEASE,
            {
                "apiGroups": ["coordination.k8s.io"],
                "resources": ["leases"],
                "resourceNames": ["one"],
                "verbs": ["get"],
            },
        ),
        (METRICS, {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}),
    ],
)
def test_a_rule_as_a_role_has_it(rule: Rule | UrlRule, manifest: dict[str, Any]) -> None:
    assert rule.manifest() == manifest


@pytest.mark.parametrize(
    ("account", "kinds"),
    [
        (Account("a", "app"), ["ServiceAccount"]),
        (Account("a", "app", own=(PODS,)), ["ServiceAccount", "Role", "RoleBinding"]),
        (
            Account("a", "app", cluster=(METRICS,)),
            ["ServiceAccount", "ClusterRole", "ClusterRoleBinding"],
        ),
    ],
)
def test_there_is_no_empty_role(account: Account, kinds: list[str]) -> None:
    assert [document["kind"] for document in rbac([account])] == kinds


def test_bindings_bind_the_account_to_its_roles() -> None:
    found = {d["kind"]: d for d in rbac([Account("a", "app", cluster=(PODS,), own=(LEASE,))])}
    for kind in ("Role", "ClusterRole"):
        binding = found[f"{kind}Binding"]
        assert binding["roleRef"]["kind"] == kind
        assert binding["roleRef"]["name"] == found[kind]["metadata"]["name"]
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": "a", "namespace": "metallb-system"}
        ]
    assert found["Role"]["metadata"]["namespace"] == "metallb-system"
    assert "namespace" not in found["ClusterRole"]["metadata"]


def test_names_without_a_namespace_carry_it() -> None:
    found = {d["kind"]: d for d in rbac([Account("a", "app", cluster=(PODS,))])}
    assert found["ClusterRole"]["metadata"]["name"] == "metallb-system:a"


def test_webhooks_that_make_their_certificate_get_the_rights_to_it_besides() -> None:
    [account] = [each for each in self_sufficient() if each.name == "metallb-webhooks"]
    assert account.cluster == WEBHOOKS_ACCOUNT.cluster + WEBHOOKS_CERTIFICATE.cluster
    assert account.own == WEBHOOKS_ACCOUNT.own + WEBHOOKS_CERTIFICATE.own


def test_nobody_else_gets_anything_besides() -> None:
    changed = [a.name for a in self_sufficient() if WEBHOOKS_CERTIFICATE.own[0] in a.own]
    assert changed == ["metallb-webhooks"]
