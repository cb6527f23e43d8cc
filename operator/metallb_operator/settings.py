"""What the operator process was told at its start: one frozen value, built once. Pure.

Everything below the entry point gets what it needs of this as arguments; nothing else reads
the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from metallb_crds.backend import DEFAULT_BACKEND, Backend
from metallb_kube.leases import LeaseTimes
from metallb_kube.patience import PATIENCE, Patience
from metallb_webhooks.registries import VARIABLE, RegistriesError, registries_of

FINALIZER: Final = "metallb.io/operator"
OBJECT_NAME: Final = "metallb"
LEASE_NAME: Final = "metallb-operator"

_IMAGE_VARIABLES: Final[Mapping[str, str]] = {
    "RELATED_IMAGE_CONTROLLER": "controller",
    "RELATED_IMAGE_SPEAKER": "speaker",
    "RELATED_IMAGE_FRR": "frr",
    "RELATED_IMAGE_FRR_K8S": "frr-k8s",
    "RELATED_IMAGE_FRR_K8S_FRR": "frr-k8s-frr",
}


class SettingsError(ValueError):
    """A setting cannot be used; the message names it and what would do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How this process runs.

    Attributes:
        namespace: the operator's own, in which alone a MetalLB object is served.
        kubeconfig: None inside a pod.
        helm: path or name of the helm executable.
        identity: who we are in the Lease; unique to this process.
        default_backend: for MetalLB objects that name none.
        images: image references by role (`Release.images`) that replace the default release's
            own, for mirrored registries (OLM relatedImages).
        allowed_registries: below which every image has to be; anywhere if empty.
        health_host: address the health and metrics port listens on; None for all of them, IPv4
            and IPv6: the kubelet probes the pod's address, of whatever family.
        health_port: TCP port of `/healthz`, `/readyz` and `/metrics`; 0 picks a free one.
        metrics_authorization: whether /metrics asks for the token of somebody who may read it.
        resync_seconds: a MetalLB object at rest is looked at this often.
        poll_seconds: one that is not at rest at least this often.
        grace_seconds: a pod may be unschedulable or pulling for so long before that counts
            as trouble; start-up is full of such moments.
        progress_deadline_seconds: a rollout may take so long, unless the object says otherwise.
        uninstall_seconds: a removal may take so long, unless the object says otherwise.
        operator_condition: name of the object in which OLM wants to be told whether the operator
            may be upgraded; "" without OLM.
        leader_election: False for a single process that need not wait for a Lease.
        lease: the Lease's timing.
        patience: how long the API server is waited for.
    """

    namespace: str
    kubeconfig: Path | None = None
    helm: str = "helm"
    identity: str = "metallb-operator"
    default_backend: Backend = DEFAULT_BACKEND
    images: Mapping[str, str] = field(default_factory=dict)
    allowed_registries: tuple[str, ...] = ()
    health_host: str | None = None
    health_port: int = 8081
    metrics_authorization: bool = False
    resync_seconds: float = 600.0
    poll_seconds: float = 10.0
    grace_seconds: float = 10.0
    progress_deadline_seconds: float = 600.0
    uninstall_seconds: float = 120.0
    operator_condition: str = ""
    leader_election: bool = True
    lease: LeaseTimes = field(default_factory=LeaseTimes)
    patience: Patience = PATIENCE

    def __post_init__(self) -> None:
        if not self.namespace:
            raise SettingsError("the namespace is empty; pass --namespace")
        for name in ("resync_seconds", "poll_seconds", "progress_deadline_seconds"):
            if getattr(self, name) <= 0:
                raise SettingsError(f"{name} must be more than 0 seconds")
        unknown = set(self.images) - set(_IMAGE_VARIABLES.values())
        if unknown:
            raise SettingsError(f"there is no image for {', '.join(sorted(unknown))}")

    @classmethod
    def build(cls, environment: Mapping[str, str], **options: object) -> Self:
        """Make settings of the command line and the environment.

        Args:
            environment: where `HELM`, the `RELATED_IMAGE_*` variables, the allowed registries and
                what OLM sets are looked up.
            options: attributes by name as the command line gave them; None means "not given".

        Raises:
            SettingsError: a value cannot be used.
        """
        given = {name: value for name, value in options.items() if value is not None}
        given.setdefault("helm", environment.get("HELM") or "helm")
        given.setdefault("images", images_from(environment))
        given["allowed_registries"] = _registries(
            str(given.get("allowed_registries") or environment.get(VARIABLE) or "")
        )
        given.setdefault("operator_condition", environment.get("OPERATOR_CONDITION_NAME") or "")
        return cls(**given)  # type: ignore[arg-type] # __post_init__ and typer see to the types


def _registries(text: str) -> tuple[str, ...]:
    try:
        return registries_of(text)
    except RegistriesError as error:
        raise SettingsError(str(error)) from None


def images_from(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the images that the environment replaces, by role."""
    return {
        role: environment[variable]
        for variable, role in _IMAGE_VARIABLES.items()
        if environment.get(variable)
    }
