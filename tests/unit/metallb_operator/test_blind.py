"""What is said of what may not be read."""

from metallb_kube.errors import error_from
from metallb_operator.blind import problems
from metallb_operator.conditions import Reason

REFUSED = error_from(
    403, {"message": 'pods is forbidden: User "x" cannot list resource "pods"', "reason": "x"}
)


def test_every_kind_is_named_with_the_remedy() -> None:
    nodes, pods = problems({"pods": REFUSED, "nodes": REFUSED})
    assert (nodes.reason, pods.reason) == (Reason.FORBIDDEN, Reason.FORBIDDEN)
    assert nodes.message.startswith("reading nodes: ")
    assert 'cannot list resource "pods"' in pods.message
    assert pods.message.endswith("the permissions of its bundle")


def test_nothing_is_said_while_everything_can_be_read() -> None:
    assert problems({}) == ()
