"""Other installations of MetalLB: recognised, held against, replaced in order."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.applyset import KINDS_ANNOTATION, PART_OF_LABEL, applyset_id
from metallb_operator.component import Component
from metallb_operator.conditions import Reason
from metallb_operator.installations import (
    Adoption,
    Ignoring,
    Role,
    adopting,
    adoption,
    backend_of_speaker,
    ignoring_of,
    is_installed,
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

APPLYSET = applyset_id(ObjectRef("metallb.io/v1beta1", "MetalLB", NAMESPACE, "metallb"))
WORKING = Component("controller", "Deployment", desired=1, ready=1, rolled=True)
STARTING = replace(WORKING, ready=0)


def metallb(status: Mapping[str, Any] | None = None, **annotations: str) -> Manifest:
    noted = {
        name.replace("_", "/", 1).replace("_", "-"): text for name, text in annotations.items()
    }
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "MetalLB",
        "metadata": {"name": "metallb", "namespace": NAMESPACE, "annotations": noted},
        "status": status or {},
    }


RECORD = {KINDS_ANNOTATION.replace("/", "_", 1).replace("-", "_"): "Deployment.apps"}
PLAIN = metallb()
CONSENT = metallb(**{"metallb.io_adopt": "true"})


def webhook_server() -> Workload:
    found = by_chart("controller", arguments=("--webhook-mode=onlywebhook",))
    return workload_of(found)


def relabelled(kind: str, image: str, **labels: str) -> Workload:
    return Workload(kind, "n", "w", images=(image,), labels=labels)


def named_as_the_operator(image: str, *variables: str, replicas: int = 1) -> Workload:
    return Workload(
        "Deployment",
        "tenant",
        "metallb-operator-controller-manager",
        images=(image,),
        environment=dict.fromkeys(variables, "x"),
        replicas=replicas,
    )


@pytest.mark.parametrize(
    ("workload", "role"),
    [
        (workload_of(by_chart("controller")), Role.CONTROLLER),
        (workload_of(by_chart("speaker")), Role.SPEAKER),
        (workload_of(by_manifests("controller")), Role.CONTROLLER),
        (workload_of(by_chart("controller", replicas=0)), None),
        (webhook_server(), None),
        (other_operator(), Role.OPERATOR),
        (named_as_the_operator("quay.io/metallb/metallb-operator"), Role.OPERATOR),
        (named_as_the_operator("openshift4/metallb-rhel9-operator"), Role.OPERATOR),
        (named_as_the_operator("m/r", "SPEAKER_IMAGE", "CONTROLLER_IMAGE", "A"), Role.OPERATOR),
        # A name says nothing.
        (named_as_the_operator("nginx", "SPEAKER_IMAGE"), None),
        (named_as_the_operator("quay.io/metallb/metallb-operator", replicas=0), None),
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
    metallb: Manifest = CONSENT,
    controller: Component | None = None,
) -> Adoption:
    return adoption(
        metallb,
        observed(*here),
        there,
        [controller] if controller else [],
        namespace=NAMESPACE,
    )


CONTROLLER, SPEAKER = by_chart("controller"), by_chart("speaker")


@pytest.mark.parametrize(
    "here",
    [(CONTROLLER, SPEAKER), (CONTROLLER,), (SPEAKER,)],
    ids=["both", "controller", "speaker"],
)
def test_without_consent_nothing_is_installed_beside_another(here: tuple[Manifest, ...]) -> None:
    found = decide(*here, metallb=PLAIN)
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
    found = decide(by_chart("speaker", environment={"METALLB_BGP_TYPE": "frr"}), metallb=PLAIN)
    assert found.problem is not None
    assert "BGP backend frr" in found.problem.message


AWAY = workload_of(by_chart("controller", namespace="tenant"))
ARRIVED = {"version": "0.16.1"}


@pytest.mark.parametrize("consent", [{}, {"metallb.io_adopt": "true"}])
@pytest.mark.parametrize(
    ("here", "status"),
    [
        ((ours(),), {}),
        ((ours(),), ARRIVED),
        # Nothing is left of it: that is what a repair is for.
        ((), ARRIVED),
    ],
)
def test_what_is_installed_is_repaired_whatever_comes_beside_it(
    here: tuple[Manifest, ...], status: Mapping[str, Any], consent: Mapping[str, str]
) -> None:
    stored = metallb(status, **RECORD, **consent)
    rivals = (AWAY, replace(other_operator(), namespace="tenant"))
    assert decide(*here, there=rivals, metallb=stored) == Adoption()


def test_what_is_installed_is_never_held_while_another_controller_goes() -> None:
    stored = metallb(ARRIVED, **RECORD, **{"metallb.io_adopt": "true"})
    found = decide(by_chart("controller"), metallb=stored)
    assert not found.alone
    assert [delete.ref.name for delete in found.deletes] == ["metallb-controller"]
    assert decide(by_chart("controller"), metallb=metallb(ARRIVED, **RECORD)) == Adoption()


@pytest.mark.parametrize(
    ("stored", "here", "installed"),
    [
        (PLAIN, (), False),
        (PLAIN, (ours(),), False),
        (metallb(ARRIVED), (), False),
        (metallb(ARRIVED, **RECORD), (), True),
        (metallb(**RECORD), (ours(),), True),
        # A copy of the object.
        (metallb(**RECORD), (), False),
        (metallb(**RECORD), (by_manifests("controller"),), False),
    ],
)
def test_what_is_installed_is_in_the_record(
    stored: Manifest,
    here: tuple[Manifest, ...],
    installed: bool,  # noqa: FBT001 - a row of a table
) -> None:
    assert is_installed(stored, observed(*here)) is installed


@pytest.mark.parametrize(
    "rival",
    [
        replace(AWAY, ready=0),
        replace(AWAY, replicas=0, ready=0),
        replace(other_operator(), namespace="tenant", ready=0),
        replace(other_operator(), namespace="tenant", images=("nginx",), labels={}),
        replace(AWAY, labels={}, images=("nginx",)),
    ],
)
def test_what_does_not_run_or_has_only_a_name_stops_nothing(rival: Workload) -> None:
    assert decide(there=(rival,), metallb=PLAIN) == Adoption()


def test_the_administrator_has_the_last_word() -> None:
    rival = replace(other_operator(), namespace="tenant")
    held = decide(there=(rival, AWAY), metallb=PLAIN)
    assert held.problem is not None
    asked = 'metallb.io/ignore-installations: "'
    value = held.problem.message.partition(asked)[2].partition('"')[0]
    assert value == "tenant/metallb-operator-controller-manager, tenant/metallb-controller"
    ignoring = metallb(**{"metallb.io_ignore-installations": value})
    assert decide(there=(rival, AWAY), metallb=ignoring) == Adoption()
    elsewhere = replace(AWAY, namespace="other")
    assert decide(there=(rival, elsewhere), metallb=ignoring).problem is not None


def test_what_is_ignored_is_not_replaced_either() -> None:
    here = {"metallb.io_ignore-installations": f"{NAMESPACE}/metallb-controller"}
    stored = metallb(**here, **{"metallb.io_adopt": "true"})
    assert decide(by_chart("controller"), metallb=stored) == Adoption()


@pytest.mark.parametrize(
    ("text", "paths", "wrong"),
    [
        ("", (), ()),
        ("tenant/controller", ("tenant/controller",), ()),
        ("tenant/controller, a/b.c\n x/y,", ("tenant/controller", "a/b.c", "x/y"), ()),
        (
            "controller a/b/c Tenant/x a/ /b a/*",
            (),
            ("controller", "a/b/c", "Tenant/x", "a/", "/b", "a/*"),
        ),
    ],
)
def test_what_is_to_be_ignored_is_named_in_full(
    text: str, paths: tuple[str, ...], wrong: tuple[str, ...]
) -> None:
    stored = metallb(**{"metallb.io_ignore-installations": text})
    assert ignoring_of(stored) == Ignoring(frozenset(paths), wrong)


def test_a_fresh_cluster_and_our_own_names_hold_nothing() -> None:
    assert decide(metallb=PLAIN) == Adoption()
    assert decide(by_manifests("controller"), by_manifests("speaker"), metallb=PLAIN) == Adoption()


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


def at(manifest: Manifest, time: str) -> Manifest:
    metadata = {**manifest["metadata"], "creationTimestamp": f"2026-01-01T00:00:{time}Z"}
    return {**manifest, "metadata": metadata}


@pytest.mark.parametrize(
    ("here", "later"),
    [
        ([at(CONTROLLER, "01")], []),
        ([at(CONTROLLER, "01"), at(ours(), "02")], []),
        # In the same second nobody can tell.
        ([at(CONTROLLER, "02"), at(ours(), "02")], []),
        ([at(CONTROLLER, "03"), at(ours(), "02")], ["metallb-controller"]),
        ([at(SPEAKER, "03"), at(ours(), "02")], ["metallb-speaker"]),
    ],
)
def test_what_was_installed_after_ours_is_known(here: list[Manifest], later: list[str]) -> None:
    assert [ref.name for ref in decide(*here, controller=WORKING).later] == later


def apply(name: str) -> Apply:
    ref = ObjectRef("v1", "ConfigMap", NAMESPACE, name)
    return Apply(ref, {}, Cause.CREATED, 0)


OTHER = ObjectRef("apps/v1", "Deployment", NAMESPACE, "old")


def test_a_plan_writes_nothing_of_ours_before_the_other_controller_is_gone() -> None:
    going = Delete(OTHER, "u", replaced=True)
    plan = Plan(applies=(apply("new"),), deletes=(Delete(apply("left").ref, "v"),))
    found = adopting(plan, Adoption(deletes=(going,), held=(Held(OTHER, "first"),), alone=True))
    assert (found.applies, found.deletes, found.begun) == ((), (going,), False)
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
