"""What a plan holds, for every way in which desired and observed may differ."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.applyset import HASH_ANNOTATION, PART_OF_LABEL
from metallb_operator.plan import (
    Cause,
    Delete,
    Held,
    Plan,
    make_plan,
    members,
    removal_key,
    stage_of,
)
from metallb_operator.reduce import reduced

OURS = "applyset-ours-v1"
APPS = ("DaemonSet", "Deployment")


def manifest(kind: str, name: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "apiVersion": "apps/v1" if kind in APPS else "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "metallb-system"},
        **fields,
    }


def config(name: str, **data: str) -> dict[str, Any]:
    return manifest("ConfigMap", name, data=data)


def member(declared: Manifest) -> dict[str, Any]:
    return dict(members([declared], OURS)[0])


def stored(declared: Manifest, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return what was declared as we would have stored it."""
    kept = member(declared)
    return {**kept, "metadata": {**kept["metadata"], "uid": "1", **metadata}}


def foreign(declared: Manifest, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    kept = {"uid": "1", "labels": {"app": "metallb"}, **metadata}
    return {**declared, "metadata": {**declared["metadata"], **kept}}


def edited(found: Manifest, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {**found, **fields}


def without(found: dict[str, Any], part: str, key: str) -> dict[str, Any]:
    kept = {name: value for name, value in found["metadata"][part].items() if name != key}
    return {**found, "metadata": {**found["metadata"], part: kept}}


def plan(
    desired: Sequence[Manifest],
    observed: Sequence[Manifest],
    *,
    settled: bool = False,
    create_only: frozenset[ObjectRef] = frozenset(),
    holds: Mapping[ObjectRef, str] | None = None,
) -> Plan:
    return make_plan(
        members(desired, OURS),
        {ref_of(found): reduced(found) for found in observed},
        applyset=OURS,
        settled=settled,
        create_only=create_only,
        holds=holds,
    )


A = config("a", key="1")
REF = ref_of(A)
OLD = stored(config("a", key="0"))

CAUSES = {
    "missing": (None, False, Cause.CREATED, []),
    "missing, but was there": (None, True, Cause.RESTORED, []),
    "declared otherwise before": (
        OLD,
        False,
        Cause.CHANGED,
        ["metadata.annotations.metallb.io/applied-hash", "data.key"],
    ),
    "edited": (edited(stored(A), data={"key": "2"}), False, Cause.REPAIRED, ["data.key"]),
    "emptied": (edited(stored(A), data=None), False, Cause.REPAIRED, ["data"]),
    "not labelled any more": (
        without(stored(A), "labels", PART_OF_LABEL),
        False,
        Cause.REPAIRED,
        [f"metadata.labels.{PART_OF_LABEL}"],
    ),
    "without its hash": (
        without(stored(A), "annotations", HASH_ANNOTATION),
        False,
        Cause.REPAIRED,
        [f"metadata.annotations.{HASH_ANNOTATION}"],
    ),
    "installed by somebody else": (
        foreign(A),
        False,
        Cause.ADOPTED,
        [f"metadata.labels.{PART_OF_LABEL}", "metadata.annotations"],
    ),
    "of another ApplySet": (
        stored(A, labels={PART_OF_LABEL: "applyset-other-v1"}, annotations={HASH_ANNOTATION: "x"}),
        False,
        Cause.ADOPTED,
        [f"metadata.labels.{PART_OF_LABEL}", f"metadata.annotations.{HASH_ANNOTATION}"],
    ),
}


@pytest.mark.parametrize(("found", "settled", "cause", "paths"), CAUSES.values(), ids=list(CAUSES))
def test_why_an_object_is_written(
    found: Manifest | None,
    settled: bool,  # noqa: FBT001 - a row of a table
    cause: Cause,
    paths: list[str],
) -> None:
    made = plan([A], [found] if found else [], settled=settled)
    (step,) = made.applies
    assert (step.ref, step.manifest, step.cause) == (REF, member(A), cause)
    assert sorted(difference.path for difference in step.differences) == sorted(paths)
    assert (made.deletes, made.held, made.unchanged) == ((), (), ())
    assert not made.is_empty


@pytest.mark.parametrize("cause", Cause)
def test_drift_is_what_somebody_else_has_done(cause: Cause) -> None:
    assert cause.is_drift == (cause in {Cause.RESTORED, Cause.REPAIRED})


@pytest.mark.parametrize(
    "found",
    [
        stored(A),
        stored(A, resourceVersion="7", managedFields=[{}], labels={PART_OF_LABEL: OURS, "b": "2"}),
        edited(stored(A), data={"key": "1", "theirs": "2"}),
    ],
)
def test_what_is_as_declared_is_not_written(found: Manifest) -> None:
    made = plan([A], [found])
    assert made == Plan(unchanged=(REF,))
    assert made.is_empty


def test_a_field_that_is_not_declared_any_more_is_a_change() -> None:
    before = stored(config("a", key="1", more="2"))
    (step,) = plan([A], [before]).applies
    assert step.cause is Cause.CHANGED


def test_secrets_are_compared_without_being_known() -> None:
    secret = manifest("Secret", "s", data={"key": "MQ=="})
    assert plan([secret], [stored(secret)]).is_empty
    (step,) = plan([secret], [edited(stored(secret), data={"key": "Mg=="})]).applies
    assert [difference.path for difference in step.differences] == ["data.key"]
    assert "MQ==" not in str(step.differences[0])


class TestCreateOnly:
    SECRET = manifest("Secret", "s", data={"key": "MQ=="})
    ONCE = frozenset({ref_of(SECRET)})

    def test_is_created(self) -> None:
        (step,) = plan([self.SECRET], [], create_only=self.ONCE).applies
        assert (step.create_only, step.cause) == (True, Cause.CREATED)

    def test_is_left_alone_ever_after(self) -> None:
        for found in (stored(self.SECRET), foreign(self.SECRET), edited(foreign(self.SECRET))):
            assert plan([self.SECRET], [found], create_only=self.ONCE).is_empty

    def test_is_waited_for_while_it_is_being_deleted(self) -> None:
        going = stored(self.SECRET, deletionTimestamp="2026-01-01T00:00:00Z")
        made = plan([self.SECRET], [going], create_only=self.ONCE)
        assert [held.ref for held in made.held] == [ref_of(self.SECRET)]

    def test_is_pruned_if_it_is_ours(self) -> None:
        assert [step.ref for step in plan([], [stored(self.SECRET)]).deletes] == [*self.ONCE]
        assert plan([], [foreign(self.SECRET)]).is_empty


class TestPruning:
    def test_takes_members_that_are_not_desired(self) -> None:
        made = plan([A], [stored(A), stored(config("b"), uid="2")])
        assert made.deletes == (Delete(ref_of(config("b")), "2"),)

    @pytest.mark.parametrize(
        "found", [foreign(A), stored(A, labels={PART_OF_LABEL: "applyset-other-v1"})]
    )
    def test_never_takes_anything_else(self, found: Manifest) -> None:
        assert plan([], [found]) == Plan()

    def test_asks_once(self) -> None:
        made = plan([], [stored(A, deletionTimestamp="2026-01-01T00:00:00Z")])
        assert made == Plan(going=(REF,))
        assert made.is_empty


@pytest.mark.parametrize(
    ("metadata", "why"),
    [({}, ""), ({"finalizers": ["x/a", "x/b"]}, " and held up by x/a, x/b")],
)
def test_what_is_being_deleted_comes_back_when_it_is_gone(
    metadata: dict[str, Any], why: str
) -> None:
    going = stored(A, deletionTimestamp="2026-01-01T00:00:00Z", **metadata)
    reason = f"ConfigMap a is being deleted{why}; it comes back when gone"
    assert plan([A], [going]) == Plan(held=(Held(REF, reason),))


def workload(kind: str, **selector: str) -> dict[str, Any]:
    return manifest(kind, "controller", spec={"selector": {"matchLabels": selector}})


FIXED = {
    "Deployment": (workload("Deployment", a="1"), workload("Deployment", a="2"), "spec.selector"),
    "DaemonSet": (workload("DaemonSet", a="1"), workload("DaemonSet", b="1"), "spec.selector"),
    "Service": (
        manifest("Service", "s", spec={"clusterIP": "None"}),
        manifest("Service", "s", spec={"clusterIP": "10.0.0.1"}),
        "spec.clusterIP",
    ),
    "Secret": (manifest("Secret", "s", type="a"), manifest("Secret", "s", type="b"), "type"),
    "immutable ConfigMap": (A, edited(config("a", key="2"), immutable=True), "data.key"),
}


@pytest.mark.parametrize(("wanted", "there", "path"), FIXED.values(), ids=FIXED)
class TestWhatCannotBeChanged:
    def test_is_made_anew_if_it_is_ours(self, wanted: Manifest, there: Manifest, path: str) -> None:
        ref = ref_of(wanted)
        made = plan([wanted], [stored(there)])
        assert made.deletes == (Delete(ref, "1", replaced=True),)
        text = f"{ref.kind} {ref.name} comes back when the old one is gone"
        assert (made.applies, made.held) == ((), (Held(ref, text),))
        assert path

    def test_is_left_and_reported_if_it_is_not(
        self, wanted: Manifest, there: Manifest, path: str
    ) -> None:
        ref = ref_of(wanted)
        made = plan([wanted], [foreign(there)])
        assert made.is_empty
        (held,) = made.held
        assert held.reason.startswith(f"{ref.kind} {ref.name} is not ours")
        assert f"({path} is " in held.reason


def test_an_immutable_config_map_that_is_as_declared_stays() -> None:
    assert plan([A], [edited(stored(A), immutable=True)]).is_empty


class TestHolds:
    B = config("b", key="1")
    HOLDS: Mapping[ObjectRef, str] = {REF: "wait"}

    def test_put_off_a_write(self) -> None:
        made = plan([A, self.B], [OLD], holds=self.HOLDS)
        assert [step.ref.name for step in made.applies] == ["b"]
        assert made.held == (Held(REF, "wait"),)

    def test_put_off_a_deletion(self) -> None:
        assert plan([], [OLD], holds=self.HOLDS) == Plan(held=(Held(REF, "wait"),))

    def test_put_off_a_replacement_and_say_so_once(self) -> None:
        wanted, there, _ = FIXED["Deployment"]
        ref = ref_of(wanted)
        made = plan([wanted], [stored(there)], holds={ref: "wait"})
        assert made == Plan(held=(Held(ref, "wait"),))

    def test_do_not_concern_what_is_as_declared(self) -> None:
        assert plan([A], [stored(A)], holds=self.HOLDS) == Plan(unchanged=(REF,))


MONITOR = {
    "apiVersion": "monitoring.coreos.com/v1",
    "kind": "ServiceMonitor",
    "metadata": {"name": "speaker", "namespace": "metallb-system"},
}
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "controller", "namespace": "metallb-system"},
}
IN_ORDER = [
    POLICY,
    config("frr-startup"),
    manifest("Secret", "key"),
    manifest("Service", "speaker"),
    manifest("Deployment", "controller"),
    manifest("DaemonSet", "frr-k8s"),
    manifest("DaemonSet", "speaker"),
    MONITOR,
]
STAGES = [0, 0, 0, 0, 1, 1, 2, 3]


