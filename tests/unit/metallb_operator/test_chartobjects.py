"""Nothing but the chart's own objects gets past it."""

from typing import Any

import pytest

from metallb_operator.chartobjects import refuse_others
from metallb_operator.errors import ChartError

NAMESPACE = "metallb-system"
NOTHING_CREATED: dict[str, Any] = {
    key: {"create": False} for key in ("rbac", "serviceAccounts", "secrets")
}


def made(
    kind: str, name: str, api_version: str = "v1", namespace: str | None = NAMESPACE
) -> dict[str, Any]:
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **where}}


CONTROLLER = made("Deployment", "controller", "apps/v1")
SPEAKER = made("DaemonSet", "speaker", "apps/v1")
ROLE = made("ClusterRole", f"{NAMESPACE}:speaker", "rbac.authorization.k8s.io/v1", None)
ACCOUNT = made("ServiceAccount", "speaker")
KEY = made("Secret", "metallb-memberlist")


@pytest.mark.parametrize(
    ("rendered", "values"),
    [
        ([], NOTHING_CREATED),
        ([CONTROLLER, SPEAKER], NOTHING_CREATED),
        ([ROLE, ACCOUNT, KEY], {}),
        ([ROLE, ACCOUNT, KEY], {"rbac": {"create": True}}),
    ],
)
def test_the_charts_own_objects_pass(
    rendered: list[dict[str, Any]], values: dict[str, Any]
) -> None:
    assert refuse_others(rendered, values, NAMESPACE) == tuple(rendered)


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (made("Pod", "pwn"), f"Pod {NAMESPACE}/pwn"),
        (made("Deployment", "pwn", "apps/v1"), f"Deployment {NAMESPACE}/pwn"),
        (made("Deployment", "controller", "other/v1"), "other/v1"),
        (made("Deployment", "controller", "apps/v1", "kube-system"), "kube-system/controller"),
        (made("DaemonSet", "speaker", "apps/v1", None), "DaemonSet speaker"),
        (SPEAKER, "is rendered 2 times"),
        (ROLE, f"ClusterRole {NAMESPACE}:speaker"),
        (ACCOUNT, f"ServiceAccount {NAMESPACE}/speaker"),
        (KEY, f"Secret {NAMESPACE}/metallb-memberlist"),
        ({"kind": "Pod"}, "manifest without apiVersion"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 5}}, "without metadata.name"),
    ],
)
def test_anything_else_is_refused_by_name(other: dict[str, Any], named: str) -> None:
    with pytest.raises(ChartError) as caught:
        refuse_others([CONTROLLER, SPEAKER, other], NOTHING_CREATED, NAMESPACE)
    assert named in str(caught.value)
