from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

import pytest

from metallb_crds.backend import DEFAULT_BACKEND, Backend
from metallb_crds.meta import Resource
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_webhooks.installation import backend_in_effect
from metallb_webhooks.review import ReviewRequest, Verdict
from metallb_webhooks.rules.base import Finding, Operation, Request, Severity
from metallb_webhooks.service import (
    ALLOWED,
    internal_error,
    judge,
    raised_by,
    verdict_on,
)
from metallb_webhooks.settings import Settings
from metallb_webhooks.snapshot import Snapshot
from support.reviews import review, stored
from support.samples import NAMESPACE, peer, pool

SETTINGS = Settings(NAMESPACE)
POOL = stored("IPAddressPool", "a", addresses=["192.0.2.0/24"])
ANOTHER = stored("IPAddressPool", "a", addresses=["198.51.100.0/24"])
BAD = stored("IPAddressPool", "a", addresses=5)
ELSEWHERE = stored("IPAddressPool", "a", "shop", addresses=["192.0.2.0/24"])
DENY = Finding("no-good", "spec.x", "it is no good; make it better", Severity.DENY)
DENY_TOO = Finding("too-bad", "spec.y", "it is too bad; change it", Severity.DENY)
WARN = Finding("not-nice", "spec.z", "it is not nice", Severity.WARN)


@dataclass
class Rules:
    """Stands in for the rules: says what it is told to say and keeps what it was asked."""

    findings: Iterable[Finding] = ()
    asked: list[tuple[Request[Any], str, frozenset[str]]] = field(default_factory=list)

    def __call__(
        self, request: Request[Any], kind: str, raised: frozenset[str], /
    ) -> Iterable[Finding]:
        self.asked.append((request, kind, raised))
        return self.findings

    @property
    def request(self) -> Request[Any]:
        return self.asked[-1][0]


def asked(what: ReviewRequest, *objects: Resource, settings: Settings = SETTINGS) -> Request[Any]:
    """Return what the rules are asked about a review, given these stored objects."""
    rules = Rules()
    judge(what, Snapshot.of(*objects), settings, rules)
    return rules.request


def metallb(spec: object = None, status: object = None, name: str = "metallb") -> MetalLB:
    metadata = {"name": name, "namespace": NAMESPACE}
    return MetalLB.parse({"metadata": metadata, "spec": spec, "status": status})


def deleted(manifest: dict[str, Any]) -> dict[str, Any]:
    return manifest | {"metadata": manifest["metadata"] | {"deletionTimestamp": "2026-01-01"}}


EXTERNAL = {"bgpBackend": "frr-k8s-external", "frrk8sConfig": {"namespace": "shop"}}


