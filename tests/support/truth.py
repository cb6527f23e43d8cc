"""The truth table: what the cluster looks like, and what the status has to say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from metallb_kube.objects import Manifest
from metallb_operator.conditions import Verdict
from metallb_operator.observation import Observation
from metallb_operator.rollout import components
from metallb_operator.situation import Checked, Limits, Situation
from metallb_operator.status import judge
from support.observed import DAY, NOW, ago, daemonset, deployment, node, observation, pod, workload

LIMITS: Final = Limits(grace=10, progress=600)
WORKERS: Final = ("n1", "n2", "n3")
OPEN: Final[dict[str, Any]] = {"tolerations": [{"key": "node-role.kubernetes.io/control-plane"}]}
DESIRED: Final = (
    workload("Deployment", "controller", replicas=1),
    workload("DaemonSet", "frr-k8s", pod=OPEN),
    workload("DaemonSet", "speaker", pod=OPEN),
)
NODES: Final = tuple(node(name) for name in WORKERS)
RUNNING: Final = (deployment("controller"), daemonset("frr-k8s"), daemonset("speaker"))
PODS: Final = (
    pod("controller", "n1"),
    *(pod(name, where) for name in ("frr-k8s", "speaker") for where in WORKERS),
)
FINE: Final = "True AsExpected"
QUIET: Final = "False AsExpected"
NOT_READY: Final = "False ComponentsNotReady"
ROLLING: Final = "True RollingOut"


def stored(since: float = DAY, **conditions: str) -> Mapping[str, Any]:
    """Return a stored status; conditions as Available="True AsExpected", for so many seconds."""
    return {
        "conditions": [
            {
                "type": kind,
                "status": text.split()[0],
                "reason": text.split()[1],
                "lastTransitionTime": ago(since),
            }
            for kind, text in conditions.items()
        ]
    }


SETTLED: Final = stored(Available=FINE, Progressing=QUIET, Degraded=QUIET)
NEW: Final[Mapping[str, Any]] = {}


def installing(since: float = 30) -> Mapping[str, Any]:
    """Return the status of an installation that has been going on for so many seconds."""
    return stored(since, Available="False ComponentsNotReady", Progressing="True RollingOut")


def rolling(since: float = 30) -> Mapping[str, Any]:
    """Return the status of a rollout that has been going on for so many seconds."""
    return stored(since, Available=FINE, Progressing="True RollingOut")


@dataclass(frozen=True, slots=True)
class Row:
    """One situation.

    Attributes:
        name: what it is.
        available: status and reason of the condition, as the others.
        tells: fragments of the message of Degraded if that is True, else of Available.
        hides: fragments of no message at all, since they would be told too early.
        seen: the cluster.
        previous: the status as it was stored before.
        desired: what there should be; None if that cannot be told.
        given: the rest of the Situation.
    """

    name: str
    available: str = FINE
    progressing: str = QUIET
    degraded: str = QUIET
    upgradeable: str = "False Degraded"
    preflight: str = FINE
    configuration: str = FINE
    tells: Sequence[str] = ()
    hides: Sequence[str] = ()
    seen: Observation = field(default_factory=lambda: world())  # noqa: PLW0108 - defined below
    previous: Mapping[str, Any] = field(default_factory=lambda: SETTLED)
    desired: Sequence[Manifest] = DESIRED
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def situation(self) -> Situation:
        """What the status is made of."""
        known: Mapping[str, Any] = {
            "generation": 3,
            "version": "0.16.1",
            "backend": "frr-k8s",
            "components": components(self.desired, self.seen),
            "preflight": Checked(done=True),
            "configuration": Checked(done=True),
        }
        return Situation(**{**known, **self.given})

    def verdicts(self, now: datetime = NOW) -> tuple[Verdict, ...]:
        """Return what the conditions say."""
        return judge(self.situation, self.previous, limits=LIMITS, now=now)


def world(
    *changed: Manifest,
    nodes: Sequence[Manifest] = NODES,
    without: Sequence[str] = (),
    warnings: Sequence[Manifest] = (),
    accounts: Sequence[str] | None = None,
) -> Observation:
    """Return the healthy cluster, but for some objects.

    Args:
        changed: workloads, pods and Secrets that take the place of their namesakes, or are more.
        nodes: all of them.
        without: names of workloads and pods that are not there.
        warnings: Events.
        accounts: names of the ServiceAccounts, where these were read.
    """
    names = {(m["kind"], m["metadata"]["name"]) for m in changed}
    found = [
        *changed,
        *(
            m
            for m in (*RUNNING, *PODS)
            if (m["kind"], m["metadata"]["name"]) not in names
            and m["metadata"]["name"] not in without
        ),
    ]
    pods = [m for m in found if m["kind"] == "Pod"]
    objects = [m for m in found if m["kind"] != "Pod"]
    return observation(*objects, nodes=nodes, pods=pods, warnings=warnings, accounts=accounts)


def nodes_but(*changed: Manifest) -> tuple[Manifest, ...]:
    """Return the nodes, some of them changed."""
    names = {m["metadata"]["name"] for m in changed}
    return (*changed, *(m for m in NODES if m["metadata"]["name"] not in names))
