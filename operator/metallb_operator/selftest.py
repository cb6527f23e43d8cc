"""Whether admission works, the whole way round: what an answer to a probe means. Pure.

The probe is a pool that no rule could let through, sent as a dry run: the API server has to find
the Service, trust the certificate and get an answer, as for anybody's write, and nothing is stored.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from metallb_kube.errors import KubeError
from metallb_operator.conditions import Reason
from metallb_operator.situation import Problem
from metallb_webhooks.selftest import RULE

_UNASKED: Final = (
    "no webhook is asked about pools: configuration that cannot work is stored; install the"
    " ValidatingWebhookConfiguration of the bundle or the install manifest"
)
_LINKS: Final[Sequence[tuple[re.Pattern[str], str]]] = (
    (
        re.compile(r"no endpoints available"),
        "no pod behind the Service is ready; see the Deployment metallb-webhooks",
    ),
    (
        re.compile(r'service "?[^ ]*"? not found', re.IGNORECASE),
        "the Service that the webhook configuration names does not exist; install it again",
    ),
    (
        re.compile(r"x509|certificate|tls:", re.IGNORECASE),
        (
            "the API server does not trust the certificate; see the caBundle of the webhook"
            " configuration and the log of metallb-webhooks"
        ),
    ),
    (
        re.compile(r"deadline exceeded|timeout|timed out|no route to host", re.IGNORECASE),
        "the API server does not reach the pods in time; let it through to their port 9443",
    ),
    (
        re.compile(r"connection refused|EOF|reset"),
        "nothing answers behind the Service; see the pods of metallb-webhooks",
    ),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe has shown.

    Attributes:
        problem: admission is in everybody's way, and why; None if it is not.
        warning: nobody is asked; "" if somebody is.
    """

    problem: Problem | None = None
    warning: str = ""


def finding(error: KubeError | None) -> Finding:
    """Return what the answer means.

    Args:
        error: the API server's answer; None if it would have stored the probe.
    """
    if error is None:
        return Finding(warning=_UNASKED)
    if f"[{RULE}]" in error.message:
        return Finding()
    if "failed calling webhook" in error.message:
        link = next((link for pattern, link in _LINKS if pattern.search(error.message)), "")
        text = f"nobody can change MetalLB's configuration: {error.message}"
        return Finding(Problem(Reason.ADMISSION_FAILED, f"{text}; {link}" if link else text))
    # Whatever else is answered (no right to ask, an API server that is away) is no word of ours.
    return Finding()
