"""Authorities as clusters have them: what Go accepts, and what it refuses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST: Final = "127.0.0.1"
_LONG: Final = timedelta(days=30)
_ECDSA_WITH_SHA256: Final = bytes.fromhex("300a06082a8648ce3d040302")
_VERSION_3: Final = bytes.fromhex("a003020102")


@dataclass(frozen=True, slots=True)
class Signed:
    """A server's certificate, and what clients are given to trust, all as PEM.

    Attributes:
        trusted: the authorities.
        chain: the server's certificate, perhaps with what has signed it.
        key: the server's.
    """

    trusted: bytes
    chain: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return _pem(self.certificate)


def accepted() -> Mapping[str, Signed]:
    """Return what an API server may have, by what is special about it."""
    bare, plain = _without_extensions(), _root(key_usage=False)
    root = _root()
    intermediate = _intermediate(root)
    soon = _root(lasts=timedelta(hours=1))
    return {
        "no extensions": _signed(bare, bare.pem),
        "as openssl req -x509 makes it": _signed(plain, plain.pem),
        "expires soon": _signed(soon, soon.pem, lasts=timedelta(hours=1)),
        "an intermediate signs": _signed(intermediate, root.pem, intermediate.pem),
        "only the intermediate is trusted": _signed(intermediate, intermediate.pem),
        "the second of a bundle": _signed(plain, _root().pem + plain.pem),
    }


def refused() -> Mapping[str, tuple[Signed, str]]:
    """Return what no client may accept, by what is wrong with it, and what is said of it."""
    plain = _root(key_usage=False)
    over = timedelta(minutes=-1)
    return {
        "a stranger signs": (_signed(plain, _root().pem), "unable to get local issuer certificate"),
        "expired": (_signed(plain, plain.pem, lasts=over), "certificate has expired"),
        "another host": (
            _signed(plain, plain.pem, host="127.0.0.2"),
            "IP address mismatch, certificate is not valid for '127.0.0.1'",
        ),
    }


def _root(*, key_usage: bool = True, lasts: timedelta = _LONG) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"root {x509.random_serial_number()}")
    return _Authority(_authority(name, name, key, key_usage=key_usage, lasts=lasts, by=key), key)


def _intermediate(root: _Authority) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = root.certificate.subject
    made = _authority(_name("intermediate"), issuer, key, key_usage=True, lasts=_LONG, by=root.key)
    return _Authority(made, key)


def _authority(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    key_usage: bool,
    lasts: timedelta,
    by: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    """Make an authority with the extensions that `openssl req -x509` gives it, or with all."""
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key())
    builder = (
        _builder(subject, issuer, key, lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )
    if key_usage:
        builder = builder.add_extension(_signs(), critical=True)
    return builder.sign(by, hashes.SHA256())


def _without_extensions() -> _Authority:
    """Make an authority of version 1, which knows no extensions (RFC 5280, 4.1.2.1)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("bare")
    third = _builder(name, name, key, _LONG).sign(key, hashes.SHA256())
    # The version is optional and stands first; without it, it is the first one.
    fields = third.tbs_certificate_bytes.partition(_VERSION_3)[2]
    to_sign = _tagged(0x30, fields)
    signature = key.sign(to_sign, ec.ECDSA(hashes.SHA256()))
    whole = _tagged(0x30, to_sign + _ECDSA_WITH_SHA256 + _tagged(0x03, b"\0" + signature))
    return _Authority(x509.load_der_x509_certificate(whole), key)


def _tagged(tag: int, content: bytes) -> bytes:
    """Return a value in DER (X.690, 8.1)."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _signed(
    authority: _Authority,
    trusted: bytes,
    *between: bytes,
    lasts: timedelta = _LONG,
    host: str = HOST,
) -> Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
    certificate = (
        _builder(_name("kube-apiserver"), authority.certificate.subject, key, lasts)
        .add_extension(names, critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return Signed(trusted, b"".join((_pem(certificate), *between)), _pem_key(key))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, lasts: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + lasts)
    )


def _signs() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
