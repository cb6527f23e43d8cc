import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509 import Certificate, load_pem_x509_certificate

from metallb_kube.objects import ref_of
from metallb_operator.certificate import certificate, certificate_ref

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def secret() -> dict[str, Any]:
    return certificate("metallb-system", NOW)


def _read(secret: dict[str, Any], key: str) -> bytes:
    return base64.b64decode(secret["data"][key], validate=True)


def _certificate(secret: dict[str, Any]) -> Certificate:
    return load_pem_x509_certificate(_read(secret, "tls.crt"))


def test_secret_is_the_one_that_is_referred_to(secret: dict[str, Any]) -> None:
    assert ref_of(secret) == certificate_ref("metallb-system")
    assert secret["type"] == "kubernetes.io/tls"


def test_certificate_outlives_the_installation(secret: dict[str, Any]) -> None:
    found = _certificate(secret)
    assert found.not_valid_before_utc <= NOW
    assert found.not_valid_after_utc >= NOW + timedelta(days=3649)


def test_key_is_that_of_the_certificate(secret: dict[str, Any]) -> None:
    key = load_pem_private_key(_read(secret, "tls.key"), password=None)
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key.public_key().public_bytes(*form) == _certificate(secret).public_key().public_bytes(
        *form
    )


def test_authority_is_thrown_away(secret: dict[str, Any]) -> None:
    assert set(secret["data"]) == {"tls.crt", "tls.key"}