@given(st.permutations(IN_ORDER))
def test_applies_come_in_stages_whatever_the_order_of_what_is_desired(
    desired: list[Manifest],
) -> None:
    made = plan(desired, [])
    assert [step.ref for step in made.applies] == [ref_of(wanted) for wanted in IN_ORDER]
    assert [step.stage for step in made.applies] == STAGES
    assert [len(stage) for stage in made.stages()] == [4, 2, 1, 1]


@given(st.permutations(IN_ORDER))
def test_deletions_come_in_the_reverse_order(left: list[Manifest]) -> None:
    made = plan([], [stored(found) for found in left])
    assert [stage_of(step.ref) for step in made.deletes] == STAGES[::-1]
    assert [f"{step.ref.kind} {step.ref.name}" for step in made.deletes] == [
        "ServiceMonitor speaker",
        "DaemonSet speaker",
        "DaemonSet frr-k8s",
        "Deployment controller",
        "Service speaker",
        "ConfigMap frr-startup",
        "Secret key",
        "NetworkPolicy controller",
    ]
    refs = [step.ref for step in made.deletes]
    assert sorted(refs, key=removal_key) == refs


def test_everything_that_is_or_becomes_a_member_is_known() -> None:
    going = stored(config("going"), deletionTimestamp="2026-01-01T00:00:00Z")
    observed = [stored(config("same")), stored(config("left")), going, OLD]
    made = plan([config("same"), config("new"), A], observed, holds={REF: "wait"})
    assert {ref.name for ref in made.refs} == {"same", "new", "left", "going", "a"}


