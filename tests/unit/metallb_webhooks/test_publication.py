from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from metallb_webhooks.publication import (
    carries,
    injection,
    material_of,
    our_webhooks,
    secret_of,
)
from support.certificates import material

ONE, OTHER = material(), material()
SPACE = "metallb-system"


def b64(raw: bytes) -> str:
    return b64encode(raw).decode()


def webhook(
    name: str, service: str = "metallb-webhooks", space: str = SPACE, bundle: str = ""
) -> dict[str, Any]:
    client: dict[str, Any] = {"service": {"name": service, "namespace": space, "path": "/x"}}
    if bundle:
        client["caBundle"] = bundle
    return {"name": name, "clientConfig": client}


def configuration(*webhooks: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "c", "uid": "u"}, "webhooks": list(webhooks)}


def test_a_secret_holds_everything_there_is() -> None:
    secret = secret_of(ONE, SPACE, None)
    assert set(secret["data"]) == {"tls.crt", "tls.key", "ca.crt"}
    assert secret["type"] == "kubernetes.io/tls"
    assert material_of(secret) == ONE


def test_the_next_certificate_lies_beside_it_until_it_is_served() -> None:
    coming = replace(ONE, next_certificate=b"next", next_key=b"key")
    secret = secret_of(coming, SPACE, None)
    assert material_of(secret) == coming
    later = secret_of(ONE, SPACE, secret)
    assert set(later["data"]) == {"tls.crt", "tls.key", "ca.crt"}


def test_a_secret_that_is_there_keeps_its_type_and_version() -> None:
    stored = {"type": "Opaque", "metadata": {"resourceVersion": "7"}, "data": {"other": "eA=="}}
    secret = secret_of(ONE, SPACE, stored)
    assert secret["type"] == "Opaque"
    assert secret["metadata"]["resourceVersion"] == "7"
    assert material_of(secret) == ONE


@pytest.mark.parametrize(
    "secret",
    [
        None,
        {},
        {"data": None},
        {"data": {"tls.crt": b64(b"x"), "tls.key": b64(b"x"), "next.crt": b64(b"x")}},
        {"data": {"tls.crt": "%", "tls.key": "%", "ca.crt": "%"}},
    ],
)
def test_what_is_incomplete_is_nothing(secret: dict[str, Any] | None) -> None:
    assert material_of(secret) is None


@pytest.mark.parametrize(
    ("bundles", "expected"),
    [
        ([b64(ONE.bundle)], True),
        ([b64(ONE.bundle), b64(ONE.bundle)], True),
        ([b64(b"\n" + ONE.bundle + b"\n")], True),
        ([b64(ONE.bundle), b64(OTHER.bundle)], False),
        ([b64(ONE.bundle + OTHER.bundle)], False),
        ([""], False),
        (["Cg=="], False),
        (["%%%"], False),
    ],
)
def test_every_webhook_has_to_trust_the_bundle(bundles: list[str], *, expected: bool) -> None:
    found = configuration(*(webhook(f"w{n}", bundle=text) for n, text in enumerate(bundles)))
    assert carries(found, SPACE, ONE.bundle) is expected


@pytest.mark.parametrize(
    "other",
    [
        webhook("other", service="somebody-else"),
        webhook("other", space="elsewhere"),
        {"name": "other", "clientConfig": {"url": "https://example.test"}},
        {"name": "other"},
    ],
)
def test_webhooks_of_others_are_none_of_our_business(other: dict[str, Any]) -> None:
    found = configuration(webhook("ours"), other)
    assert [each["name"] for each in our_webhooks(found, SPACE)] == ["ours"]
    applied = injection(found, SPACE, ONE.bundle)
    assert [each["name"] for each in applied["webhooks"]] == ["ours"]


def test_only_the_bundle_is_applied_and_to_all_of_ours() -> None:
    # What is left out of an apply is given up: a webhook that is right already is named, too.
    found = configuration(webhook("right", bundle=b64(ONE.bundle)), webhook("wrong"))
    applied = injection(found, SPACE, ONE.bundle)
    assert applied["webhooks"] == [
        {"name": name, "clientConfig": {"caBundle": b64(ONE.bundle)}} for name in ("right", "wrong")
    ]
    assert applied["metadata"] == {"name": "c", "uid": "u"}


def test_a_bundle_of_two_is_carried_in_any_order() -> None:
    both = replace(ONE, bundle=ONE.bundle + OTHER.bundle)
    found = configuration(webhook("w", bundle=b64(OTHER.bundle + ONE.bundle)))
    assert carries(found, SPACE, both.bundle)
