"""What is applied to a real API server stays as declared, and what somebody does to it is seen."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from cluster import Cluster
from metallb_crds.backend import Backend
from metallb_kube.errors import InvalidError
from metallb_operator.applyset import HASH_ANNOTATION, PART_OF_LABEL, recorded_kinds
from metallb_operator.execute import execute
from metallb_operator.plan import Cause
from metallb_operator.releases import RELEASES
from support.applying import (
    MAXIMAL,
    MINIMAL,
    install_kinds,
    installation,
    monitoring_kinds,
    written,
)


@pytest.fixture(scope="module", autouse=True)
def kinds(cluster: Cluster) -> None:
    install_kinds(cluster)


@pytest.fixture(scope="module")
def monitoring(cluster: Cluster) -> Iterator[None]:
    with monitoring_kinds(cluster):
        yield


@pytest.mark.usefixtures("monitoring")
@pytest.mark.parametrize("release", [release.version for release in RELEASES])
@pytest.mark.parametrize("backend", Backend)
async def test_nothing_looks_edited_after_the_api_server_has_filled_in_its_defaults(
    cluster: Cluster, backend: Backend, release: str
) -> None:
    async with installation(cluster) as it:
        for spec in (MINIMAL, MAXIMAL):
            left = await it.install({**spec, "bgpBackend": backend.value, "version": release})
            assert written(left) == []
            assert (left.deletes, left.held) == ((), ())
            assert len(left.unchanged) >= 5
        before = it.client.requests
        await execute(left, it.client, parent=await it.parent(), parent_ref=it.parent_ref)
        assert it.client.requests == before + 1  # the test's own, for the parent


PATCHES: Final = [
    ("configmap", "metallb-excludel2", {"data": {"excludel2.yaml": "mine"}}, "data.excludel2.yaml"),
    ("service", "speaker-metrics", {"spec": {"selector": {"mine": "yes"}}}, "spec.selector"),
    ("deployment", "controller", {"spec": {"replicas": 0}}, "spec.replicas"),
    (
        "deployment",
        "statuscleaner",
        {"metadata": {"labels": {PART_OF_LABEL: None}}},
        f"metadata.labels.{PART_OF_LABEL}",
    ),
    ("networkpolicy", "controller", {"spec": {"ingress": [{}]}}, "spec.ingress"),
    (
        "networkpolicy",
        "statuscleaner",
        {"metadata": {"annotations": {HASH_ANNOTATION: None}}},
        "metadata.annotations",
    ),
    ("networkpolicy", "default-deny", {"spec": {"policyTypes": ["Egress"]}}, "spec.policyTypes"),
    ("servicemonitor", "speaker", {"spec": {"jobLabel": "mine"}}, "spec.jobLabel"),
    (
        "prometheusrule",
        "metallb",
        {"spec": {"groups": [{"name": "metallb", "rules": []}]}},
        "spec.groups[metallb].rules",
    ),
    (
        "daemonset",
        "frr-k8s",
        {"spec": {"template": {"spec": {"hostNetwork": False}}}},
        "spec.template.spec.hostNetwork",
    ),
]
CONTAINERS: Final = "spec.template.spec.containers"
# Merged as kubectl edits: lists by their keys.
EDITS: Final[list[tuple[str, dict[str, Any], str]]] = [
    ("speaker", {"image": "mine"}, "image"),
    ("speaker", {"ports": [{"containerPort": 9999, "name": "mine"}]}, "ports[9999/TCP].name"),
]


@pytest.mark.usefixtures("monitoring")
async def test_exactly_what_somebody_has_edited_is_repaired_and_named(cluster: Cluster) -> None:
    spec = {**MAXIMAL, "bgpBackend": "frr-k8s"}
    async with installation(cluster) as it:
        await it.install(spec)
        expected = []
        for kind, name, patch, path in PATCHES:
            it.patch(kind, name, patch)
            expected.append((kind, name, path))
        for name, edit, path in EDITS:
            body = {"spec": {"template": {"spec": {"containers": [{"name": name, **edit}]}}}}
            it.patch("daemonset", "speaker", body, "strategic")
            expected.append(("daemonset", "speaker", f"{CONTAINERS}[{name}].{path}"))
        plan = await it.plan(spec)
        assert sorted(
            (step.ref.kind.lower(), step.ref.name, difference.path)
            for step in plan.applies
            for difference in step.differences
        ) == sorted(expected)
        assert {step.cause for step in plan.applies} == {Cause.REPAIRED}
        assert (plan.deletes, plan.held) == ((), ())
        assert written(await it.install(spec)) == []


# Beside what we declare, these make an object that the API server refuses.
EXCLUDING: Final = {
    "spec.strategy.type": {"spec": {"strategy": {"type": "RollingUpdate"}}},
    "spec.template.spec.containers[controller].livenessProbe.httpGet": {
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "controller",
                            "livenessProbe": {"httpGet": None, "exec": {"command": ["true"]}},
                        }
                    ]
                }
            }
        }
    },
    "spec.template.spec.containers[controller].env[METALLB_POD_NAME].valueFrom": {
        "spec": {
            "template": {
                "spec": {
                    "containers": [
                        {
                            "name": "controller",
                            "env": [
                                {"name": "METALLB_POD_NAME", "valueFrom": None, "value": "mine"}
                            ],
                        }
                    ]
                }
            }
        }
    },
}


async def test_edits_that_exclude_what_is_declared_are_repaired_too(cluster: Cluster) -> None:
    async with installation(cluster) as it:
        await it.install(MINIMAL)
        for path, edit in EXCLUDING.items():
            it.patch("deployment", "controller", edit, "strategic")
            plan = await it.plan(MINIMAL)
            assert written(plan) == [("repaired", "Deployment controller", path)]
            assert written(await it.install(MINIMAL)) == []
        assert await it.managers("Deployment", "controller") == {"metallb-operator"}


async def test_what_somebody_has_deleted_comes_back(cluster: Cluster) -> None:
    deleted = [
        ("configmap", "metallb-excludel2"),
        ("networkpolicy", "controller"),
        ("secret", "frr-k8s-webhook-server-cert"),
        ("deployment", "controller"),
        ("daemonset", "frr-k8s"),
        ("daemonset", "speaker"),
    ]
    async with installation(cluster) as it:
        await it.install(MINIMAL)
        names = [f"{kind}/{name}" for kind, name in deleted]
        it.cluster.kubectl("delete", "-n", it.namespace, *names)
        plan = await it.plan(MINIMAL)
        assert {(step.ref.kind.lower(), step.ref.name) for step in plan.applies} == set(deleted)
        assert {step.cause for step in plan.applies} == {Cause.RESTORED}
        assert written(await it.install(MINIMAL)) == []


async def test_secrets_made_once_are_left_alone_and_a_new_one_restarts_the_speakers(
    cluster: Cluster,
) -> None:
    async with installation(cluster) as it:
        await it.install(MINIMAL)
        it.patch("secret", "metallb-memberlist", {"data": {"more": "bW9yZQ=="}})
        assert (await it.plan(MINIMAL)).is_empty
        it.cluster.kubectl("delete", "secret", "metallb-memberlist", "-n", it.namespace)
        plan = await it.plan(MINIMAL)
        assert written(plan) == [
            ("restored", "Secret metallb-memberlist", ""),
            ("changed", "DaemonSet speaker", f"metadata.annotations.{HASH_ANNOTATION}"),
            (
                "changed",
                "DaemonSet speaker",
                "spec.template.metadata.annotations.checksum/memberlist",
            ),
        ]
        assert written(await it.install(MINIMAL)) == []


async def test_fields_of_others_survive(cluster: Cluster) -> None:
    sidecar = {"name": "mesh", "image": "example.test/mesh"}
    async with installation(cluster) as it:
        await it.install(MINIMAL)
        it.cluster.kubectl("rollout", "restart", "daemonset/speaker", "-n", it.namespace)
        it.patch("daemonset", "speaker", {"metadata": {"labels": {"theirs": "yes"}}})
        body = {"spec": {"template": {"spec": {"containers": [sidecar]}}}}
        it.patch("daemonset", "speaker", body, "strategic")
        assert (await it.plan(MINIMAL)).is_empty
        assert written(await it.install({**MINIMAL, "logLevel": "debug"})) == []
        speaker = await it.read("DaemonSet", "speaker")
        template = speaker["spec"]["template"]
        assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
        assert speaker["metadata"]["labels"]["theirs"] == "yes"
        main, theirs = sorted(template["spec"]["containers"], key=lambda c: str(c["name"]))[::-1]
        assert "--log-level=debug" in main["args"]
        assert theirs["name"] == "mesh"


async def test_another_backend_prunes_what_is_ours_and_nothing_else(cluster: Cluster) -> None:
    async with installation(cluster) as it:
        await it.install({**MINIMAL, "bgpBackend": "frr-k8s"})
        other: dict[str, Any] = {
            "name": "frr-k8s-theirs",
            "labels": {PART_OF_LABEL: "applyset-other-v1"},
        }
        for metadata in ({"name": "theirs", "labels": {"app": "metallb"}}, other):
            manifest = {"apiVersion": "v1", "kind": "ConfigMap"}
            it.cluster.apply({**manifest, "metadata": {**metadata, "namespace": it.namespace}})
        native = {**MINIMAL, "bgpBackend": "native", "networkPolicies": {"enabled": False}}
        plan = await it.plan(native)
        assert [f"{step.ref.kind} {step.ref.name}" for step in plan.deletes] == [
            "DaemonSet frr-k8s",
            "Deployment statuscleaner",
            "ConfigMap frr-k8s-frr-startup",
            "Secret frr-k8s-webhook-server-cert",
            "NetworkPolicy controller",
            "NetworkPolicy statuscleaner",
        ]
        left = await it.install(native)
        assert (left.is_empty, left.going) == (True, ())
        assert await it.exists("ConfigMap", "theirs")
        assert await it.exists("ConfigMap", "frr-k8s-theirs")
        assert not await it.exists("DaemonSet", "frr-k8s")
        workloads = {"ConfigMap", "DaemonSet.apps", "Deployment.apps", "Secret"}
        policies = {"NetworkPolicy.networking.k8s.io"}
        assert recorded_kinds(await it.parent()) == workloads | policies
        assert (await it.carry_out(left)).failures == ()
        assert recorded_kinds(await it.parent()) == workloads


async def test_a_change_of_backend_keeps_the_old_one_until_speakers_are_replaced(
    cluster: Cluster,
) -> None:
    async with installation(cluster) as it:
        await it.install({**MINIMAL, "bgpBackend": "frr-k8s"})
        plan = await it.plan({**MINIMAL, "bgpBackend": "native"}, staged=True)
        assert plan.deletes == ()
        assert {f"{held.ref.kind} {held.ref.name}" for held in plan.held} == {
            "ConfigMap frr-k8s-frr-startup",
            "DaemonSet frr-k8s",
            "DaemonSet speaker",
            "Deployment statuscleaner",
            "NetworkPolicy statuscleaner",
            "Secret frr-k8s-webhook-server-cert",
        }


async def test_an_object_that_the_api_server_refuses_is_reported_and_stops_what_follows(
    cluster: Cluster,
) -> None:
    wrong = {"controllerConfig": {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}}
    async with installation(cluster) as it:
        await it.install(MINIMAL)
        outcome = await it.carry_out(await it.plan({**MINIMAL, **wrong, "bgpBackend": "native"}))
        assert [failure.ref.name for failure in outcome.failures] == ["controller"]
        assert isinstance(outcome.failures[0].error, InvalidError)
        assert "must be less than or equal to cpu limit" in str(outcome.failures[0])
        assert outcome.deleted == ()
        assert await it.exists("DaemonSet", "frr-k8s")
        assert written(await it.install(MINIMAL)) == []
