"""ServiceAccounts, Roles and bindings out of the table of permissions. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from metallb_operator.packaging.image import NAMESPACE, labels
from metallb_operator.packaging.permissions import Account, Rule, UrlRule

Document = dict[str, Any]
_RBAC: Final = "rbac.authorization.k8s.io"


def rbac(accounts: Iterable[Account]) -> Iterator[Document]:
    """Yield everything that gives accounts what they may do; named as in the chart."""
    for one in accounts:
        yield account(one)
        if one.cluster:
            yield _role("ClusterRole", one, one.cluster)
            yield _binding("ClusterRole", one)
        if one.own:
            yield _role("Role", one, one.own)
            yield _binding("Role", one)


def account(one: Account) -> Document:
    """Return the ServiceAccount."""
    metadata = _metadata(one, "ServiceAccount")
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _role(kind: str, account: Account, rules: Iterable[Rule | UrlRule]) -> Document:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": kind,
        "metadata": _metadata(account, kind),
        "rules": [rule.manifest() for rule in rules],
    }


def _binding(kind: str, account: Account) -> Document:
    metadata = _metadata(account, kind)
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _RBAC, "kind": kind, "name": metadata["name"]},
        "subjects": [{"kind": "ServiceAccount", "name": account.name, "namespace": NAMESPACE}],
    }


def _metadata(account: Account, kind: str) -> Document:
    if kind == "ClusterRole":
        # What has no namespace carries it in its name, so that two installations do not collide.
        return {"name": f"{NAMESPACE}:{account.name}", "labels": labels(account.app)}
    return {"name": account.name, "namespace": NAMESPACE, "labels": labels(account.app)}
