"""Which nodes a pod template is meant for: as the DaemonSet controller and the scheduler decide."""

from typing import Any

import pytest

from metallb_operator.nodes import meant_for
from support.observed import node

NEW = "node.cloudprovider.kubernetes.io/uninitialized=true:NoSchedule"
GONE = "node.kubernetes.io/out-of-service=x:NoExecute"


def in_terms(*terms: dict[str, Any]) -> dict[str, Any]:
    required = {"nodeSelectorTerms": list(terms)}
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    }


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("pod", "selected"),
    [
        ({}, "a b c"),
        ({"nodeSelector": {"rack": "1"}}, "a"),
        ({"nodeSelector": {"rack": "1", "cores": "8"}}, ""),
        (in_terms(expression("rack", "In", "1", "2")), "a b"),
        (in_terms(expression("rack", "In", "1"), expression("cores", "Exists")), "a c"),
        (in_terms(expression("rack", "NotIn", "1")), "b c"),
        (in_terms(expression("rack", "Exists")), "a b"),
        (in_terms(expression("rack", "DoesNotExist")), "c"),
        (in_terms(expression("cores", "Gt", "4")), "c"),
        (in_terms(expression("cores", "Lt", "8")), ""),
        (in_terms(expression("cores", "Gt", "many")), ""),
        (in_terms(expression("rack", "Near", "1")), ""),
        (in_terms({}), ""),
        (
            in_terms(
                {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]}
            ),
            "b",
        ),
        ({"nodeSelector": {"rack": "1"}} | in_terms(expression("rack", "In", "2")), ""),
    ],
)
def test_selection(pod: dict[str, Any], selected: str) -> None:
    nodes = [node("a", rack="1"), node("b", rack="2"), node("c", cores="8")]
    assert meant_for(pod, nodes).all == frozenset(selected.split())


@pytest.mark.parametrize(
    ("tolerations", "taint", "tolerated"),
    [
        ([], "key=a:NoSchedule", False),
        ([], "key:NoExecute", False),
        ([], "key:PreferNoSchedule", True),
        ([{"operator": "Exists"}], "key=a:NoSchedule", True),
        ([{"operator": "Exists", "effect": "NoExecute"}], "key=a:NoSchedule", False),
        ([{"key": "key", "operator": "Exists"}], "key=a:NoSchedule", True),
        ([{"key": "key", "operator": "Equal", "value": "a"}], "key=a:NoSchedule", True),
        ([{"key": "key", "value": "a"}], "key=a:NoSchedule", True),
        ([{"key": "key", "value": "b"}], "key=a:NoSchedule", False),
        ([{"key": "key"}], "key:NoSchedule", True),
        ([{"key": "other", "operator": "Exists"}], "key:NoSchedule", False),
        ([{"operator": "Equal"}], "key:NoSchedule", False),
    ],
)
def test_tolerations(tolerations: list[dict[str, str]], taint: str, tolerated: bool) -> None:  # noqa: FBT001 - a column
    found = meant_for({"tolerations": tolerations}, [node("a", taints=[taint])])
    assert found.left_out == ({} if tolerated else {"a": taint})
    assert found.ready == (frozenset("a") if tolerated else frozenset())


@pytest.mark.parametrize(
    ("unwell", "ready"),
    [
        (node("a"), True),
        (node("a", taints=["node.kubernetes.io/unschedulable:NoSchedule"]), True),
        (node("a", taints=["node.kubernetes.io/memory-pressure:NoSchedule"]), True),
        (node("a", ready=False), False),
        (node("a", ready=False, taints=["node.kubernetes.io/unreachable:NoExecute"]), False),
        (node("a", taints=["node.kubernetes.io/not-ready:NoSchedule"]), False),
        (
            node("a", taints=[NEW]),
            False,
        ),
        (node("a", taints=[GONE]), False),
        ({**node("a"), "status": {}}, False),
    ],
)
def test_a_node_that_is_unwell_is_still_meant(unwell: dict[str, Any], ready: bool) -> None:  # noqa: FBT001 - a column
    found = meant_for({}, [unwell])
    assert found.all == {"a"}
    assert found.left_out == {}
    assert found.ready == (frozenset("a") if ready else frozenset())


@pytest.mark.parametrize("host", [True, False])
def test_only_pods_of_the_host_network_do_without_a_network(host: bool) -> None:  # noqa: FBT001 - a column
    nodes = [node("a", taints=["node.kubernetes.io/network-unavailable:NoSchedule"])]
    assert bool(meant_for({"hostNetwork": host}, nodes).ready) is host


def test_a_taint_of_somebodys_choosing_is_named_before_one_of_kubernetes() -> None:
    nodes = [node("a", ready=False, taints=[GONE, "dedicated=gpu:NoExecute"])]
    assert meant_for({}, nodes).left_out == {"a": "dedicated=gpu:NoExecute"}