class TestWhatIsJudged:
    @pytest.mark.parametrize(
        ("what", "operation", "present"),
        [
            (review(POOL), Operation.CREATE, True),
            (review(POOL, POOL), Operation.UPDATE, True),
            (review(old=POOL), Operation.DELETE, False),
        ],
    )
    def test_the_snapshot_is_as_if_the_request_went_through(
        self, what: ReviewRequest, operation: Operation, *, present: bool
    ) -> None:
        request = asked(what, pool("a", "198.51.100.0/24"), pool("b", "203.0.113.0/24"))
        assert request.operation is operation
        assert request.subject.spec.addresses == ("192.0.2.0/24",)
        assert set(request.snapshot.pools) == ({"a", "b"} if present else {"b"})
        if present:
            assert request.snapshot.pools["a"] is request.subject

    @pytest.mark.parametrize(
        ("old", "expected"), [(POOL, ("192.0.2.0/24",)), (BAD, None), (None, None)]
    )
    def test_the_old_object_need_not_be_readable(
        self, old: dict[str, Any] | None, expected: tuple[str, ...] | None
    ) -> None:
        request = asked(review(POOL, old))
        found = request.old.spec.addresses if request.old else None
        assert found == expected

    @pytest.mark.parametrize(
        "what", [review(ELSEWHERE), review(ELSEWHERE, ELSEWHERE), review(old=ELSEWHERE)]
    )
    def test_an_object_elsewhere_hides_none_of_ours(self, what: ReviewRequest) -> None:
        request = asked(what, pool("a", "198.51.100.0/24"))
        assert request.subject.metadata.namespace == "shop"
        assert request.snapshot.pools["a"].spec.addresses == ("198.51.100.0/24",)

    @pytest.mark.parametrize(
        ("spec", "where", "counts"),
        [
            (None, NAMESPACE, True),
            (None, "shop", False),
            ({"frrk8sConfig": {"namespace": "shop"}}, "shop", False),
            (EXTERNAL, "shop", True),
            (EXTERNAL, NAMESPACE, False),
        ],
    )
    def test_frr_configurations_count_where_frr_k8s_reads_them(
        self, spec: object, where: str, *, counts: bool
    ) -> None:
        request = asked(review(stored("FRRConfiguration", "a", where)), metallb(spec))
        assert set(request.snapshot.frr_configurations) == ({(where, "a")} if counts else set())

    def test_an_old_version_of_a_peer_is_a_peer(self) -> None:
        spec = {"myASN": 1, "peerASN": 2, "peerAddress": "192.0.2.9"}
        manifest = stored("BGPPeer", "p", **spec) | {"apiVersion": "metallb.io/v1beta1"}
        request = asked(review(manifest), peer("q"))
        assert set(request.snapshot.peers) == {"p", "q"}


class TestWhatIsNotJudged:
    @pytest.mark.parametrize(
        "what",
        [
            review(POOL, POOL, subresource="status"),
            review(operation="CONNECT"),
            review(deleted(POOL), deleted(POOL)),
            review(POOL, deleted(POOL)),
            review(deleted(BAD), deleted(BAD)),
            review(old=BAD),
        ],
    )
    def test_is_allowed(self, what: ReviewRequest) -> None:
        rules = Rules([DENY])
        assert judge(what, Snapshot.of(), SETTINGS, rules) == ALLOWED
        assert rules.asked == []

    @pytest.mark.parametrize(
        "what",
        [
            review(deleted(POOL)),
            review(old=deleted(POOL)),
            review(deleted(POOL), POOL),
            review(deleted(POOL), deleted(ANOTHER)),
            review(POOL, deleted(BAD)),
        ],
    )
    def test_only_updates_of_deleted_objects_that_stay_as_they_are_are_excepted(
        self, what: ReviewRequest
    ) -> None:
        assert not judge(what, Snapshot.of(), SETTINGS, Rules([DENY])).allowed


class TestBadRequests:
    @pytest.mark.parametrize(
        ("what", "message"),
        [
            (review(BAD), "spec.addresses: 5 is not a list"),
            (review(BAD, POOL), "spec.addresses: 5 is not a list"),
            (review(stored("Pod", "a")), "metallb.io/v1beta1 Pod is not reviewed here"),
            (review(old=stored("Pod", "a")), "metallb.io/v1beta1 Pod is not reviewed here"),
        ],
    )
    def test_are_refused_by_name(self, what: ReviewRequest, message: str) -> None:
        found = judge(what, Snapshot.of(), SETTINGS, Rules())
        expected = Verdict(
            allowed=False, code=HTTPStatus.BAD_REQUEST, reason="BadRequest", message=message
        )
        assert found == expected


