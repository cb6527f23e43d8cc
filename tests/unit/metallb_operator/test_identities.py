"""Pods that have outlived their ServiceAccount: one row a state of accounts, pods and workloads."""

from typing import Any

import pytest

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.conditions import Reason
from metallb_operator.identities import ANNOTATION, missing, next_renewal
from metallb_operator.observation import Observation

EARLY, LATE = "2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"
SETTLED = {
    "Deployment": {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
    "DaemonSet": {
        "desiredNumberScheduled": 2,
        "updatedNumberScheduled": 2,
        "numberAvailable": 2,
    },
}


def workload(kind: str, name: str, noted: str = "", **status: int) -> Manifest:
    labels = {"component": name}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"namespace": "metallb-system", "name": name, "uid": f"of-{name}"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": {ANNOTATION: noted} if noted else {}},
                "spec": {"serviceAccountName": name},
            },
        },
        "status": {"observedGeneration": 1, **SETTLED[kind], **status},
    }


def pod(of: str, created: str, **metadata: Any) -> Manifest:  # noqa: ANN401 - whatever JSON holds
    labels = {"component": of}
    return {"metadata": {"labels": labels, "creationTimestamp": created, **metadata}}


def account(name: str, created: str, uid: str = "new") -> Manifest:
    return {"metadata": {"name": name, "creationTimestamp": created, "uid": uid}}


def seen(
    workloads: list[Manifest], pods: list[Manifest], accounts: list[Manifest] | None
) -> Observation:
    identities = None if accounts is None else {one["metadata"]["name"]: one for one in accounts}
    objects = {ref_of(one): one for one in workloads}
    return Observation(objects, tuple(pods), identities=identities)


CONTROLLER = workload("Deployment", "controller")
SPEAKER = workload("DaemonSet", "speaker")
BOTH = [SPEAKER, CONTROLLER]
OLD = [pod("controller", EARLY), pod("speaker", EARLY)]
YOUNG = [account("controller", LATE), account("speaker", LATE)]


@pytest.mark.parametrize(
    ("state", "renewed"),
    [
        pytest.param(seen(BOTH, OLD, YOUNG), "controller", id="the-controller-first"),
        pytest.param(
            seen(
                [workload("Deployment", "controller", "new"), SPEAKER],
                [pod("controller", LATE), pod("speaker", EARLY)],
                YOUNG,
            ),
            "speaker",
            id="then-the-speakers",
        ),
        pytest.param(
            seen([workload("Deployment", "controller", "new", replicas=2), SPEAKER], OLD, YOUNG),
            None,
            id="not-while-the-controller-is-replaced",
        ),
        pytest.param(
            seen(
                [
                    workload("Deployment", "controller", "new"),
                    workload("DaemonSet", "speaker", "new", updatedNumberScheduled=1),
                ],
                OLD,
                YOUNG,
            ),
            None,
            id="under-way",
        ),
        pytest.param(
            seen([CONTROLLER, workload("DaemonSet", "speaker", numberAvailable=1)], OLD, YOUNG),
            "controller",
            id="not-ready-for-lack-of-a-token",
        ),
        pytest.param(
            seen([workload("Deployment", "controller", "older")], OLD, YOUNG),
            "controller",
            id="a-second-time",
        ),
        pytest.param(
            seen(BOTH, [pod("controller", LATE)], [account("controller", LATE)]),
            None,
            id="of-the-same-second",
        ),
        pytest.param(
            seen(BOTH, OLD, [account("controller", EARLY), account("speaker", EARLY)]),
            None,
            id="accounts-as-old",
        ),
        pytest.param(
            seen([CONTROLLER], [pod("controller", EARLY, deletionTimestamp=LATE)], YOUNG),
            None,
            id="on-its-way-out",
        ),
        pytest.param(seen(BOTH, OLD, []), None, id="no-account"),
        pytest.param(seen(BOTH, OLD, None), None, id="accounts-are-not-known"),
    ],
)
def test_whose_pods_are_replaced_next(state: Observation, renewed: str | None) -> None:
    found = next_renewal(state)
    assert (found and found.ref.name) == renewed


def test_the_patch_names_the_account_and_the_workload() -> None:
    found = next_renewal(seen([SPEAKER], OLD, YOUNG))
    assert found is not None
    assert found.ref == ObjectRef("apps/v1", "DaemonSet", "metallb-system", "speaker")
    assert found.account == "speaker"
    assert found.patch == {
        "metadata": {"uid": "of-speaker"},
        "spec": {"template": {"metadata": {"annotations": {ANNOTATION: "new"}}}},
    }


@pytest.mark.parametrize(
    ("state", "named"),
    [
        pytest.param(seen(BOTH, OLD, []), "controller, speaker", id="both"),
        pytest.param(seen(BOTH, OLD, [account("speaker", EARLY)]), "controller", id="one"),
        pytest.param(seen(BOTH, OLD, YOUNG), "", id="none"),
        pytest.param(seen(BOTH, [], []), "", id="nothing-runs"),
        pytest.param(seen(BOTH, OLD, None), "", id="not-known"),
    ],
)
def test_which_accounts_are_missed(state: Observation, named: str) -> None:
    told = missing(state)
    assert [problem.reason for problem in told] == [Reason.SERVICE_ACCOUNT_MISSING] * bool(named)
    assert all(f"missing ServiceAccounts: {named}." in problem.message for problem in told)
