"""Which objects the chart is there to render; no other is ever handed on. Pure.

What is rendered runs with the rights of MetalLB. Should a value ever become an object of its own,
it stops here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.errors import ChartError

_RBAC: Final = "rbac.authorization.k8s.io/v1"
_MONITORING: Final = "monitoring.coreos.com/v1"
_ACCOUNTS: Final = ("controller", "frr-k8s-daemon", "speaker")
_READER: Final = "metrics-reader"

_ALWAYS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("v1", "ConfigMap"): ("frr-k8s-frr-startup", "frr-startup", "metallb-excludel2"),
    ("v1", "Secret"): (_READER,),
    ("v1", "Service"): ("controller-metrics", "frr-k8s-metrics", "speaker-metrics"),
    ("apps/v1", "DaemonSet"): ("frr-k8s", "speaker"),
    ("apps/v1", "Deployment"): ("controller", "statuscleaner"),
    ("networking.k8s.io/v1", "NetworkPolicy"): ("controller", "default-deny", "statuscleaner"),
    (_MONITORING, "PodMonitor"): ("controller", "frr-k8s", "speaker"),
    (_MONITORING, "PrometheusRule"): ("metallb",),
    (_MONITORING, "ServiceMonitor"): ("controller", "frr-k8s", "speaker"),
}
"""Names by apiVersion and kind, in MetalLB's namespace."""

_IF_CREATED: Final[Mapping[str, Mapping[tuple[str, str], tuple[str, ...]]]] = {
    "rbac": {(_RBAC, "Role"): _ACCOUNTS, (_RBAC, "RoleBinding"): _ACCOUNTS},
    "serviceAccounts": {("v1", "ServiceAccount"): (*_ACCOUNTS, _READER)},
    "secrets": {("v1", "Secret"): ("frr-k8s-webhook-server-cert", "metallb-memberlist")},
}
"""The same by the value whose `create` asks for them: the operator never does."""


def meant(values: Mapping[str, Any], namespace: str) -> frozenset[ObjectRef]:
    """Return what the chart may render for these values.

    Args:
        values: the chart's.
        namespace: MetalLB's.
    """
    return frozenset(_meant(values, namespace))


def _meant(values: Mapping[str, Any], namespace: str) -> Iterator[ObjectRef]:
    asked = [key for key in _IF_CREATED if values.get(key, {}).get("create", True)]
    for table in (_ALWAYS, *(_IF_CREATED[key] for key in asked)):
        for (api_version, kind), names in table.items():
            yield from (ObjectRef(api_version, kind, namespace, name) for name in names)
    for name in (*_ACCOUNTS, _READER) if "rbac" in asked else ():
        for kind in ("ClusterRole", "ClusterRoleBinding"):
            yield ObjectRef(_RBAC, kind, None, f"{namespace}:{name}")


def refuse_others(
    rendered: Iterable[Manifest], values: Mapping[str, Any], namespace: str
) -> tuple[Manifest, ...]:
    """Return what was rendered if all of it is meant to be.

    Args:
        rendered: by the chart.
        values: that it was rendered for.
        namespace: MetalLB's.

    Raises:
        ChartError: something else is among it, or something twice; it is named.
    """
    found = tuple(rendered)
    try:
        counted = Counter(map(ref_of, found))
    except ValueError as error:
        raise _refused(str(error)) from error
    known = meant(values, namespace)
    for ref, count in sorted(counted.items()):
        if ref not in known:
            raise _refused(f"{ref} ({ref.api_version}) is no object of the chart")
        if count > 1:
            raise _refused(f"{ref} is rendered {count} times")
    return found


def _refused(why: str) -> ChartError:
    return ChartError(
        f"what helm rendered is not applied: {why}; look for a text in spec that holds a line break"
        " or a quotation mark"
    )