class TestMembers:
    def test_carry_label_and_hash_beside_their_own(self) -> None:
        own = {**A, "metadata": {**A["metadata"], "labels": {"a": "1"}, "annotations": {"b": "2"}}}
        metadata = member(own)["metadata"]
        assert metadata["labels"] == {"a": "1", PART_OF_LABEL: OURS}
        assert metadata["annotations"].keys() == {"b", HASH_ANNOTATION}

    def test_have_the_hash_of_what_is_declared(self) -> None:
        hashes = [
            member(declared)["metadata"]["annotations"][HASH_ANNOTATION]
            for declared in (A, {**A, "spec": None, "extra": {}}, config("a", key="2"), config("b"))
        ]
        assert hashes[0] == hashes[1]
        assert len(set(hashes)) == 3

    def test_are_normalised(self) -> None:
        assert "spec" not in member({**A, "spec": {"a": None}})


objects = st.builds(
    lambda name, value: config(name, key=value), st.sampled_from("abcd"), st.sampled_from("12")
)
collections = st.lists(objects, max_size=4, unique_by=lambda item: str(item["metadata"]["name"]))


@given(collections, collections, collections)
def test_carrying_out_a_plan_arrives_and_touches_nobody_else(
    desired: list[Manifest], ours: list[Manifest], theirs: list[Manifest]
) -> None:
    world = {ref_of(found): foreign(found) for found in theirs}
    world |= {ref_of(found): stored(found) for found in ours}
    before = dict(world)
    made = plan(desired, list(world.values()))
    world |= {step.ref: dict(step.manifest) for step in made.applies}
    for step in made.deletes:
        del world[step.ref]
    again = plan(desired, list(world.values()))
    assert again == Plan(unchanged=tuple(sorted(ref_of(wanted) for wanted in desired)))
    wanted = {ref_of(declared) for declared in desired}
    mine = {ref_of(found) for found in ours}
    assert all(world[ref] == before[ref] for ref in before if ref not in wanted | mine)
