"""Whether admission works: what is asked to find out, and what an answer means. Pure.

The probe is a pool that no rule could let through. Its answer needs nobody but the process that is
asked, and nothing is stored, whatever it is.
"""

import ssl
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson

from metallb_webhooks.paths import path_of
from metallb_webhooks.review import API_VERSION

RULE: Final = "pool-address-syntax"
"""What the probe is refused for."""

NAME: Final = "metallb-webhooks-self-test"
"""Of the pool that a process asks itself about."""

_GROUP, _VERSION, _KIND = "metallb.io", "v1beta1", "IPAddressPool"

PATH: Final = path_of(f"{_GROUP}/{_VERSION}", _KIND)
"""Where the review is sent."""


class UntrustedError(Exception):
    """API servers would not trust what is served; the message says why."""


def probe(namespace: str, name: str) -> Mapping[str, Any]:
    """Return the pool.

    Args:
        namespace: MetalLB's.
        name: tells in logs who has asked.
    """
    return {
        "apiVersion": f"{_GROUP}/{_VERSION}",
        "kind": _KIND,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"addresses": ["self-test"]},
    }


def review(namespace: str, uid: str) -> bytes:
    """Return the review that an API server would send about it.

    Args:
        namespace: MetalLB's.
        uid: by which a process knows its own reviews, and which nobody else knows.
    """
    asked = probe(namespace, NAME)
    request = {
        "uid": uid,
        "kind": {"group": _GROUP, "version": _VERSION, "kind": _KIND},
        "operation": "CREATE",
        "namespace": namespace,
        "name": NAME,
        "dryRun": True,
        "object": asked,
    }
    return orjson.dumps({"apiVersion": API_VERSION, "kind": "AdmissionReview", "request": request})


def trust(bundle: bytes | None) -> ssl.SSLContext:
    """Return a context that trusts these authorities and nobody else.

    Args:
        bundle: PEM, as a webhook configuration holds it; None to trust whoever answers.

    Raises:
        UntrustedError: there is no certificate in it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # API servers, being Go, take any certificate of a bundle for an anchor, not only a root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if bundle is None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
    try:
        context.load_verify_locations(cadata=bundle.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError):
        raise UntrustedError("the webhook configuration holds no authority") from None
    return context


def expected(status: int, answer: bytes) -> bool:
    """Tell whether an answer refuses the probe for what it is."""
    try:
        message = orjson.loads(answer)["response"]["status"]["message"]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        return False
    return status == HTTPStatus.OK and f"[{RULE}]" in str(message)


def untrusted(why: object) -> str:
    """Return what is said when API servers would hang up before they ask."""
    return f"API servers would not trust our certificate: {why}; see the caBundle"


def silent(why: object) -> str:
    """Return what is said when nothing comes back."""
    return f"our own port does not answer: {why}"


UNEXPECTED: Final = "our own port does not refuse a pool that no rule lets through; see the log"
