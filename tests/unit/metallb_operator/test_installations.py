"""Other installations of MetalLB: recognised, held against, replaced in order."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.applyset import PART_OF_LABEL
from metallb_operator.component import Component
from metallb_operator.conditions import Reason
from metallb_operator.installations import (
    Adoption,
    Role,
    adopting,
    adoption,
    backend_of_speaker,
    keeping,
    others,
    remedy,
    role_of,
)
from metallb_operator.plan import Apply, Cause, Delete, Held, Plan
from metallb_operator.settings import Settings
from metallb_operator.workload import Workload, workload_of
from support.installed import by_chart, by_manifests, other_operator
from support.samples import NAMESPACE

APPLYSET = "applyset-x-v1"
WORKING = Component("controller", "Deployment", desired=1, ready=1, rolled=True)
STARTING = replace(WORKING, ready=0)
CONSENT = {"metadata": {"annotations": {"metallb.io/adopt": "true"}}}


def webhook_server() -> Workload:
    found = by_chart("controller", arguments=("--webhook-mode=onlywebhook",))
    return workload_of(found)


def relabelled(kind: str, image: str, **labels: str) -> Workload:
    return Workload(kind, "n", "w", images=(image,), labels=labels)


@pytest.mark.parametrize(
    ("workload", "role"),
    [
        (workload_of(by_chart("controller")), Role.CONTROLLER),
        (workload_of(by_chart("speaker")), Role.SPEAKER),
        (workload_of(by_manifests("controller")), Role.CONTROLLER),
        (workload_of(by_chart("controller", replicas=0)), None),
        (webhook_server(), None),
        (other_operator(), Role.OPERATOR),
        (relabelled("Deployment", "mirror/bitnami/metallb-controller"), Role.CONTROLLER),
        (relabelled("DaemonSet", "a/b", app="metallb", component="speaker"), Role.SPEAKER),
        (relabelled("DaemonSet", "quay.io/metallb/frr-k8s"), Role.FRR_K8S),
        (relabelled("Deployment", "quay.io/metallb/speaker"), None),
        (relabelled("Deployment", "somebody/controller", component="controller"), None),
        (relabelled("Deployment", "quay.io/metallb-operator/metallb-operator"), None),
    ],
)
def test_workloads_are_recognised_by_image_labels_or_name(
    workload: Workload, role: Role | None
) -> None:
    assert role_of(workload) is role


def test_our_names_are_ours_in_our_namespace_only() -> None:
    found = [workload_of(by_manifests(part)) for part in ("controller", "speaker")]
    assert others(found, NAMESPACE) == {}
    assert others(found, "elsewhere").keys() == {Role.CONTROLLER, Role.SPEAKER}


def observed(*manifests: Manifest) -> dict[ObjectRef, Manifest]:
    return {ref_of(manifest): manifest for manifest in manifests}


def ours() -> Manifest:
    found = by_manifests("controller")
    found["metadata"]["labels"][PART_OF_LABEL] = APPLYSET
    return found


def decide(
    *here: Manifest,
    there: tuple[Workload, ...] = (),
    metallb: Mapping[str, Any] = CONSENT,
    controller: Component | None = None,
) -> Adoption:
    return adoption(
        metallb,
        observed(*here),
        there,
        [controller] if controller else [],
        applyset=APPLYSET,
        namespace=NAMESPACE,
    )


CONTROLLER, SPEAKER = by_chart("controller"), by_chart("speaker")


@pytest.mark.parametrize(
    "here",
    [(CONTROLLER, SPEAKER), (CONTROLLER,), (SPEAKER,)],
    ids=["both", "controller", "speaker"],
)
def test_without_consent_nothing_is_installed_beside_another(here: tuple[Manifest, ...]) -> None:
    found = decide(*here, metallb={})
    assert found.problem is not None
    assert found.problem.reason is Reason.OTHER_INSTALLATION
    assert f"{here[0]['kind']} {NAMESPACE}/{here[0]['metadata']['name']}" in found.problem.message
    assert 'metallb.io/adopt: "true"' in found.problem.message
    assert found.deletes == ()


@pytest.mark.parametrize(
    "rival", [other_operator(), workload_of(by_chart("speaker", namespace="x"))]
)
def test_no_consent_covers_another_operator_or_another_namespace(rival: Workload) -> None:
    found = decide(there=(replace(rival, namespace="x"),))
    assert found.problem is not None
    assert str(replace(rival, namespace="x")) in found.problem.message


def test_the_message_tells_how_the_other_speaks_bgp() -> None:
    found = decide(by_chart("speaker", environment={"METALLB_BGP_TYPE": "frr"}), metallb={})
    assert found.problem is not None
    assert "BGP backend frr" in found.problem.message


@pytest.mark.parametrize("metallb", [{}, CONSENT])
def test_what_is_ours_goes_on_whatever_is_installed_beside_it(metallb: Mapping[str, Any]) -> None:
    there = workload_of(by_chart("controller", namespace="x"))
    found = decide(ours(), there=(there,), metallb=metallb, controller=WORKING)
    assert found == Adoption()


def test_a_fresh_cluster_and_our_own_names_hold_nothing() -> None:
    assert decide(metallb={}) == Adoption()
    assert decide(by_manifests("controller"), by_manifests("speaker"), metallb={}) == Adoption()


def test_with_consent_the_old_controller_goes_first_and_alone() -> None:
    found = decide(CONTROLLER, SPEAKER)
    assert found.alone
    assert [(d.ref.name, d.uid, d.replaced) for d in found.deletes] == [
        ("metallb-controller", "uid-of-controller", True)
    ]


def test_what_is_going_already_is_waited_for() -> None:
    going = by_chart("controller")
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    found = decide(going, SPEAKER)
    assert (found.alone, found.deletes) == (True, ())
    assert found.held[0].ref.name == "metallb-controller"


def test_old_speakers_announce_until_our_controller_works() -> None:
    waiting = decide(SPEAKER, ours(), controller=STARTING)
    assert (waiting.alone, waiting.deletes) == (False, ())
    assert "stays until Deployment controller works" in waiting.held[0].reason
    done = decide(SPEAKER, ours(), controller=WORKING)
    assert [delete.ref.name for delete in done.deletes] == ["metallb-speaker"]


def apply(name: str) -> Apply:
    ref = ObjectRef("v1", "ConfigMap", NAMESPACE, name)
    return Apply(ref, {}, Cause.CREATED, 0)


OTHER = ObjectRef("apps/v1", "Deployment", NAMESPACE, "old")


def test_a_plan_writes_nothing_of_ours_before_the_other_controller_is_gone() -> None:
    going = Delete(OTHER, "u", replaced=True)
    plan = Plan(applies=(apply("new"),), deletes=(Delete(apply("left").ref, "v"),))
    found = adopting(plan, Adoption(deletes=(going,), held=(Held(OTHER, "first"),), alone=True))
    assert (found.applies, found.deletes) == ((), (going,))
    assert {held.ref.name for held in found.held} == {"old", "new", "left"}
    assert found.refs >= plan.refs


def test_a_plan_is_carried_out_beside_what_goes_later() -> None:
    plan = Plan(applies=(apply("new"),))
    going = Delete(OTHER, "u")
    found = adopting(plan, Adoption(deletes=(going,), held=(Held(OTHER, "room"),)))
    assert (found.applies, found.deletes, len(found.held)) == (plan.applies, (going,), 1)
    assert adopting(plan, Adoption()) == plan


@pytest.mark.parametrize(
    ("speaker", "backend"),
    [
        (by_chart("speaker"), Backend.NATIVE),
        (by_manifests("speaker", METALLB_BGP_TYPE="native"), Backend.NATIVE),
        (by_manifests("speaker", METALLB_BGP_TYPE="frr"), Backend.FRR),
        (by_chart("speaker", environment={"METALLB_BGP_TYPE": "frr-k8s"}), Backend.FRR_K8S),
        (by_chart("speaker", arguments=("--frrk8s-namespace=f",)), Backend.FRR_K8S_EXTERNAL),
        (by_manifests("speaker", METALLB_BGP_TYPE="bird"), None),
        (by_chart("controller"), None),
    ],
)
def test_the_backend_of_a_speaker(speaker: Manifest, backend: Backend | None) -> None:
    assert backend_of_speaker(workload_of(speaker)) is backend


RUNS_FRR = by_manifests("speaker", METALLB_BGP_TYPE="frr")


@pytest.mark.parametrize(
    ("stored", "here", "backend"),
    [
        ("", (), Backend.FRR_K8S),
        ("", (RUNS_FRR,), Backend.FRR),
        ("native", (RUNS_FRR,), Backend.NATIVE),
        ("unheard-of", (), Backend.FRR_K8S),
    ],
)
def test_the_backend_that_runs_is_kept(
    stored: str, here: tuple[Manifest, ...], backend: Backend
) -> None:
    settings = Settings(namespace=NAMESPACE)
    kept = keeping(settings, {"status": {"backend": stored}}, observed(*here))
    assert kept == replace(settings, default_backend=backend)


@pytest.mark.parametrize(
    ("workload", "told"),
    [
        (
            workload_of(by_chart("controller", release="lb", namespace="net")),
            "`kubectl metallb migrate --from-helm lb --namespace net` turns the values",
        ),
        (workload_of(by_manifests("controller")), None),
        (other_operator(), None),
    ],
)
def test_the_values_of_a_helm_release_need_not_be_typed_again(
    workload: Workload, told: str | None
) -> None:
    said = remedy([workload])
    assert ("--from-helm" in said) is (told is not None)
    assert told is None or told in said
