"""The two Deployments, and what keeps the webhooks available. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from metallb_operator.packaging.admission import PORT
from metallb_operator.packaging.image import IMAGE, NAMESPACE, OPERATOR, WEBHOOKS, labels
from metallb_operator.settings import Settings

Document = dict[str, Any]

HEALTH_PORT: Final = Settings(NAMESPACE).health_port
SERVING_CERTS: Final = "/tmp/k8s-webhook-server/serving-certs"  # noqa: S108 - OLM mounts it there
"""Where OLM puts the webhooks' certificate."""

_FROM_POD: Final = (("POD_NAME", "metadata.name"), ("POD_NAMESPACE", "metadata.namespace"))
_ADDRESS: Final = ("POD_IP", "status.podIP")
"""Replicas of the webhooks pass reviews on to the one that decides."""

_GROUP: Final = 65532
"""The image's: containerd takes its user alone and leaves the group at 0. The user is not set
here, since OpenShift chooses one of its own and refuses others."""
_AWAY_SECONDS: Final = 30
"""So long a pod stays on a node that is lost; Kubernetes lets it stay 300 s unasked."""
_LOST: Final = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


def operator() -> Document:
    """Return the operator's Deployment."""
    container = _container(
        "operator",
        command=["metallb-operator", "run"],
        ports=[{"name": "health", "containerPort": HEALTH_PORT, "protocol": "TCP"}],
        probe={"port": "health", "scheme": "HTTP"},
        # helm runs within it for a moment, which is what the memory is for.
        resources={"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
    )
    # A second one waits for the Lease and is ready meanwhile, so an update hands over at once.
    return _deployment(OPERATOR, container, replicas=1, grace_seconds=30)


def webhooks(*, mounted_certificate: bool = False) -> Document:
    """Return the webhooks' Deployment.

    Args:
        mounted_certificate: whether OLM provides the certificate; they make their own if not.
    """
    container = _container(
        "webhooks",
        command=["metallb-webhooks"],
        arguments=[f"--tls-dir={SERVING_CERTS}"] if mounted_certificate else [],
        from_pod=(*_FROM_POD, _ADDRESS),
        ports=[{"name": "https", "containerPort": PORT, "protocol": "TCP"}],
        probe={"port": "https", "scheme": "HTTPS"},
        # No limit on CPU: throttling would make every write of configuration wait.
        resources={"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "512Mi"}},
    )
    spread = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": _selector(WEBHOOKS),
    }
    # Never two on one node while another one would take a pod. Where there is one node only, the
    # skew is 0 whatever it runs (Kubernetes, "Pod Topology Spread Constraints"): a required
    # anti-affinity would cost such a cluster a replica. Cordoned and lost nodes do not count, for
    # their taints; nor do pods of the template before, which are about to go.
    apart = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": "Honor",
        "matchLabelKeys": ["pod-template-hash"],
        "labelSelector": _selector(WEBHOOKS),
    }
    return _deployment(
        WEBHOOKS,
        container,
        replicas=2,
        # kube-proxy hears of a pod that is ready a moment later: whoever waits for the rollout
        # is answered after it.
        ready_seconds=5,
        # Withdrawn endpoints, then open requests, are waited for.
        grace_seconds=30,
        scheduling={"topologySpreadConstraints": [apart, spread]},
    )


def disruption_budget() -> Document:
    """Return what keeps one replica of the webhooks while nodes are drained."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": WEBHOOKS, "namespace": NAMESPACE, "labels": labels(WEBHOOKS)},
        "spec": {
            "maxUnavailable": 1,
            "selector": _selector(WEBHOOKS),
            # A pod that never becomes ready must not block a drain for ever.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def _deployment(
    name: str,
    container: Document,
    *,
    replicas: int,
    grace_seconds: int,
    ready_seconds: int = 0,
    scheduling: Mapping[str, Any] | None = None,
) -> Document:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels(name)},
        "spec": {
            "replicas": replicas,
            "minReadySeconds": ready_seconds,
            "revisionHistoryLimit": 3,
            "selector": _selector(name),
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "template": {
                "metadata": {
                    "labels": labels(name),
                    "annotations": {"kubectl.kubernetes.io/default-container": container["name"]},
                },
                "spec": {
                    "serviceAccountName": name,
                    "nodeSelector": {"kubernetes.io/os": "linux"},
                    "priorityClassName": "system-cluster-critical",
                    "terminationGracePeriodSeconds": grace_seconds,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "tolerations": [_leaves(key) for key in _LOST],
                    **(scheduling or {}),
                    "containers": [container],
                    "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
                },
            },
        },
    }


def _container(
    name: str,
    *,
    command: Sequence[str],
    ports: Sequence[Document],
    probe: Mapping[str, str],
    resources: Mapping[str, Any],
    arguments: Sequence[str] = (),
    from_pod: Sequence[tuple[str, str]] = _FROM_POD,
) -> Document:
    return {
        "name": name,
        "image": IMAGE,
        "command": list(command),
        **({"args": list(arguments)} if arguments else {}),
        "env": [_from_pod(variable, path) for variable, path in from_pod],
        "ports": list(ports),
        "startupProbe": _probe("/healthz", probe, periodSeconds=2, failureThreshold=60),
        "livenessProbe": _probe("/healthz", probe, periodSeconds=20, failureThreshold=3),
        "readinessProbe": _probe("/readyz", probe, periodSeconds=5, failureThreshold=2),
        "resources": dict(resources),
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            # Not of the pod: containerd starts no sandbox that has a group and no user.
            "runAsGroup": _GROUP,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        # helm's caches, and keys on their way to the TLS library, which reads files only.
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - inside a container
    }


def _from_pod(variable: str, path: str) -> Document:
    return {"name": variable, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def _probe(path: str, where: Mapping[str, str], **timing: int) -> Document:
    return {"httpGet": {"path": path, **where}, "timeoutSeconds": 5, **timing}


def _leaves(taint: str) -> Document:
    return {
        "key": taint,
        "operator": "Exists",
        "effect": "NoExecute",
        "tolerationSeconds": _AWAY_SECONDS,
    }


def _selector(name: str) -> Document:
    return {"matchLabels": {"app.kubernetes.io/name": name}}
