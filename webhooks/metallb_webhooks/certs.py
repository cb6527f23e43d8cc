"""Serving certificates as values: who signs, how long, when to renew, in which order. Pure.

A certificate authority of our own signs one serving certificate that all replicas share. The API
server trusts a *bundle*: a new authority is first added to it, and signs only after it has been
published there, and the old one leaves the bundle only after nothing signed by it is served any
more. At no step does the API server meet a certificate that it cannot verify.

Sources: RFC 5280; Kubernetes documentation, `clientConfig.caBundle`; Go's crypto/x509 ignores the
common name, so every name is a subject alternative name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BACKDATED: Final = timedelta(hours=1)
"""Certificates are valid from a little earlier, for API servers whose clock is behind."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things are valid and how early they are replaced.

    Attributes:
        settle: how long after publishing a bundle, or replacing a certificate, everybody
            (API servers, the other replica) is taken to have noticed.
    """

    authority: timedelta = timedelta(days=730)
    authority_before: timedelta = timedelta(days=120)
    leaf: timedelta = timedelta(days=90)
    leaf_before: timedelta = timedelta(days=30)
    settle: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority able to sign."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Material:
    """What the replicas share, as PEM.

    Attributes:
        certificate: the serving certificate.
        key: its private key.
        bundle: the authorities to trust, the newest first.
        authority_key: the private key of the newest authority.
    """

    certificate: bytes
    key: bytes
    bundle: bytes
    authority_key: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """What has to change now, and why; `material` is what to store."""

    reason: str
    material: Material


def first_name(certificate: bytes) -> str:
    """Return the first DNS name of a certificate (PEM, the first of a chain); "" if it has none.

    Raises:
        ValueError: it cannot be read.
    """
    names = _names_of(x509.load_pem_x509_certificate(certificate))
    return names[0] if names else ""


def service_names(service: str, namespace: str) -> tuple[str, ...]:
    """Return the names under which a Service is called; the API server uses the `.svc` one."""
    return (
        f"{service}.{namespace}.svc",
        f"{service}.{namespace}.svc.cluster.local",
        f"{service}.{namespace}",
        service,
    )


def create_authority(now: datetime, lifetimes: Lifetimes) -> Authority:
    """Make a new authority, valid from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    # The date tells authorities apart: a verifier looks an issuer up by its name.
    name = _name(f"metallb-webhooks {now:%Y-%m-%dT%H:%M:%S}")
    certificate = (
        _builder(name, name, key, now, lifetimes.authority)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)  # noqa: FBT003 - x509's positional `critical`
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def create_leaf(
    authority: Authority, names: Sequence[str], now: datetime, lifetimes: Lifetimes
) -> tuple[bytes, bytes]:
    """Sign a serving certificate for these names; returns certificate and key as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    signer = authority.key.public_key()
    certificate = (
        _builder(_name("metallb-webhooks"), issuer.subject, key, now, lifetimes.leaf)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, names)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _pem(certificate), _pem_key(key)


def create_material(names: Sequence[str], now: datetime, lifetimes: Lifetimes) -> Material:
    """Make everything anew."""
    authority = create_authority(now, lifetimes)
    certificate, key = create_leaf(authority, names, now, lifetimes)
    return Material(certificate, key, _pem(authority.certificate), _pem_key(authority.key))


def next_step(
    material: Material | None,
    names: Sequence[str],
    now: datetime,
    *,
    published: bool,
    lifetimes: Lifetimes,
) -> Step | None:
    """Decide what has to change now; None when everything is in order.

    Args:
        material: what is stored; None where nothing is.
        names: what the certificate has to be valid for.
        now: the time, with a time zone.
        published: whether every webhook configuration carries the whole stored bundle.
        lifetimes: how long and how early.
    """
    broken = "there is no certificate yet" if material is None else must_renew(material, names, now)
    if material is None or broken:
        return Step(str(broken), create_material(names, now, lifetimes))
    parsed = _Parsed.of(material)
    newest, rest = parsed.authorities[0], parsed.authorities[1:]
    if newest.not_valid_after_utc - now < lifetimes.authority_before:
        return Step(
            "the authority ends soon: publishing its successor",
            _with_new_authority(material, now, lifetimes),
        )
    settled = now - _created(newest) >= lifetimes.settle
    if not _signed_by(parsed.leaf, newest):
        if published and settled:
            return Step(
                "the new authority is published: it signs from now on",
                _with_new_leaf(material, parsed, names, now, lifetimes),
            )
    elif parsed.leaf.not_valid_after_utc - now < lifetimes.leaf_before:
        return Step(
            "the certificate ends soon", _with_new_leaf(material, parsed, names, now, lifetimes)
        )
    elif rest and now - _created(parsed.leaf) >= lifetimes.settle:
        return Step(
            "nothing signed by the old authority is in use",
            replace(material, bundle=_pem(newest)),
        )
    return None


def must_renew(  # noqa: PLR0911 - a reason each
    material: Material, names: Sequence[str], now: datetime
) -> str | None:
    """Say why this material cannot be served (any longer), None when it can."""
    try:
        parsed = _Parsed.of(material)
    except (ValueError, TypeError) as error:
        return f"what is stored cannot be read: {error}"
    if not parsed.key_fits:
        return "key and certificate do not belong together"
    if not any(_signed_by(parsed.leaf, authority) for authority in parsed.authorities):
        return "the certificate is signed by none of the authorities"
    if parsed.leaf.not_valid_after_utc <= now:
        return f"the certificate ended at {parsed.leaf.not_valid_after_utc:%Y-%m-%d %H:%M}"
    if parsed.authorities[0].not_valid_after_utc <= now:
        return "the authority has ended"
    missing = sorted(set(names).difference(_names_of(parsed.leaf)))
    if missing:
        return f"the certificate is not valid for {', '.join(missing)}"
    return None


def not_after(certificate: bytes) -> datetime:
    """Return when a certificate (PEM, the first of a chain) ends.

    Raises:
        ValueError: it cannot be read.
    """
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def same_bundle(one: bytes, other: bytes) -> bool:
    """Whether two bundles hold the same certificates, in whatever order and spelling."""
    try:
        return _fingerprints(one) == _fingerprints(other)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Parsed:
    leaf: x509.Certificate
    key_fits: bool
    authorities: tuple[x509.Certificate, ...]
    authority_key: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, material: Material) -> "_Parsed":
        leaf = x509.load_pem_x509_certificate(material.certificate)
        authorities = tuple(x509.load_pem_x509_certificates(material.bundle))
        authority_key = _load_key(material.authority_key)
        if authorities[0].public_key() != authority_key.public_key():
            raise ValueError("the authority's key is that of another one")
        fits = leaf.public_key() == _load_key(material.key).public_key()
        return cls(leaf, fits, authorities, authority_key)


def _with_new_authority(material: Material, now: datetime, lifetimes: Lifetimes) -> Material:
    """Put a new authority in front of the bundle; what is served stays as it is."""
    authority = create_authority(now, lifetimes)
    current = [
        certificate
        for certificate in x509.load_pem_x509_certificates(material.bundle)
        if certificate.not_valid_after_utc > now
    ]
    bundle = b"".join(map(_pem, [authority.certificate, *current]))
    return replace(material, bundle=bundle, authority_key=_pem_key(authority.key))


def _with_new_leaf(
    material: Material,
    parsed: _Parsed,
    names: Sequence[str],
    now: datetime,
    lifetimes: Lifetimes,
) -> Material:
    authority = Authority(parsed.authorities[0], parsed.authority_key)
    certificate, key = create_leaf(authority, names, now, lifetimes)
    return replace(material, certificate=certificate, key=key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _created(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_before_utc + BACKDATED


def _signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(names.value.get_values_for_type(x509.DNSName))


def _fingerprints(bundle: bytes) -> set[bytes]:
    certificates = x509.load_pem_x509_certificates(bundle)
    return {certificate.fingerprint(hashes.SHA256()) for certificate in certificates}


def _load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the key is of another algorithm than ours")  # noqa: TRY004 - bad data, not a bad argument
    return key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
