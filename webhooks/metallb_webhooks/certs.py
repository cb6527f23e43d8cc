"""Serving certificates as values: who signs, how long, when to renew, in which order. Pure.

All replicas share one serving certificate. It is signed by an authority made for it alone, whose
key is forgotten at once: the Secret of the replicas holds none that could sign, since operands may
read every Secret of the namespace. The API server trusts a *bundle* of authorities: that of the
next certificate is first added to it, the certificate is served only after that has been published,
and the old authority leaves the bundle only after nothing signed by it is served any more. At no
step does the API server meet a certificate that it cannot verify.

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

_USAGES: Final = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
"""Replicas show their certificate to each other."""

_FOR_CLIENTS: Final = {
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}

BACKDATED: Final = timedelta(hours=1)
"""Certificates are valid from a little earlier, for API servers whose clock is behind."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things are valid and how early they are replaced.

    Attributes:
        leaf: for a certificate, and the authority that signs it.
        leaf_before: how long before its end a certificate is replaced.
        settle: how long after publishing a bundle, or replacing a certificate, everybody
            (API servers, the other replica) is taken to have noticed.
    """

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
        next_certificate: the one that is served once its authority is known; b"" if there is none.
        next_key: its private key.
    """

    certificate: bytes
    key: bytes
    bundle: bytes
    next_certificate: bytes = b""
    next_key: bytes = b""


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


def serves_clients(certificate: bytes) -> bool:
    """Tell whether a certificate (PEM, the first of a chain) may be shown by a client, too.

    Raises:
        ValueError: it cannot be read.
    """
    extensions = x509.load_pem_x509_certificate(certificate).extensions
    try:
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return not _FOR_CLIENTS.isdisjoint(usage)


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
        _builder(name, name, key, now, lifetimes.leaf)
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
        .add_extension(x509.ExtendedKeyUsage(_USAGES), critical=False)
        .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, names)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _pem(certificate), _pem_key(key)


def create_material(names: Sequence[str], now: datetime, lifetimes: Lifetimes) -> Material:
    """Make everything anew."""
    # The authority ends here: nothing else is ever signed by it.
    authority = create_authority(now, lifetimes)
    certificate, key = create_leaf(authority, names, now, lifetimes)
    return Material(certificate, key, _pem(authority.certificate))


def next_step(
    material: Material | None,
    names: Sequence[str],
    now: datetime,
    *,
    settled: bool,
    lifetimes: Lifetimes,
) -> Step | None:
    """Decide what has to change now; None when everything is in order.

    Args:
        material: what is stored; None where nothing is.
        names: what the certificate has to be valid for.
        now: the time, with a time zone.
        settled: whether exactly this material has been stored, and its bundle carried by every
            webhook configuration, for `lifetimes.settle`.
        lifetimes: how long and how early.
    """
    broken = "there is no certificate yet" if material is None else must_renew(material, names, now)
    if material is None or broken:
        return Step(str(broken), create_material(names, now, lifetimes))
    if material.next_certificate:
        if settled:
            return Step(
                "the next authority is published: its certificate is served from now on",
                Material(material.next_certificate, material.next_key, material.bundle),
            )
        return None
    leaf, *rest = x509.load_pem_x509_certificates(material.certificate + material.bundle)
    if leaf.not_valid_after_utc - now < lifetimes.leaf_before:
        return Step(
            "the certificate ends soon: the authority of the next one is published",
            _with_next(material, names, now, lifetimes),
        )
    signers = [authority for authority in rest if _signed_by(leaf, authority)]
    if len(signers) < len(rest) and settled:
        return Step(
            "nothing signed by the old authority is in use",
            replace(material, bundle=b"".join(map(_pem, signers))),
        )
    return None


def must_renew(material: Material, names: Sequence[str], now: datetime) -> str | None:
    """Say why this material cannot be served (any longer), None when it can."""
    try:
        authorities = x509.load_pem_x509_certificates(material.bundle)
        troubles = [
            _trouble_of(certificate, key, authorities, names, now)
            for certificate, key in _pairs(material)
        ]
    except (ValueError, TypeError) as error:
        return f"what is stored cannot be read: {error}"
    return next(filter(None, troubles), None)


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


def _pairs(material: Material) -> list[tuple[bytes, bytes]]:
    pairs = [(material.certificate, material.key)]
    if material.next_certificate:
        pairs.append((material.next_certificate, material.next_key))
    return pairs


def _trouble_of(
    pem: bytes,
    key: bytes,
    authorities: Sequence[x509.Certificate],
    names: Sequence[str],
    now: datetime,
) -> str:
    """Say why a certificate cannot be served; "" when it can.

    Raises:
        ValueError, TypeError: it or its key cannot be read.
    """
    leaf = x509.load_pem_x509_certificate(pem)
    if leaf.public_key() != _load_key(key).public_key():
        return "key and certificate do not belong together"
    if not any(_signed_by(leaf, authority) for authority in authorities):
        return "the certificate is signed by none of the authorities"
    if leaf.not_valid_after_utc <= now:
        return f"the certificate ended at {leaf.not_valid_after_utc:%Y-%m-%d %H:%M}"
    if missing := sorted(set(names).difference(_names_of(leaf))):
        return f"the certificate is not valid for {', '.join(missing)}"
    return ""


def _with_next(
    material: Material, names: Sequence[str], now: datetime, lifetimes: Lifetimes
) -> Material:
    """Put the next certificate beside what is served, and its authority in front of the bundle."""
    coming = create_material(names, now, lifetimes)
    return replace(
        material,
        bundle=coming.bundle + material.bundle,
        next_certificate=coming.certificate,
        next_key=coming.key,
    )


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
