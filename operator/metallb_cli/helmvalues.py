"""The values of MetalLB's own Helm chart as the MetalLB object that asks for the same. Pure.

Source: values.yaml of the charts of MetalLB 0.13 to 0.16.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from metallb_cli.manifests import Commented
from metallb_crds.backend import Backend
from metallb_operator.fields import at
from metallb_operator.releases import RELEASES
from metallb_operator.settings import OBJECT_NAME


def _same(value: Any) -> Any:  # noqa: ANN401 - values hold anything
    return value


def _names(value: Any) -> Any:  # noqa: ANN401 - values hold anything
    entries = value if isinstance(value, list) else [value]
    return [entry.get("name") if isinstance(entry, dict) else entry for entry in entries]


# Where a value goes to.
_MOVES: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "loadBalancerClass": ("loadBalancerClass", _same),
    "imagePullSecrets": ("images.pullSecrets", _names),
    "controller.logLevel": ("logLevel", _same),
    "controller.image.pullPolicy": ("images.pullPolicy", _same),
    "controller.nodeSelector": ("controllerNodeSelector", _same),
    "controller.tolerations": ("controllerTolerations", _same),
    "controller.affinity": ("controllerConfig.affinity", _same),
    "controller.priorityClassName": ("controllerConfig.priorityClassName", _same),
    "controller.runtimeClassName": ("controllerConfig.runtimeClassName", _same),
    "controller.podAnnotations": ("controllerConfig.annotations", _same),
    "controller.resources": ("controllerConfig.resources", _same),
    "speaker.nodeSelector": ("nodeSelector", _same),
    "speaker.tolerations": ("speakerTolerations", _same),
    "speaker.affinity": ("speakerConfig.affinity", _same),
    "speaker.priorityClassName": ("speakerConfig.priorityClassName", _same),
    "speaker.runtimeClassName": ("speakerConfig.runtimeClassName", _same),
    "speaker.podAnnotations": ("speakerConfig.annotations", _same),
    "speaker.resources": ("speakerConfig.resources", _same),
    "speaker.ignoreExcludeLB": ("ignoreExcludeLB", _same),
    "speaker.memberlist.enabled": ("memberlist.enabled", _same),
    "speaker.memberlist.mlBindPort": ("memberlist.bindPort", _same),
    "speaker.excludeInterfaces.enabled": ("excludeInterfaces.enabled", _same),
    "speaker.updateStrategy.type": ("updateStrategy.speaker.type", _same),
    "speaker.updateStrategy.rollingUpdate.maxUnavailable": (
        "updateStrategy.speaker.maxUnavailable",
        _same,
    ),
    "frr-k8s.frrk8s.alwaysBlock": (
        "frrk8sConfig.alwaysBlock",
        lambda value: [part for part in str(value).split(",") if part],
    ),
    "frrk8s.namespace": ("frrk8sConfig.namespace", _same),
    "prometheus.serviceMonitor.enabled": ("metrics.serviceMonitor.enabled", _same),
    "prometheus.serviceMonitor.interval": ("metrics.serviceMonitor.interval", _same),
    "prometheus.podMonitor.enabled": ("metrics.podMonitor.enabled", _same),
    "prometheus.podMonitor.additionalLabels": ("metrics.podMonitor.labels", _same),
    "prometheus.podMonitor.interval": ("metrics.podMonitor.interval", _same),
    "prometheus.prometheusRule.enabled": ("metrics.prometheusRule.enabled", _same),
    "prometheus.prometheusRule.additionalLabels": ("metrics.prometheusRule.labels", _same),
    "networkpolicies.enabled": ("networkPolicies.enabled", _same),
    "networkpolicies.defaultDeny": ("networkPolicies.defaultDeny", _same),
}
# What the backend was read from, and what the operator does in any case.
_WITHOUT: Final = frozenset({"rbac.create", "speaker.frr.enabled", "frrk8s.enabled"}) | {
    "frrk8s.external",
    "crds.enabled",
    "controller.serviceAccount.create",
    "speaker.serviceAccount.create",
}


# Switched off by some who let another program announce; with the operator both always run.
_PARTS: Final[Mapping[str, str]] = {
    "controller.enabled": "the controller runs and gives addresses away",
    "speaker.enabled": "speakers run and announce, whatever else does",
}
_OLD_CONFIGURATION: Final = "configInline"


def metallb_for(
    computed: Mapping[str, Any],
    given: Mapping[str, Any],
    app_version: str,
    namespace: str,
    path: str = "",
) -> Commented:
    """Return the MetalLB object for a release of MetalLB's chart.

    Args:
        computed: all values, the chart's defaults among them: what they say of the backend
            differs from release to release.
        given: those that somebody set; of them is told what cannot be carried over.
        app_version: the MetalLB release of the chart, such as v0.15.3.
        namespace: for the object.
        path: of these values within those of a chart that has MetalLB's in it, for the notes.
    """
    spec: dict[str, Any] = {}
    backend = _backend(computed)
    notes = list(_version(spec, app_version))
    if backend:
        spec = {"bgpBackend": backend.value, **spec}
    else:
        notes.append(
            "The release does not say which BGP backend runs: set spec.bgpBackend, or the one that"
            " runs is kept."
        )
    # What configured MetalLB before 0.13 has many values, and needs saying once.
    notes.extend(dict.fromkeys(_carry(spec, given, path)))
    manifest = {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "MetalLB",
        "metadata": {"name": OBJECT_NAME, "namespace": namespace},
        "spec": spec,
    }
    return Commented(manifest, tuple(notes))


def _carry(spec: dict[str, Any], given: Mapping[str, Any], above: str) -> Iterator[str]:
    """Put values into a spec; yield what is to be said of the others."""
    for path, value in _leaves(given):
        if path in _MOVES:
            to, how = _MOVES[path]
            _put(spec, to, how(value))
        elif path in _PARTS:
            if value is False:
                yield f"Not carried over: {above}{path}: false; {_PARTS[path]}."
        elif path.split(".")[0] == _OLD_CONFIGURATION:
            yield (
                f"Not carried over: {above}{_OLD_CONFIGURATION}, of MetalLB before 0.13: save"
                " the values (`helm get values`), and give them to `kubectl metallb migrate -f`."
            )
        elif path not in _WITHOUT:
            yield f"Not carried over: {above}{path}."


def _backend(values: Mapping[str, Any]) -> Backend | None:
    """Return the backend that runs; None for values without the defaults, which decide it."""
    if at(values, "speaker") is None and at(values, "frrk8s") is None:
        return None
    if at(values, "frrk8s", "external") is True:
        return Backend.FRR_K8S_EXTERNAL
    if at(values, "frrk8s", "enabled") is True:
        return Backend.FRR_K8S
    return Backend.FRR if at(values, "speaker", "frr", "enabled") is True else Backend.NATIVE


def _version(spec: dict[str, Any], app_version: str) -> Iterator[str]:
    version = app_version.removeprefix("v")
    known = [release.version for release in RELEASES]
    if version in known:
        spec["version"] = version
        return
    yield (
        f"Runs MetalLB {version or 'of an unknown release'} now, which the operator cannot run;"
        f" without spec.version it runs {known[-1]}."
    )


def _leaves(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value that is set, maps gone into unless the whole map moves."""
    for key, value in values.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and path not in _MOVES:
            yield from _leaves(value, f"{path}.")
        elif value not in (None, "", [], {}):
            yield path, value


def _put(spec: dict[str, Any], path: str, value: Any) -> None:  # noqa: ANN401 - values hold anything
    *above, last = path.split(".")
    for key in above:
        spec = spec.setdefault(key, {})
    spec[last] = value
