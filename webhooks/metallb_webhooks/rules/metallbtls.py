"""Rules on the TLS settings of MetalLB, which its processes check when they start and then exit.

Source: MetalLB 0.16.1, internal/tlsconfig; Go 1.25, crypto/tls.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from metallb_crds.operator_v1beta1 import MetalLB
from metallb_webhooks.addresses import GO_SPACE
from metallb_webhooks.rules.base import Problem, Request, Rule

CIPHER_SUITES: Final = frozenset(
    {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_RSA_WITH_RC4_128_SHA",
        "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_256_CBC_SHA",
        "TLS_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
        "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    }
)
"""Names that Kubernetes' command line flags know, insecure ones included."""

CURVES: Final[Mapping[int, str]] = {
    23: "P-256",
    24: "P-384",
    25: "P-521",
    29: "X25519",
    4588: "X25519MLKEM768",
}
"""Key exchanges that Go 1.25 knows, by their IANA number."""

_NUMBER_DIGITS: Final = 5


def _cipher_suites(request: Request[MetalLB]) -> Iterator[Problem]:
    tls = request.subject.spec.tls
    for place, name in enumerate(tls.cipher_suites if tls else ()):
        if name.strip(GO_SPACE) not in CIPHER_SUITES:
            message = (
                f"{name!r} is no cipher suite that Go knows; use a name such as"
                " TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
            )
            yield f"spec.tls.cipherSuites[{place}]", message


def _cipher_suites_version(request: Request[MetalLB]) -> Iterator[Problem]:
    tls = request.subject.spec.tls
    if tls and tls.cipher_suites and tls.min_version != "VersionTLS12":
        message = (
            "cipher suites can be chosen for TLS 1.2 only, and MetalLB does not start with any"
            " unless minVersion is VersionTLS12; set it, or remove the cipher suites"
        )
        yield "spec.tls.cipherSuites", message


def _curves(request: Request[MetalLB]) -> Iterator[Problem]:
    tls = request.subject.spec.tls
    seen: set[int] = set()
    for place, text in enumerate(tls.curve_preferences if tls else ()):
        path, number = f"spec.tls.curvePreferences[{place}]", _number(text)
        if number not in CURVES:
            known = ", ".join(f"{key} ({name})" for key, name in CURVES.items())
            yield path, f"{text!r} is no key exchange that Go knows; use some of {known}"
        elif number in seen:
            yield path, f"{text!r} is listed twice; remove one of them"
        else:
            seen.add(number)


def _number(text: str) -> int:
    plain = text.strip(GO_SPACE)
    known = plain.isascii() and plain.isdigit() and len(plain) <= _NUMBER_DIGITS
    return int(plain) if known else 0


METALLB_TLS_RULES: Final[tuple[Rule, ...]] = (
    Rule("metallb-cipher-suites", "Every cipher suite is one that Go knows", _cipher_suites),
    Rule(
        "metallb-cipher-suites-version",
        "Cipher suites are chosen only where minVersion is VersionTLS12",
        _cipher_suites_version,
    ),
    Rule("metallb-curves", "Every key exchange is one that Go knows, and listed once", _curves),
)
