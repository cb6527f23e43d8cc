"""What is there already: taken over, made anew, waited for, or left alone."""

from typing import Any

import pytest

from cluster import Cluster
from metallb_operator.applyset import PART_OF_LABEL, recorded_kinds
from metallb_operator.plan import Cause
from support.applying import MINIMAL, Installation, install_kinds, installation, written
from support.waiting import wait_for


@pytest.fixture(scope="module", autouse=True)
def kinds(cluster: Cluster) -> None:
    install_kinds(cluster)


def installed_by_somebody_else(namespace: str, kind: str, name: str) -> dict[str, Any]:
    labels = {"app": "metallb", "component": name}
    probe = {"tcpSocket": {"port": 1}}
    containers = [
        {"name": name, "image": "old", "livenessProbe": probe},
        {"name": "frr", "image": "old"},
    ]
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "finalizers": ["example.test/kept"]},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    }


@pytest.mark.parametrize("how", ["client-side", "server-side", "created"])
async def test_what_somebody_else_has_installed_is_taken_over_as_a_whole(
    cluster: Cluster, how: str
) -> None:
    async with installation(cluster) as it:
        theirs = [
            installed_by_somebody_else(it.namespace, "Deployment", "controller"),
            installed_by_somebody_else(it.namespace, "DaemonSet", "speaker"),
        ]
        for manifest in theirs:
            if how == "created":
                await it.client.create(manifest)
            elif how == "server-side":
                await it.client.apply(manifest, field_manager="another-operator")
            else:
                it.cluster.apply(manifest)
        plan = await it.plan(MINIMAL)
        adopted = [step.ref.name for step in plan.applies if step.cause is Cause.ADOPTED]
        assert sorted(adopted) == ["controller", "speaker"]
        assert written(await it.install(MINIMAL)) == []
        for manifest in theirs:
            kind, name = manifest["kind"].lower(), manifest["metadata"]["name"]
            found = await it.read(manifest["kind"], name)
            containers = found["spec"]["template"]["spec"]["containers"]
            assert [container["name"] for container in containers] == [name]
            assert "tcpSocket" not in containers[0]["livenessProbe"]
            assert found["metadata"]["finalizers"] == ["example.test/kept"]
            assert await it.managers(manifest["kind"], name) == {"metallb-operator"}
            it.patch(kind, name, {"metadata": {"finalizers": None}})


def with_another_selector(it: Installation, **labels: str) -> dict[str, Any]:
    manifest = installed_by_somebody_else(it.namespace, "Deployment", "controller")
    manifest["metadata"] = {
        "name": "controller",
        "namespace": it.namespace,
        "labels": labels,
    }
    pods = {"app": "metallb", "component": "controller", "release": "old"}
    manifest["spec"]["selector"] = {"matchLabels": pods}
    manifest["spec"]["template"]["metadata"]["labels"] = pods
    return manifest


async def test_a_field_that_cannot_be_changed_means_a_new_object(cluster: Cluster) -> None:
    async with installation(cluster) as it:
        before = await it.client.create(with_another_selector(it, **{PART_OF_LABEL: it.applyset}))
        plan = await it.plan(MINIMAL)
        assert [(step.ref.name, step.replaced) for step in plan.deletes] == [("controller", True)]
        assert [held.reason for held in plan.held] == [
            "Deployment controller comes back when the old one is gone"
        ]
        assert (await it.carry_out(plan)).failures == ()
        where = ("deployment", "controller", it.namespace)
        wait_for("the old one is gone", lambda: cluster.get(*where) is None, seconds=20)
        plan = await it.plan(MINIMAL)
        assert written(plan) == [("created", "Deployment controller", "")]
        assert written(await it.install(MINIMAL)) == []
        assert (await it.read("Deployment", "controller"))["metadata"]["uid"] != before["metadata"][
            "uid"
        ]


async def test_what_is_not_ours_is_never_deleted_to_make_room(cluster: Cluster) -> None:
    async with installation(cluster) as it:
        await it.client.create(with_another_selector(it))
        plan = await it.plan(MINIMAL)
        assert plan.deletes == ()
        assert [held.ref.name for held in plan.held] == ["controller"]
        assert "is not ours and cannot become so (spec.selector is" in plan.held[0].reason
        assert (await it.carry_out(plan)).failures == ()
        assert await it.exists("Deployment", "controller")


async def test_what_is_being_deleted_is_waited_for(cluster: Cluster) -> None:
    async with installation(cluster) as it:
        await it.install(MINIMAL)
        it.patch("networkpolicy", "controller", {"metadata": {"finalizers": ["example.test/slow"]}})
        it.cluster.kubectl(
            "delete", "networkpolicy", "controller", "-n", it.namespace, "--wait=false"
        )
        plan = await it.plan(MINIMAL)
        reason = "is being deleted and held up by example.test/slow; it comes back when gone"
        assert [held.reason for held in plan.held] == [f"NetworkPolicy controller {reason}"]
        assert plan.is_empty
        without = {**MINIMAL, "networkPolicies": {"enabled": False}}
        plan = await it.plan(without)
        assert [ref.name for ref in plan.going] == ["controller"]
        assert plan.held == ()
        await it.carry_out(plan)
        assert "NetworkPolicy.networking.k8s.io" in recorded_kinds(await it.parent())
        it.patch("networkpolicy", "controller", {"metadata": {"finalizers": None}})
        plan = await it.plan(MINIMAL)
        assert ("restored", "NetworkPolicy controller", "") in written(plan)
