"""What is asked to find out whether admission works, and what counts as an answer."""

import json

import orjson
import pytest

from metallb_webhooks.paths import PATHS
from metallb_webhooks.review import Verdict, parse, respond
from metallb_webhooks.rules.registry import RULE_IDS
from metallb_webhooks.selftest import (
    NAME,
    PATH,
    RULE,
    UntrustedError,
    expected,
    probe,
    review,
    trust,
)
from support.authorities import HOST, accepted
from support.certificates import material
from support.handshakes import handshake
from support.judging import judge
from support.samples import NAMESPACE, pool

UID = "ours"
REFUSED = Verdict(allowed=False, message=f"spec.addresses[0]: no address [{RULE}]")


def test_the_probe_is_refused_by_the_rule_that_is_looked_for() -> None:
    assert RULE in RULE_IDS
    sent = probe(NAMESPACE, "p")
    found = judge(pool(sent["metadata"]["name"], *sent["spec"]["addresses"]))
    assert RULE in {one.rule for one in found}


def test_the_review_is_one_that_changes_nothing() -> None:
    asked = parse(review(NAMESPACE, UID))
    assert PATHS[PATH] == (asked.api_version, asked.kind)
    assert (asked.uid, asked.operation, asked.dry_run) == (UID, "CREATE", True)
    assert asked.object == probe(NAMESPACE, NAME)


@pytest.mark.parametrize(
    ("status", "answer", "is_it"),
    [
        (200, respond(UID, REFUSED), True),
        (500, respond(UID, REFUSED), False),
        (200, respond(UID, Verdict(allowed=True)), False),
        (200, respond(UID, Verdict(allowed=False, message="not listed yet")), False),
        (200, b"", False),
        (200, b"{", False),
        (200, b"[]", False),
        (200, orjson.dumps({"response": None}), False),
        (200, orjson.dumps({"response": {"status": {"message": 7}}}), False),
        (503, b"not listed yet: BGPPeer\n", False),
    ],
)
def test_one_answer_is_the_right_one(status: int, answer: bytes, *, is_it: bool) -> None:
    assert expected(status, answer) is is_it


def test_a_bundle_is_all_that_is_trusted() -> None:
    one = material()
    context = trust(one.bundle)
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1


def test_an_anchor_need_not_be_a_root() -> None:
    """For API servers, which are Go, it need not be either: an issuer may be an intermediate."""
    signed = accepted()["only the intermediate is trusted"]
    handshake(signed.chain, signed.key, trust(signed.trusted), HOST)


def test_where_nothing_is_known_everybody_is_trusted() -> None:
    assert not trust(None).check_hostname


@pytest.mark.parametrize("bundle", [b"", b"\n", b"none", b"\xff"])
def test_what_holds_no_authority_is_told(bundle: bytes) -> None:
    with pytest.raises(UntrustedError, match="no authority"):
        trust(bundle)


def test_the_answer_is_read_as_it_is_written() -> None:
    """The fields looked at are those of `admission.k8s.io/v1`."""
    answer = json.loads(respond(UID, REFUSED))
    assert answer["response"]["status"]["message"] == REFUSED.message
