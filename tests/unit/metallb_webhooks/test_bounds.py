"""What an object may hold, and what becomes of one that holds more."""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest

from metallb_webhooks.bounds import BOUNDS, DEPTH, TEXT, described, exceeded
from metallb_webhooks.reading import read
from metallb_webhooks.review import ReviewRequest
from metallb_webhooks.rules.registry import RULES
from metallb_webhooks.service import ALLOWED, judge
from metallb_webhooks.settings import Settings
from metallb_webhooks.snapshot import Snapshot
from support.judging import judge as judged
from support.reviews import review, stored
from support.samples import NAMESPACE

SETTINGS = Settings(NAMESPACE)


def made(kind: str, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return stored(kind, "x", **spec)


def pool(count: int, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    entries = [f"10.{n // 65536}.{n // 256 % 256}.{n % 256}/32" for n in range(count)]
    found = made("IPAddressPool", addresses=entries)
    return found | {"metadata": found["metadata"] | metadata}


def router(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return made("FRRConfiguration", bgp={"routers": [{"asn": 64500} | fields]})


def told(*prefixes: str) -> dict[str, Any]:
    return {"address": "192.0.2.1", "toAdvertise": {"allowed": {"prefixes": list(prefixes)}}}


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


def selecting(kind: str, field: str, lists: int, expressions: int) -> dict[str, Any]:
    one = {"key": "a", "operator": "Exists"}
    return made(kind, **{field: [{"matchExpressions": [one] * expressions}] * lists})


COUNTS: list[tuple[str, str, int, Callable[[int], dict[str, Any]]]] = [
    ("IPAddressPool", "spec.addresses", 1000, pool),
    (
        "IPAddressPool",
        "spec.serviceAllocation.namespaces",
        1000,
        lambda n: made("IPAddressPool", serviceAllocation={"namespaces": ["a"] * n}),
    ),
    (
        "IPAddressPool",
        "spec.serviceAllocation.serviceSelectors",
        100,
        lambda n: made("IPAddressPool", serviceAllocation={"serviceSelectors": [{}] * n}),
    ),
    (
        "IPAddressPool",
        "metadata.labels",
        100,
        lambda n: pool(1, labels=dict.fromkeys(map(str, range(n)), "")),
    ),
    ("IPAddressPool", "metadata.finalizers", 100, lambda n: pool(1, finalizers=["a/b"] * n)),
    ("IPAddressPool", "metadata.ownerReferences", 100, lambda n: pool(1, ownerReferences=[{}] * n)),
    (
        "BGPAdvertisement",
        "spec.communities",
        200,
        lambda n: made("BGPAdvertisement", communities=["1:1"] * n),
    ),
    ("BGPAdvertisement", "spec.peers", 1000, lambda n: made("BGPAdvertisement", peers=["a"] * n)),
    (
        "L2Advertisement",
        "spec.ipAddressPools",
        1000,
        lambda n: made("L2Advertisement", ipAddressPools=["a"] * n),
    ),
    (
        "L2Advertisement",
        "spec.interfaces",
        100,
        lambda n: made("L2Advertisement", interfaces=["a"] * n),
    ),
    (
        "L2Advertisement",
        "spec.nodeSelectors",
        100,
        lambda n: made("L2Advertisement", nodeSelectors=[{}] * n),
    ),
    ("BGPPeer", "spec.nodeSelectors", 100, lambda n: made("BGPPeer", nodeSelectors=[{}] * n)),
    ("Community", "spec.communities", 1000, lambda n: made("Community", communities=[{}] * n)),
    (
        "FRRConfiguration",
        "spec.bgp.routers",
        100,
        lambda n: made("FRRConfiguration", bgp={"routers": [{}] * n}),
    ),
    (
        "FRRConfiguration",
        "spec.bgp.routers[0].neighbors",
        500,
        lambda n: router(neighbors=[{}] * n),
    ),
    (
        "FRRConfiguration",
        "spec.bgp.routers[0].neighbors[0].toAdvertise.allowed.prefixes",
        5000,
        lambda n: router(neighbors=[told(*["10.0.0.0/8"] * n)]),
    ),
    (
        "MetalLB",
        "spec.speakerTolerations",
        100,
        lambda n: made("MetalLB", speakerTolerations=[{}] * n),
    ),
]


@pytest.mark.parametrize(("kind", "path", "most", "of"), COUNTS)
def test_lists_and_maps_have_bounds(
    kind: str, path: str, most: int, of: Callable[[int], dict[str, Any]]
) -> None:
    assert exceeded(kind, of(most)) == ()
    [(found, message)] = exceeded(kind, of(most + 1))
    assert found == path
    assert message.startswith(f"{most + 1:,} entries are more than the {most:,} that are judged; ")


TEXTS: list[tuple[str, str, int, Callable[[str], dict[str, Any]]]] = [
    (
        "IPAddressPool",
        "spec.addresses[0]",
        TEXT,
        lambda text: made("IPAddressPool", addresses=[text]),
    ),
    ("IPAddressPool", "metadata.labels.a", TEXT, lambda text: pool(1, labels={"a": text})),
    ("BGPPeer", "spec.password", TEXT, lambda text: made("BGPPeer", password=text)),
    ("BGPPeer", "spec.holdTime", 64, lambda text: made("BGPPeer", holdTime=text)),
    (
        "FRRConfiguration",
        "spec.bgp.routers[0].neighbors[0].keepaliveTime",
        64,
        lambda text: router(neighbors=[{"keepaliveTime": text}]),
    ),
    (
        "FRRConfiguration",
        "spec.raw.rawConfig",
        65536,
        lambda text: made("FRRConfiguration", raw={"rawConfig": text}),
    ),
    (
        "MetalLB",
        "spec.loadBalancerClass",
        TEXT,
        lambda text: made("MetalLB", loadBalancerClass=text),
    ),
]


@pytest.mark.parametrize(("kind", "path", "most", "of"), TEXTS)
def test_texts_have_bounds_and_are_not_shown(
    kind: str, path: str, most: int, of: Callable[[str], dict[str, Any]]
) -> None:
    assert exceeded(kind, of("q" * most)) == ()
    [(found, message)] = exceeded(kind, of("q" * (most + 1)))
    assert found == path
    assert message.startswith(f"a text of {most + 1:,} characters is longer than the {most:,} that")
    assert "qqqq" not in message


@pytest.mark.parametrize(
    ("thing", "path", "piece"),
    [
        (
            router(prefixes=["10.0.0.0/8"] * 5000, neighbors=[told(*["10.0.0.0/8"] * 5000)]),
            "",
            "more than the 10,000 values",
        ),
        (
            made("MetalLB", speakerConfig={"affinity": nested(DEPTH)}),
            "spec.speakerConfig.affinity" + ".a" * (DEPTH - 2),
            f"below more than {DEPTH} others",
        ),
        (made("MetalLB", nodeSelector={"k" * 2000: ""}), "spec.nodeSelector", "a key of 2,000"),
        (
            selecting("L2Advertisement", "nodeSelectors", 2, 33),
            "spec.nodeSelectors[0].matchExpressions",
            "more than the 64 matchExpressions",
        ),
    ],
)
def test_the_whole_has_bounds(thing: dict[str, Any], path: str, piece: str) -> None:
    [(found, message)] = exceeded(thing["kind"], thing)
    assert found.startswith(path)
    assert piece in message


@pytest.mark.parametrize(
    "thing",
    [
        pool(1, managedFields=[{"a": "b"}] * 9000),
        pool(1, annotations={"kubectl.kubernetes.io/last-applied-configuration": "x" * 200_000}),
        made("MetalLB", speakerConfig={"annotations": {"a": "x" * 200_000}}),
        made("MetalLB") | {"status": {"conditions": [{"message": "x" * 32_000}]}},
        selecting("L2Advertisement", "nodeSelectors", 2, 32),
        {"metadata": 5, "spec": [None, 1.5, True]},
        {},
    ],
)
def test_what_nobody_judges_may_be_large(thing: dict[str, Any]) -> None:
    assert exceeded(thing.get("kind", "IPAddressPool"), thing) == ()


def test_what_is_decoded_has_the_same_bounds() -> None:
    for kind, path, most, of in COUNTS:
        for count in (most, most + 1):
            manifest = of(count)
            model = read(manifest["apiVersion"], kind, manifest)
            assert exceeded(kind, model) == exceeded(kind, manifest), path


def test_a_kind_without_rules_has_no_bounds() -> None:
    assert exceeded("Service", {"spec": {"ports": [1] * 100_000}}) == ()
    assert BOUNDS.keys() == RULES.keys()


def test_bounds_are_described() -> None:
    assert described("L2Advertisement") == (
        "A list or map has at most 100 entries (`ipAddressPools` 1,000), a text at most 1,024"
        " characters, and the object in all at most 64 `matchExpressions` and 5,000 values"
    )


ENOUGH = pool(1001)
FEWER = pool(2)
MANY = router(prefixes=["10.0.0.0/8"] * 9000)
SPEAKER = f"system:serviceaccount:{NAMESPACE}:speaker"
REFUSED: list[tuple[ReviewRequest, str]] = [
    (review(ENOUGH), "pool-bounds"),
    (review(ENOUGH, FEWER), "pool-bounds"),
    (review(pool(1001), pool(1002)), "pool-bounds"),
    (review(pool(1001, labels={"a": "b"}), ENOUGH), "pool-bounds"),
    (review(MANY), "frr-bounds"),
    (replace(review(MANY), user="system:serviceaccount:elsewhere:speaker"), "frr-bounds"),
    (replace(review(ENOUGH), user=SPEAKER), "pool-bounds"),
    (review(stored("IPAddressPool", "x", "shop", addresses=["a"] * 1001)), "pool-bounds"),
]


@pytest.mark.parametrize(("asked", "rule"), REFUSED)
def test_too_much_is_refused_for_that_alone(asked: ReviewRequest, rule: str) -> None:
    verdict = judge(asked, Snapshot(), SETTINGS)
    assert (verdict.allowed, verdict.code) == (False, HTTPStatus.FORBIDDEN)
    assert verdict.rules == (rule,)
    assert verdict.message.endswith(f"[{rule}]")


@pytest.mark.parametrize(
    "asked",
    [
        review(old=ENOUGH),
        review(pool(1001, annotations={"a": "b"}), ENOUGH),
        review(pool(1001), pool(1001, finalizers=["a/b"])),
        review(
            pool(1001, deletionTimestamp="2024-01-01T00:00:00Z"),
            pool(1001, deletionTimestamp="2024-01-01T00:00:00Z", labels={"a": "b"}),
        ),
        replace(review(MANY), user=SPEAKER),
    ],
)
def test_what_is_stored_can_be_got_rid_of(asked: ReviewRequest) -> None:
    assert judge(asked, Snapshot(), SETTINGS) == ALLOWED


def test_what_is_stored_can_be_made_smaller_and_is_judged_then() -> None:
    assert judge(review(FEWER, ENOUGH), Snapshot(), SETTINGS).allowed
    verdict = judge(review(made("IPAddressPool", addresses=["bad"]), ENOUGH), Snapshot(), SETTINGS)
    assert verdict.rules[0] == "pool-address-syntax"


def test_nothing_that_is_too_much_is_decoded() -> None:
    broken = made("IPAddressPool", addresses=[5] * 1001)
    assert judge(review(broken), Snapshot(), SETTINGS).rules == ("pool-bounds",)


def test_other_rules_are_not_asked_about_too_much() -> None:
    [finding] = judged(read("metallb.io/v1beta1", "IPAddressPool", ENOUGH))
    assert (finding.rule, finding.path) == ("pool-bounds", "spec.addresses")
    assert "move some to another IPAddressPool" in finding.message
