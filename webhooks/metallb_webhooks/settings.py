"""What a webhook process was told at its start: one frozen value, built once. Pure.

Everything below the entry point gets what it needs of this as arguments; nothing else reads
the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, Self

from metallb_crds.backend import Backend
from metallb_webhooks.registries import VARIABLE, RegistriesError, registries_of

APPLICATION: Final = "metallb-webhooks"
"""The label app.kubernetes.io/name of our pods."""

SERVICE: Final = "metallb-webhooks"
"""The Service under whose name API servers call."""

SECRET: Final = "metallb-webhooks-cert"  # noqa: S105 - the name of a Secret, not its content
"""Where the replicas keep the certificate that they make."""

LEASE: Final = "metallb-webhooks"
"""Whose holder decides about reviews."""

CONFIGURATION_LABEL: Final = "app.kubernetes.io/name=metallb-webhooks"
"""By which our webhook configurations are found; OLM and packagers choose their names."""

FIELD_MANAGER: Final = "metallb-webhooks"

_ENVIRONMENT: Final[Mapping[str, str]] = {
    "namespace": "POD_NAMESPACE",
    "address": "POD_IP",
    "backend": "METALLB_BGP_TYPE",
    "allowed_registries": VARIABLE,
}

_LAST_PORT: Final = 65535

_POSITIVE: Final = (
    "pending_seconds",
    "deadline_seconds",
    "fresh_seconds",
    "header_seconds",
    "body_seconds",
    "drain_seconds",
    "certificate_seconds",
    "stale_seconds",
    "behind_seconds",
)


class SettingsError(ValueError):
    """A setting cannot be used; the message names it and what would do."""


class CertificateError(SettingsError):
    """The certificate that somebody else keeps for us cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this process runs.

    Attributes:
        namespace: MetalLB's, in which our Service and Secret are, too.
        kubeconfig: None inside a pod.
        host: address to listen on; None for all of them, IPv4 and IPv6.
        port: TCP port to listen on; 0 picks a free one.
        tls_dir: folder with tls.crt and tls.key that somebody else keeps; None to make our own.
        client_ca_file: PEM of the authorities that sign the client certificates of API servers;
            None to take reviews from everybody.
        metrics_authorization: whether /metrics asks for the token of somebody who may read it.
        backend: the BGP backend to assume whatever the MetalLB object says; None to believe it.
        allowed_registries: below which images of MetalLB objects have to be; anywhere if empty.
        address: under which other replicas reach this one; "" for `host`. Without either, the
            others cannot pass reviews on, and take longer about them.
        fresh_seconds: how long a read that makes sure of what is stored may take before the
            watches are believed, which are milliseconds behind.
        pending_seconds: for how long an object that was allowed may be on its way into the store
            although no watch has shown it: somebody else may have refused it. Reviews that
            depend on it wait for so long at most, which is less than API servers wait for us.
        deadline_seconds: after which a review is refused if it is not decided: less than API
            servers wait. What takes so long is waiting; judging is short, as objects have bounds.
        header_seconds: how long a client may take for the head of a request, and how long an
            idle connection is kept: longer than API servers keep theirs (90 s), since who closes
            an idle connection may lose the request that is just arriving on it.
        body_seconds: how long a client may take for the body.
        quiet_seconds: how long requests are still accepted after SIGTERM while nobody is to send
            any more: endpoints take a moment to be withdrawn everywhere.
        drain_seconds: how long open requests may take after that.
        certificate_seconds: how often the certificate is looked at.
        stale_seconds: a cache that has heard nothing for so long makes the process unready.
        behind_seconds: so does a kind of which no watch is open for so long. An API server that
            comes back is followed again within less.
    """

    namespace: str
    kubeconfig: Path | None = None
    host: str | None = None
    port: int = 9443
    tls_dir: Path | None = None
    client_ca_file: Path | None = None
    metrics_authorization: bool = False
    backend: Backend | None = None
    allowed_registries: tuple[str, ...] = ()
    address: str = ""
    fresh_seconds: float = 1.0
    pending_seconds: float = 1.0
    deadline_seconds: float = 4.5
    header_seconds: float = 120.0
    body_seconds: float = 5.0
    quiet_seconds: float = 5.0
    drain_seconds: float = 10.0
    certificate_seconds: float = 10.0
    stale_seconds: float = 300.0
    behind_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not self.namespace:
            raise SettingsError("the namespace is empty; pass --namespace")
        if not 0 <= self.port <= _LAST_PORT:
            raise SettingsError(f"there is no TCP port {self.port}; pass 0 to 65535 as --port")
        for name in _POSITIVE:
            if getattr(self, name) <= 0:
                raise SettingsError(f"{name} must be more than 0 seconds")
        if self.quiet_seconds < 0:
            raise SettingsError("quiet_seconds must not be negative")

    @classmethod
    def build(cls, environment: Mapping[str, str], **options: object) -> Self:
        """Make settings of the command line and the environment.

        Args:
            environment: where `POD_NAMESPACE`, `METALLB_BGP_TYPE` and their like are looked up.
            options: attributes by name as the command line gave them; None means "not given".

        Raises:
            SettingsError: a value cannot be used.
        """
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in options.items() if value is not None}
        if unknown := sorted(given.keys() - known):
            raise SettingsError(f"there is no setting {', '.join(unknown)}")
        for name, variable in _ENVIRONMENT.items():
            if environment.get(variable):
                given.setdefault(name, environment[variable])
        if "backend" in given:
            given["backend"] = _backend(str(given["backend"]))
        if "allowed_registries" in given:
            given["allowed_registries"] = _registries(str(given["allowed_registries"]))
        given.setdefault("namespace", "")
        return cls(**given)  # type: ignore[arg-type] # __post_init__ and typer see to the types


def _registries(text: str) -> tuple[str, ...]:
    try:
        return registries_of(text)
    except RegistriesError as error:
        raise SettingsError(str(error)) from None


def _backend(text: str) -> Backend:
    try:
        return Backend(text)
    except ValueError:
        names = ", ".join(Backend)
        raise SettingsError(f"there is no BGP backend {text!r}; choose one of {names}") from None
