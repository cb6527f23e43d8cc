"""Values of MetalLB's own chart as a MetalLB object."""

from typing import Any

import pytest

from metallb_cli.helmvalues import metallb_for
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_operator.intent import Intent, intent_of
from metallb_operator.settings import Settings

LOST = "Not carried over: "
WAY = "save the values (`helm get values`), and give them to `kubectl metallb migrate -f`."
NATIVE = {"speaker": {"frr": {"enabled": False}}, "frrk8s": {"enabled": False}}


def spec(given: dict[str, Any], computed: dict[str, Any] | None = None) -> dict[str, Any]:
    found = metallb_for(computed or NATIVE, given, "v0.16.1", "m").manifest["spec"]
    assert MetalLB.parse({"metadata": {}, "spec": found}) is not None
    return {key: value for key, value in found.items() if key not in {"bgpBackend", "version"}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"loadBalancerClass": "x/y"}, {"loadBalancerClass": "x/y"}),
        ({"loadBalancerClass": ""}, {}),
        ({"imagePullSecrets": [{"name": "a"}, "b"]}, {"images": {"pullSecrets": ["a", "b"]}}),
        ({"imagePullSecrets": "a"}, {"images": {"pullSecrets": ["a"]}}),
        ({"controller": {"logLevel": "debug"}}, {"logLevel": "debug"}),
        ({"speaker": {"nodeSelector": {"a.b/c": "d"}}}, {"nodeSelector": {"a.b/c": "d"}}),
        (
            {"controller": {"priorityClassName": "p", "podAnnotations": {"a": "b"}}},
            {"controllerConfig": {"priorityClassName": "p", "annotations": {"a": "b"}}},
        ),
        ({"speaker": {"memberlist": {"enabled": False}}}, {"memberlist": {"enabled": False}}),
        (
            {"speaker": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 2}}}},
            {"updateStrategy": {"speaker": {"maxUnavailable": 2}}},
        ),
        (
            {"frr-k8s": {"frrk8s": {"alwaysBlock": "10.0.0.0/8,192.0.2.0/24"}}},
            {"frrk8sConfig": {"alwaysBlock": ["10.0.0.0/8", "192.0.2.0/24"]}},
        ),
        (
            {"prometheus": {"prometheusRule": {"enabled": True, "additionalLabels": {"a": "b"}}}},
            {"metrics": {"prometheusRule": {"enabled": True, "labels": {"a": "b"}}}},
        ),
    ],
)
def test_values(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert spec(given) == expected


@pytest.mark.parametrize(
    ("computed", "backend"),
    [
        (NATIVE, "native"),
        ({"speaker": {}}, "native"),
        ({"speaker": {"frr": {"enabled": True}}}, "frr"),
        ({"frrk8s": {"enabled": True}}, "frr-k8s"),
        ({"frrk8s": {"external": True, "enabled": False}}, "frr-k8s-external"),
    ],
)
def test_the_backend_is_the_one_that_runs(computed: dict[str, Any], backend: str) -> None:
    found = metallb_for(computed, {}, "v0.15.3", "m").manifest["spec"]
    assert found == {"bgpBackend": backend, "version": "0.15.3"}


@pytest.mark.parametrize(
    ("given", "notes"),
    [
        ({"rbac": {"create": True}}, ()),
        ({"speaker": {"secretName": "s"}}, ("Not carried over: speaker.secretName.",)),
        (
            {"speaker": {"enabled": False}},
            (f"{LOST}speaker.enabled: false; speakers run and announce, whatever else does.",),
        ),
        (
            {"controller": {"enabled": False}},
            (f"{LOST}controller.enabled: false; the controller runs and gives addresses away.",),
        ),
        ({"speaker": {"enabled": True}, "controller": {"enabled": True}}, ()),
        (
            {"configInline": {"peers": [{}], "address-pools": [{}]}},
            (f"{LOST}configInline, of MetalLB before 0.13: {WAY}",),
        ),
        (
            {"controller": {"image": {"repository": "r", "tag": None}}},
            ("Not carried over: controller.image.repository.",),
        ),
    ],
)
def test_what_cannot_be_carried_over_is_told(given: dict[str, Any], notes: tuple[str, ...]) -> None:
    assert metallb_for(NATIVE, given, "v0.16.1", "m").notes == notes


def test_values_of_a_dependency_are_named_by_their_place() -> None:
    found = metallb_for(NATIVE, {"speaker": {"secretName": "s"}}, "v0.16.1", "m", "lb.")
    assert found.notes == ("Not carried over: lb.speaker.secretName.",)


def test_a_backend_that_no_default_tells_is_not_guessed() -> None:
    found = metallb_for({"rbac": {}}, {}, "v0.16.1", "m")
    assert found.manifest["spec"] == {"version": "0.16.1"}
    assert "set spec.bgpBackend" in found.notes[0]


@pytest.mark.parametrize(("version", "said"), [("v0.14.9", "MetalLB 0.14.9"), ("", "an unknown")])
def test_a_release_that_cannot_be_run_is_told(version: str, said: str) -> None:
    found = metallb_for(NATIVE, {}, version, "m")
    assert "version" not in found.manifest["spec"]
    assert said in found.notes[0]


def test_the_object_can_be_had() -> None:
    found = metallb_for(NATIVE, {"controller": {"logLevel": "debug"}}, "v0.16.1", "m").manifest
    assert isinstance(intent_of(found, Settings(namespace="m")), Intent)
