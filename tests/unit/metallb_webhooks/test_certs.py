import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from metallb_webhooks.certs import (
    Lifetimes,
    Material,
    create_authority,
    create_leaf,
    create_material,
    must_renew,
    next_step,
    not_after,
    same_bundle,
    serves_clients,
    service_names,
)
from support.certificates import for_usages
from support.handshakes import handshake

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LIVES = Lifetimes()
NAMES = service_names("metallb-webhooks", "metallb-system")
MATERIAL = create_material(NAMES, NOW, LIVES)


def verifies(certificate: bytes, bundle: bytes, name: str, now: datetime) -> bool:
    """Whether a strict verifier, as the API server's, accepts the certificate."""
    store = Store(x509.load_pem_x509_certificates(bundle))
    verifier = PolicyBuilder().store(store).time(now).build_server_verifier(x509.DNSName(name))
    try:
        verifier.verify(x509.load_pem_x509_certificate(certificate), [])
    except x509.verification.VerificationError:
        return False
    return True


def step(material: Material | None, after: timedelta, *, settled: bool = True) -> str:
    """Return why something has to change then, "" when nothing has to."""
    found = next_step(material, NAMES, NOW + after, settled=settled, lifetimes=LIVES)
    return found.reason if found else ""


def test_a_service_is_called_by_four_names() -> None:
    assert service_names("hooks", "there") == (
        "hooks.there.svc",
        "hooks.there.svc.cluster.local",
        "hooks.there",
        "hooks",
    )


@pytest.mark.parametrize("name", NAMES)
def test_what_is_made_verifies_under_every_name(name: str) -> None:
    assert verifies(MATERIAL.certificate, MATERIAL.bundle, name, NOW)


@pytest.mark.parametrize(
    ("after", "accepted"),
    [
        (timedelta(minutes=-59), True),
        (timedelta(minutes=-61), False),
        (LIVES.leaf - timedelta(minutes=1), True),
        (LIVES.leaf + timedelta(minutes=1), False),
    ],
)
def test_a_certificate_is_valid_from_an_hour_ago_to_its_end(
    after: timedelta, *, accepted: bool
) -> None:
    assert verifies(MATERIAL.certificate, MATERIAL.bundle, NAMES[0], NOW + after) is accepted


def test_a_certificate_is_for_no_other_name() -> None:
    assert not verifies(MATERIAL.certificate, MATERIAL.bundle, "metallb-webhooks.other.svc", NOW)


def test_a_certificate_serves_is_shown_to_other_replicas_and_does_not_sign() -> None:
    leaf = x509.load_pem_x509_certificate(MATERIAL.certificate)
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not leaf.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_not_after_reads_the_first_certificate() -> None:
    assert not_after(MATERIAL.certificate) == NOW + LIVES.leaf
    with pytest.raises(ValueError, match="PEM"):
        not_after(b"nonsense")


def _rsa_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _other_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


OTHER = create_material(NAMES, NOW, LIVES)
BROKEN = {
    "no PEM": (replace(MATERIAL, certificate=b"x"), timedelta(0), "cannot be read"),
    "an empty bundle": (replace(MATERIAL, bundle=b""), timedelta(0), "cannot be read"),
    "a next certificate that is none": (
        replace(MATERIAL, next_certificate=b"x", next_key=b"y"),
        timedelta(0),
        "cannot be read",
    ),
    "a next certificate of nobody": (
        replace(MATERIAL, next_certificate=OTHER.certificate, next_key=OTHER.key),
        timedelta(0),
        "signed by none",
    ),
    "a key of another algorithm": (
        replace(MATERIAL, key=_rsa_key()),
        timedelta(0),
        "another algorithm",
    ),
    "another key": (replace(MATERIAL, key=_other_key()), timedelta(0), "do not belong together"),
    "a foreign signature": (
        replace(MATERIAL, certificate=OTHER.certificate, key=OTHER.key),
        timedelta(0),
        "signed by none",
    ),
    "the end of the certificate": (MATERIAL, LIVES.leaf, "the certificate ended at 2026-05-30"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_served_is_made_anew_at_once(case: str) -> None:
    material, after, reason = BROKEN[case]
    assert reason in str(must_renew(material, NAMES, NOW + after))
    found = next_step(material, NAMES, NOW + after, settled=False, lifetimes=LIVES)
    assert found is not None
    assert reason in found.reason
    assert must_renew(found.material, NAMES, NOW + after) is None


def test_a_name_that_is_missing_is_named() -> None:
    assert must_renew(MATERIAL, [*NAMES, "b.example", "a.example"], NOW) == (
        "the certificate is not valid for a.example, b.example"
    )


def test_a_certificate_without_names_is_valid_for_none() -> None:
    authority = create_authority(NOW, LIVES)
    certificate, key = create_leaf(authority, [], NOW, LIVES)
    bundle = authority.certificate.public_bytes(Encoding.PEM)
    material = Material(certificate, key, bundle)
    assert "not valid for metallb-webhooks," in str(must_renew(material, NAMES, NOW))


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (timedelta(0), ""),
        (LIVES.leaf - LIVES.leaf_before, ""),
        (LIVES.leaf - LIVES.leaf_before + timedelta(seconds=1), "the certificate ends soon"),
        (LIVES.leaf - timedelta(seconds=1), "the certificate ends soon"),
    ],
)
def test_a_certificate_is_renewed_in_time(after: timedelta, reason: str) -> None:
    assert step(MATERIAL, after).partition(":")[0] == reason


