"""Carrying out plans against an API server that answers what it is told to."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_kube.client import KubeClient
from metallb_kube.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    KubeError,
    NotFoundError,
    UnavailableError,
    UnreachableError,
)
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.applyset import (
    ID_LABEL,
    KINDS_ANNOTATION,
    TOOLING,
    TOOLING_ANNOTATION,
    applyset_id,
)
from metallb_operator.execute import Outcome, delete_one, execute
from metallb_operator.plan import Apply, Cause, Delete, Held, Plan, members, stage_of
from support.api import answering, status, write_kubeconfig

NAMESPACE = "metallb-system"
PARENT = ObjectRef("metallb.io/v1beta1", "MetalLB", NAMESPACE, "metallb")
ID = applyset_id(PARENT)
API = {
    "DaemonSet": "apps/v1",
    "Deployment": "apps/v1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
}
Answer = Callable[[], web.Response]


def ref(kind: str, name: str) -> ObjectRef:
    return ObjectRef(API.get(kind, "v1"), kind, NAMESPACE, name)


def stored(kind: str, name: str, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "apiVersion": API.get(kind, "v1"),
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": "1", **metadata},
    }


def apply(
    kind: str, name: str, cause: Cause = Cause.CREATED, *, create_only: bool = False
) -> Apply:
    where = ref(kind, name)
    metadata = {"name": name, "namespace": NAMESPACE}
    declared = {"apiVersion": where.api_version, "kind": kind, "metadata": metadata}
    manifest = members([declared], ID)[0]
    return Apply(where, manifest, cause, stage_of(where), create_only=create_only)


def delete(kind: str, name: str, *, replaced: bool = False) -> Delete:
    return Delete(ref(kind, name), "1", replaced=replaced)


def parent(*kinds: str) -> dict[str, Any]:
    return {
        "apiVersion": PARENT.api_version,
        "kind": PARENT.kind,
        "metadata": {
            "name": PARENT.name,
            "namespace": NAMESPACE,
            "uid": "9",
            "labels": {ID_LABEL: ID},
            "annotations": {TOOLING_ANNOTATION: TOOLING, KINDS_ANNOTATION: ",".join(kinds)},
        },
    }


@dataclass
class Api:
    """Takes every write and echoes it, except where it was told what to answer.

    Attributes:
        answers: by "VERB name", such as "apply speaker"; a list is used up one by one.
        asked: what was asked for, in the same words, in order.
        bodies: what was sent, beside it.
    """

    answers: Mapping[str, Answer | list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        body = json.loads(text) if text else {}
        name = request.path.rpartition("/")[2]
        if request.method == "POST":
            name = body["metadata"]["name"]
        asked = f"{self._verb(request)} {name}"
        self.asked.append(asked)
        self.bodies.append(body)
        answer = self.answers.get(asked)
        if isinstance(answer, list):
            return answer.pop(0)()
        return answer() if answer else self._echo(name, body)

    @staticmethod
    def _verb(request: web.Request) -> str:
        applied = "apply" in request.content_type
        return {"PATCH": "apply" if applied else "patch", "POST": "create"}.get(
            request.method, request.method.lower()
        )

    @staticmethod
    def _echo(name: str, body: dict[str, Any]) -> web.Response:
        if name == PARENT.name:
            whole = parent()
            whole["metadata"] |= body.get("metadata", {})
            return web.json_response(whole)
        return web.json_response({"apiVersion": "v1", "kind": "Echo", **body})

    def body(self, asked: str) -> dict[str, Any]:
        return self.bodies[self.asked.index(asked)]

    def recorded(self) -> list[str]:
        """Return every list of kinds that was written to the parent."""
        pairs = zip(self.asked, self.bodies, strict=True)
        return [
            body["metadata"]["annotations"][KINDS_ANNOTATION]
            for asked, body in pairs
            if asked == f"patch {PARENT.name}"
        ]


async def carry_out(plan: Plan, api: Api, folder: Path, before: Manifest | None = None) -> Outcome:
    async with answering(api, folder) as client:
        return await execute(plan, client, parent=before or parent(), parent_ref=PARENT)


def answer(code: int, reason: str, **details: str) -> Answer:
    return lambda: status(code, reason, "", **details)


FORBIDDEN = answer(403, "Forbidden")
INVALID = answer(422, "Invalid")
CONFLICT = answer(409, "Conflict")
EXISTS = answer(409, "AlreadyExists")
NOT_FOUND = answer(404, "NotFound", name="x")
NO_SUCH_KIND = answer(404, "NotFound")
BROKEN = answer(500, "InternalError")


def written(api: Api) -> list[str]:
    return [asked for asked in api.asked if not asked.endswith(f" {PARENT.name}")]


class TestTheParent:
    async def test_is_not_written_when_nothing_changes(self, tmp_path: Path) -> None:
        api = Api()
        plan = Plan(unchanged=(ref("ConfigMap", "a"),))
        assert await carry_out(plan, api, tmp_path, parent("ConfigMap")) == Outcome()
        assert api.asked == []

    async def test_knows_new_kinds_before_the_first_write(self, tmp_path: Path) -> None:
        api = Api()
        plan = Plan(applies=(apply("DaemonSet", "speaker"),), unchanged=(ref("Secret", "s"),))
        await carry_out(plan, api, tmp_path, parent("Secret"))
        assert api.asked == ["patch metallb", "apply speaker"]
        assert api.recorded() == ["DaemonSet.apps,Secret"]

    async def test_knows_kinds_of_what_is_deleted_until_that_is_seen_to_be_gone(
        self, tmp_path: Path
    ) -> None:
        api = Api()
        plan = Plan(deletes=(delete("Deployment", "old"),), unchanged=(ref("Secret", "s"),))
        await carry_out(plan, api, tmp_path, parent("Deployment.apps", "Secret"))
        assert api.asked == ["delete old"]

    @pytest.mark.parametrize(
        "plan",
        [
            Plan(unchanged=(ref("Secret", "s"),), going=(ref("Deployment", "old"),)),
            Plan(unchanged=(ref("Secret", "s"),), held=(Held(ref("Deployment", "old"), "wait"),)),
        ],
    )
    async def test_knows_kinds_of_what_is_still_there(self, plan: Plan, tmp_path: Path) -> None:
        api = Api()
        await carry_out(plan, api, tmp_path, parent("Deployment.apps", "Secret"))
        assert api.asked == []

    async def test_forgets_a_kind_once_its_last_member_is_gone(self, tmp_path: Path) -> None:
        api = Api()
        plan = Plan(unchanged=(ref("Secret", "s"),))
        await carry_out(plan, api, tmp_path, parent("Deployment.apps", "Secret"))
        assert api.recorded() == ["Secret"]

    async def test_forgets_nothing_while_something_fails(self, tmp_path: Path) -> None:
        api = Api({"apply s": FORBIDDEN})
        plan = Plan(applies=(apply("Secret", "s"),))
        await carry_out(plan, api, tmp_path, parent("Deployment.apps", "Secret"))
        assert api.recorded() == []

    async def test_is_repaired_though_nothing_else_is_to_be_done(self, tmp_path: Path) -> None:
        api = Api()
        bare = {**parent(), "metadata": {"name": "metallb", "uid": "9"}}
        await carry_out(Plan(unchanged=(ref("Secret", "s"),)), api, tmp_path, bare)
        assert api.recorded() == ["Secret"]
        assert api.body("patch metallb")["metadata"]["labels"] == {ID_LABEL: ID}

    @pytest.mark.parametrize(
        ("refusal", "error"), [(CONFLICT, ConflictError), (BROKEN, UnavailableError)]
    )
    async def test_stops_everything_when_it_cannot_be_written(
        self, refusal: Answer, error: type[KubeError], tmp_path: Path
    ) -> None:
        api = Api({"patch metallb": refusal})
        outcome = await carry_out(Plan(applies=(apply("Secret", "s"),)), api, tmp_path)
        assert [(failure.ref, type(failure.error)) for failure in outcome.failures] == [
            (PARENT, error)
        ]
        assert written(api) == []

    async def test_is_reported_when_it_cannot_forget(self, tmp_path: Path) -> None:
        api = Api({"patch metallb": FORBIDDEN})
        outcome = await carry_out(Plan(), api, tmp_path, parent("Secret"))
        assert [failure.ref for failure in outcome.failures] == [PARENT]


EVERYTHING = Plan(
    applies=(
        apply("ConfigMap", "config"),
        apply("Secret", "key"),
        apply("Deployment", "controller"),
        apply("DaemonSet", "speaker"),
        apply("ServiceMonitor", "monitor"),
    ),
    deletes=(
        delete("ServiceMonitor", "old-monitor"),
        delete("DaemonSet", "frr-k8s"),
        delete("ConfigMap", "frr-startup"),
    ),
)


async def test_a_plan_is_carried_out_in_its_order(tmp_path: Path) -> None:
    api = Api()
    outcome = await carry_out(EVERYTHING, api, tmp_path)
    first, rest = written(api)[:2], written(api)[2:]
    assert sorted(first) == ["apply config", "apply key"]
    assert rest == [
        "apply controller",
        "apply speaker",
        "apply monitor",
        "delete old-monitor",
        "delete frr-k8s",
        "delete frr-startup",
    ]
    assert [ref_of(manifest).name for manifest in outcome.stored] == [
        "config",
        "key",
        "controller",
        "speaker",
        "monitor",
    ]
    assert (outcome.deleted, outcome.failures) == (EVERYTHING.deletes, ())


WHAT_FOLLOWS = {
    "apply config": ["apply config", "apply key"],
    "apply controller": ["apply config", "apply key", "apply controller"],
    "apply speaker": ["apply config", "apply key", "apply controller", "apply speaker"],
}


@pytest.mark.parametrize(("refused", "tried"), WHAT_FOLLOWS.items())
async def test_what_needs_a_write_that_failed_is_not_tried(
    refused: str, tried: list[str], tmp_path: Path
) -> None:
    api = Api({refused: FORBIDDEN})
    outcome = await carry_out(EVERYTHING, api, tmp_path)
    assert sorted(written(api)) == sorted(tried)
    (failure,) = outcome.failures
    assert (failure.ref.name, type(failure.error)) == (refused.split()[1], ForbiddenError)
    assert len(outcome.stored) == len(tried) - 1
    assert outcome.deleted == ()


async def test_all_failures_of_a_stage_are_reported(tmp_path: Path) -> None:
    api = Api({"apply config": FORBIDDEN, "apply key": INVALID})
    outcome = await carry_out(EVERYTHING, api, tmp_path)
    assert [str(failure) for failure in outcome.failures] == [
        "ConfigMap metallb-system/config: Forbidden",
        "Secret metallb-system/key: Invalid",
    ]


async def test_a_missing_kind_of_monitor_keeps_nothing_from_being_pruned(tmp_path: Path) -> None:
    api = Api({"apply monitor": NO_SUCH_KIND})
    outcome = await carry_out(EVERYTHING, api, tmp_path)
    assert [type(failure.error) for failure in outcome.failures] == [NotFoundError]
    assert outcome.deleted == EVERYTHING.deletes
    assert api.recorded() == api.recorded()[:1]


async def test_a_deletion_that_fails_keeps_what_it_needs(tmp_path: Path) -> None:
    api = Api({"delete frr-k8s": FORBIDDEN})
    outcome = await carry_out(EVERYTHING, api, tmp_path)
    assert "delete frr-startup" not in api.asked
    assert outcome.deleted == EVERYTHING.deletes[:1]
    assert [failure.ref.name for failure in outcome.failures] == ["frr-k8s"]


async def test_writes_of_a_stage_go_side_by_side_but_not_all_at_once(tmp_path: Path) -> None:
    eight = asyncio.Barrier(8)
    running = most = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal running, most
        body = await request.json()
        if request.path.endswith("metallb"):
            return web.json_response(parent())
        running += 1
        most = max(most, running)
        async with asyncio.timeout(10):
            await eight.wait()
        running -= 1
        return web.json_response(body)

    plan = Plan(applies=tuple(apply("ConfigMap", f"c{number}") for number in range(16)))
    async with answering(handler, tmp_path) as client:
        outcome = await execute(plan, client, parent=parent("ConfigMap"), parent_ref=PARENT)
    assert (len(outcome.stored), most) == (16, 8)


async def test_being_cancelled_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    arrived = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/metallb"):
            return web.json_response(parent())
        arrived.set()
        await asyncio.Event().wait()
        return web.Response()

    plan = Plan(applies=tuple(apply("ConfigMap", f"c{number}") for number in range(16)))
    async with answering(handler, tmp_path) as client:
        task = asyncio.create_task(
            execute(plan, client, parent=parent("ConfigMap"), parent_ref=PARENT)
        )
        async with asyncio.timeout(10):
            await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in others if "_at_once" in repr(task)]


class TestApplying:
    async def test_is_server_side_and_by_force(self, tmp_path: Path) -> None:
        queries = []

        async def handler(request: web.Request) -> web.StreamResponse:
            queries.append(dict(request.query))
            return web.json_response(await request.json())

        plan = Plan(applies=(apply("Secret", "s", Cause.REPAIRED),))
        async with answering(handler, tmp_path) as client:
            await execute(plan, client, parent=parent("Secret"), parent_ref=PARENT)
        assert queries == [{"fieldManager": "metallb-operator", "force": "true"}]

    @pytest.mark.parametrize("cause", [Cause.CREATED, Cause.RESTORED])
    async def test_is_not_tried_again_for_a_new_object_that_is_refused(
        self, cause: Cause, tmp_path: Path
    ) -> None:
        api = Api({"apply s": INVALID})
        outcome = await carry_out(Plan(applies=(apply("Secret", "s", cause),)), api, tmp_path)
        assert written(api) == ["apply s"]
        assert [type(failure.error) for failure in outcome.failures] == [InvalidError]

    @pytest.mark.parametrize("cause", [Cause.CHANGED, Cause.REPAIRED])
    async def test_takes_over_what_cannot_be_merged(self, cause: Cause, tmp_path: Path) -> None:
        found = stored("Secret", "s", resourceVersion="7")
        applied = stored("Secret", "s", resourceVersion="9")
        api = Api(
            {
                "get s": lambda: web.json_response(found),
                "put s": lambda: web.json_response(found),
                "apply s": [INVALID, lambda: web.json_response(applied)],
            }
        )
        outcome = await carry_out(Plan(applies=(apply("Secret", "s", cause),)), api, tmp_path)
        assert written(api) == ["apply s", "get s", "put s", "patch s", "apply s"]
        assert outcome == Outcome(stored=(applied,))

    @pytest.mark.parametrize("refusal", [FORBIDDEN, BROKEN, CONFLICT])
    async def test_takes_over_nothing_for_any_other_refusal(
        self, refusal: Answer, tmp_path: Path
    ) -> None:
        api = Api({"apply s": refusal})
        plan = Plan(applies=(apply("Secret", "s", Cause.REPAIRED),))
        outcome = await carry_out(plan, api, tmp_path)
        assert written(api) == ["apply s"]
        assert len(outcome.failures) == 1


class TestAdopting:
    FOUND = stored("Secret", "s", resourceVersion="7", managedFields=[{"manager": "kubectl"}])
    PLAN = Plan(applies=(apply("Secret", "s", Cause.ADOPTED),))

    def api(self, **answers: Answer | list[Answer]) -> Api:
        given = {f"{verb} s": answer for verb, answer in answers.items()}
        found: Answer = lambda: web.json_response(self.FOUND)  # noqa: E731 - an answer as the others
        return Api({"get s": found, "put s": found, **given})

    async def test_replaces_then_owns_then_applies(self, tmp_path: Path) -> None:
        api = self.api()
        assert (await carry_out(self.PLAN, api, tmp_path)).failures == ()
        assert written(api) == ["get s", "put s", "patch s", "apply s"]
        assert api.body("put s")["metadata"]["resourceVersion"] == "7"
        owners = api.body("patch s")["metadata"]["managedFields"]
        assert [entry["manager"] for entry in owners] == ["metallb-operator"]

    async def test_only_applies_what_has_gone_meanwhile(self, tmp_path: Path) -> None:
        api = self.api(get=NOT_FOUND)
        assert (await carry_out(self.PLAN, api, tmp_path)).failures == ()
        assert written(api) == ["get s", "apply s"]

    async def test_reads_again_when_somebody_was_faster(self, tmp_path: Path) -> None:
        api = self.api(put=[CONFLICT, CONFLICT, lambda: web.json_response(self.FOUND)])
        assert (await carry_out(self.PLAN, api, tmp_path)).failures == ()
        assert written(api) == [*["get s", "put s"] * 3, "patch s", "apply s"]

    async def test_gives_up_for_now_when_somebody_always_is(self, tmp_path: Path) -> None:
        api = self.api(put=CONFLICT)
        outcome = await carry_out(self.PLAN, api, tmp_path)
        assert written(api) == ["get s", "put s"] * 3
        assert [type(failure.error) for failure in outcome.failures] == [ConflictError]

    @pytest.mark.parametrize("verb", ["get", "put", "patch", "apply"])
    async def test_stops_at_what_is_refused(self, verb: str, tmp_path: Path) -> None:
        api = self.api(**{verb: FORBIDDEN})
        outcome = await carry_out(self.PLAN, api, tmp_path)
        assert written(api)[-1] == f"{verb} s"
        assert [type(failure.error) for failure in outcome.failures] == [ForbiddenError]


class TestCreatingOnce:
    PLAN = Plan(applies=(apply("Secret", "s", create_only=True),))
    THERE = stored("Secret", "s", resourceVersion="3")

    async def test_creates(self, tmp_path: Path) -> None:
        api = Api()
        outcome = await carry_out(self.PLAN, api, tmp_path)
        assert written(api) == ["create s"]
        assert [ref_of(manifest).name for manifest in outcome.stored] == ["s"]

    async def test_returns_what_somebody_else_has_created(self, tmp_path: Path) -> None:
        api = Api({"create s": EXISTS, "get s": lambda: web.json_response(self.THERE)})
        assert await carry_out(self.PLAN, api, tmp_path) == Outcome(stored=(self.THERE,))
        assert written(api) == ["create s", "get s"]

    async def test_returns_nothing_if_that_has_gone_again(self, tmp_path: Path) -> None:
        api = Api({"create s": EXISTS, "get s": NOT_FOUND})
        assert await carry_out(self.PLAN, api, tmp_path) == Outcome()


class TestDeleting:
    async def test_concerns_one_incarnation(self, tmp_path: Path) -> None:
        api = Api()
        await carry_out(Plan(deletes=(delete("Secret", "s"),)), api, tmp_path)
        assert api.body("delete s")["preconditions"] == {"uid": "1"}

    @pytest.mark.parametrize("answered", [NOT_FOUND, CONFLICT])
    async def test_is_done_when_that_one_is_gone(self, answered: Answer, tmp_path: Path) -> None:
        step = delete("Secret", "s")
        outcome = await carry_out(Plan(deletes=(step,)), Api({"delete s": answered}), tmp_path)
        assert outcome == Outcome(deleted=(step,))

    @pytest.mark.parametrize(
        ("step", "propagation"),
        [
            (delete("Deployment", "s", replaced=True), "Foreground"),
            (delete("Deployment", "s"), "Background"),
            (delete("DaemonSet", "s", replaced=True), "Background"),
            (delete("ConfigMap", "s", replaced=True), "Background"),
        ],
    )
    async def test_of_a_controller_that_comes_back_waits_for_its_pods(
        self, step: Delete, propagation: str, tmp_path: Path
    ) -> None:
        api = Api()
        await carry_out(Plan(deletes=(step,)), api, tmp_path)
        assert api.body("delete s")["propagationPolicy"] == propagation

    async def test_one_by_one_raises(self, tmp_path: Path) -> None:
        async with answering(Api({"delete s": FORBIDDEN}), tmp_path) as client:
            with pytest.raises(ForbiddenError):
                await delete_one(client, ref("Secret", "s"), "1")


async def test_no_answer_at_all_is_a_failure_like_any_other(tmp_path: Path) -> None:
    nobody = write_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1")
    plan = Plan(applies=(apply("Secret", "s"),))
    async with KubeClient.connect(nobody) as client:
        outcome = await execute(plan, client, parent=parent("Secret"), parent_ref=PARENT)
    assert [(failure.ref.name, type(failure.error)) for failure in outcome.failures] == [
        ("s", UnreachableError)
    ]
