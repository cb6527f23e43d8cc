"""When the operator applies the NetworkPolicies of its own pods."""

from typing import Any

import pytest

from metallb_kube.objects import Manifest, ref_of
from metallb_operator.observation import Observation
from metallb_operator.ownpolicies import lacking
from metallb_operator.packaging.policies import policies

PLACE = "elsewhere"
BOTH = ["metallb-operator", "metallb-webhooks"]


def operator(label: str, uid: str = "1") -> Manifest:
    labels = {label: "x", "app.kubernetes.io/name": "metallb-operator"}
    metadata = {"name": "metallb-operator", "namespace": PLACE, "uid": uid, "labels": labels}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}


def applied(uid: str = "1", **spec: Any) -> list[Manifest]:  # noqa: ANN401 - whatever JSON holds
    owner = {"kind": "Deployment", "name": "metallb-operator", "uid": uid}
    return [
        {
            **policy,
            "metadata": {
                "name": policy["metadata"]["name"],
                "namespace": PLACE,
                "ownerReferences": [owner],
            },
            "spec": {**policy["spec"], **spec},
        }
        for policy in policies()
    ]


@pytest.mark.parametrize(
    ("stored", "names"),
    [
        pytest.param([operator("olm.managed")], BOTH, id="olm-v0"),
        pytest.param([operator("olm.operatorframework.io/owner-kind")], BOTH, id="olm-v1"),
        pytest.param([operator("helm.sh/chart")], [], id="without-olm"),
        pytest.param([], [], id="no-pod-on-this-cluster"),
        pytest.param([operator("olm.managed"), *applied()], [], id="there"),
        pytest.param([operator("olm.managed"), *applied(ingress=[{}])], BOTH, id="opened"),
        pytest.param([operator("olm.managed", "2"), *applied()], BOTH, id="of-an-older-deployment"),
    ],
)
def test_which_are_applied(stored: list[Manifest], names: list[str]) -> None:
    seen = Observation({ref_of(one): one for one in stored})
    found = list(lacking(seen, PLACE))
    assert [policy["metadata"]["name"] for policy in found] == names
    assert all(policy["metadata"]["namespace"] == PLACE for policy in found)
