"""What is to be done about what others say of pods."""

import pytest

from metallb_operator.remedies import (
    ended,
    not_pulled,
    not_scheduled,
    refused,
    with_remedy,
)


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ("toomanyrequests: You have reached your unauthenticated pull rate limit", "too often"),
        ("429 Too Many Requests", "too often"),
        ("write /var/lib/x: no space left on device", "disk is full"),
        ("no match for platform in manifest: not found", "architecture"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", "architecture"),
        ("no image found in image index for architecture arm64", "architecture"),
        ("SignatureValidationFailed: no signature for x", "signature"),
        ("manifest unknown", "it does not exist; check spec.images"),
        ("unexpected EOF", "unexpected EOF"),
    ],
)
def test_why_an_image_cannot_be_pulled(cause: str, told: str) -> None:
    assert told in not_pulled(cause)


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ('pod rejected: RuntimeClass "crun" not found', "runtimeClassName"),
        ("no PriorityClass with name high was found", "priorityClassName"),
        ("unable to validate against any security context constraint: []", "privileged"),
        ('admission webhook "a.example" denied the request: no', "change that policy"),
        ("ValidatingAdmissionPolicy 'p' denied request: no", "change that policy"),
        ('failed calling webhook "a.example": no endpoints', "put that webhook right"),
        ("namespace m because it is being terminated", "install anew"),
        ("pod updates may not change fields other than these", ""),
    ],
)
def test_what_to_do_where_pods_are_refused(message: str, remedy: str) -> None:
    assert remedy in refused(message)
    assert bool(refused(message)) is bool(remedy)


@pytest.mark.parametrize(
    ("reason", "said", "remedy"),
    [
        ("OOMKilled", "", "limits.memory"),
        ("OOMKilled", "serving", "limits.memory"),
        ("Error", "listen tcp :7946: bind: address already in use", "another port"),
        ("StartError", "exec /speaker: exec format error", "architecture"),
        ("Error", "", "kubectl logs --previous"),
        # It has said itself what is wrong.
        ("Error", "the file x is missing", ""),
        ("Error", "it is not OOMKilled", ""),
    ],
)
def test_what_to_do_about_a_container_that_ends(reason: str, said: str, remedy: str) -> None:
    assert remedy in ended(reason, said)
    assert bool(ended(reason, said)) is bool(remedy)


PORTS = "another pod of the node has one of its ports"
MATCH = "label a node"


@pytest.mark.parametrize(
    ("message", "has", "has_not"),
    [
        ("0/1 nodes are available: 1 Insufficient memory.", ["ask for less"], [MATCH]),
        (
            "1 didn't have free ports for the requested pod ports, 2 didn't match node affinity",
            [PORTS],
            # The other nodes are those of other pods of the DaemonSet.
            [MATCH],
        ),
        (
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {a: b}.",
            ["ask for less", "Tolerations"],
            [],
        ),
        ("0/2 nodes are available: 2 node(s) didn't match Pod's node affinity", [MATCH], []),
        ("no nodes available to schedule pods", [], [";"]),
    ],
)
def test_what_to_do_where_no_node_takes_a_pod(
    message: str, has: list[str], has_not: list[str]
) -> None:
    told = not_scheduled(message)
    assert told.startswith(message.rstrip("."))
    assert [text for text in has if text not in told] == []
    assert [text for text in has_not if text in told] == []


def test_without_a_remedy_a_sentence_stays_as_it_is() -> None:
    assert with_remedy("it ends", "") == "it ends"