def test_nothing_stored_is_a_reason() -> None:
    assert step(None, timedelta(0)) == "there is no certificate yet"


class TestRotation:
    """At every step, whoever trusts the published bundle accepts what is served."""

    SOON = LIVES.leaf - LIVES.leaf_before + timedelta(seconds=1)

    def advance(self, material: Material, after: timedelta, *, settled: bool) -> Material:
        found = next_step(material, NAMES, NOW + after, settled=settled, lifetimes=LIVES)
        return found.material if found else material

    def test_goes_through_publishing_serving_and_forgetting(self) -> None:
        now = NOW + self.SOON
        publishing = self.advance(MATERIAL, self.SOON, settled=False)
        assert publishing.certificate == MATERIAL.certificate
        assert len(x509.load_pem_x509_certificates(publishing.bundle)) == 2
        assert verifies(publishing.certificate, publishing.bundle, NAMES[0], now)
        assert verifies(publishing.next_certificate, publishing.bundle, NAMES[0], now)
        assert self.advance(publishing, self.SOON, settled=False) == publishing

        serving = self.advance(publishing, self.SOON, settled=True)
        assert serving.certificate == publishing.next_certificate
        assert (serving.next_certificate, serving.next_key) == (b"", b"")
        assert serving.bundle == publishing.bundle
        assert must_renew(serving, NAMES, now) is None
        assert self.advance(serving, self.SOON, settled=False) == serving

        done = self.advance(serving, self.SOON, settled=True)
        assert len(x509.load_pem_x509_certificates(done.bundle)) == 1
        assert verifies(done.certificate, done.bundle, NAMES[0], now)
        assert self.advance(done, self.SOON, settled=True) == done

    def test_what_lay_about_until_it_ended_is_made_anew(self) -> None:
        publishing = self.advance(MATERIAL, self.SOON, settled=False)
        assert "ended" in step(publishing, LIVES.leaf, settled=False)


def test_nothing_that_is_kept_could_sign_another_one() -> None:
    soon = NOW + LIVES.leaf - LIVES.leaf_before + timedelta(seconds=1)
    found = next_step(MATERIAL, NAMES, soon, settled=False, lifetimes=LIVES)
    assert found is not None
    keys = (found.material.key, found.material.next_key)
    public = [load_pem_private_key(key, None).public_key() for key in keys]
    for authority in x509.load_pem_x509_certificates(found.material.bundle):
        assert authority.public_key() not in public


@pytest.mark.parametrize(
    ("usages", "may"),
    [
        ([ExtendedKeyUsageOID.SERVER_AUTH], False),
        ([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH], True),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], True),
        ([], True),
    ],
)
def test_which_certificates_clients_may_show(
    usages: list[x509.ObjectIdentifier], *, may: bool
) -> None:
    assert serves_clients(for_usages(usages).certificate) is may


def test_bundles_are_compared_by_content() -> None:
    both = MATERIAL.bundle + OTHER.bundle
    assert same_bundle(both, OTHER.bundle + b"\n" + MATERIAL.bundle)
    assert not same_bundle(both, MATERIAL.bundle)
    assert not same_bundle(both, b"")


def test_what_is_made_here_passes_the_strictest_client() -> None:
    """Python from 3.13 on asks for every extension of RFC 5280 by default."""
    made = create_material(NAMES, datetime.now(UTC), LIVES)
    client = ssl.create_default_context(cadata=made.bundle.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    handshake(made.certificate, made.key, client, NAMES[0])
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(made.certificate, made.key, client, "elsewhere")