class TestBackend:
    @pytest.mark.parametrize(
        ("found", "expected"),
        [
            (None, DEFAULT_BACKEND),
            (metallb(), DEFAULT_BACKEND),
            (metallb({"bgpBackend": "native"}), Backend.NATIVE),
            (metallb({"bgpBackend": "native"}, {"backend": "frr"}), Backend.NATIVE),
            (metallb(status={"backend": "frr"}), Backend.FRR),
            (metallb({"bgpBackend": "bird"}), DEFAULT_BACKEND),
        ],
    )
    def test_is_the_one_in_effect(self, found: MetalLB | None, expected: Backend) -> None:
        assert backend_in_effect(found) is expected
        assert asked(review(POOL), *([found] if found else [])).backend is expected

    def test_is_the_prescribed_one_whatever_the_object_says(self) -> None:
        settings = replace(SETTINGS, backend=Backend.FRR)
        request = asked(review(POOL), metallb({"bgpBackend": "native"}), settings=settings)
        assert request.backend is Backend.FRR

    @pytest.mark.parametrize(
        ("name", "space", "expected"),
        [
            ("metallb", NAMESPACE, Backend.NATIVE),
            ("other", NAMESPACE, DEFAULT_BACKEND),
            ("metallb", "shop", DEFAULT_BACKEND),
        ],
    )
    def test_is_that_of_the_object_under_review(
        self, name: str, space: str, expected: Backend
    ) -> None:
        manifest = stored("MetalLB", name, space, bgpBackend="native")
        assert asked(review(manifest)).backend is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, frozenset()),
        (metallb(), frozenset()),
        (metallb({"admission": {}}), frozenset()),
        (metallb({"admission": {"deny": ["a", "b", "a"]}}), frozenset({"a", "b"})),
    ],
)
def test_warnings_are_raised_by_the_metallb_object(
    found: MetalLB | None, expected: frozenset[str]
) -> None:
    assert raised_by(found) == expected
    rules = Rules()
    judge(review(POOL), Snapshot.of(*([found] if found else [])), SETTINGS, rules)
    assert rules.asked == [(rules.request, "IPAddressPool", expected)]


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], Verdict(allowed=True)),
        (
            [WARN, WARN],
            Verdict(allowed=True, warnings=(str(WARN), str(WARN)), rules=("not-nice",)),
        ),
        (
            [DENY],
            Verdict(
                allowed=False,
                code=HTTPStatus.FORBIDDEN,
                reason="Forbidden",
                message="spec.x: it is no good; make it better [no-good]",
                rules=("no-good",),
            ),
        ),
        (
            [DENY, WARN, DENY_TOO],
            Verdict(
                allowed=False,
                code=HTTPStatus.FORBIDDEN,
                reason="Forbidden",
                message=f"2 problems:\n- {DENY}\n- {DENY_TOO}",
                warnings=(str(WARN),),
                rules=("no-good", "not-nice", "too-bad"),
            ),
        ),
    ],
)
def test_all_findings_are_in_one_answer(findings: list[Finding], expected: Verdict) -> None:
    assert verdict_on(iter(findings)) == expected


def test_an_internal_error_denies_and_tells_nothing_of_the_inside() -> None:
    found = internal_error()
    assert (found.allowed, found.code) == (False, HTTPStatus.INTERNAL_SERVER_ERROR)
    assert "metallb-webhooks" in found.message


class TestWithTheRules:
    """The real rules, once each way: that they are reached, not what they say."""

    def test_a_sound_pool_is_allowed(self) -> None:
        assert judge(review(POOL), Snapshot.of(), SETTINGS).allowed

    def test_an_overlap_is_refused_in_the_name_of_the_other_pool(self) -> None:
        found = judge(review(POOL), Snapshot.of(pool("old", "192.0.2.128/25")), SETTINGS)
        assert not found.allowed
        assert "old" in found.message

    def test_an_object_elsewhere_is_refused(self) -> None:
        found = judge(review(ELSEWHERE), Snapshot.of(), SETTINGS)
        assert "metadata.namespace" in found.message


@pytest.mark.parametrize(("allowed", "is_allowed"), [((), True), (("quay.io",), False)])
def test_from_where_images_may_come_is_a_setting(
    allowed: tuple[str, ...], *, is_allowed: bool
) -> None:
    asked_for = review(stored("MetalLB", "metallb", images={"speaker": "evil.example/x:v1"}))
    settings = Settings(NAMESPACE, allowed_registries=allowed)
    assert judge(asked_for, Snapshot.of(), settings).allowed is is_allowed
