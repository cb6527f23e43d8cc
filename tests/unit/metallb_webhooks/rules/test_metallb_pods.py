"""What the API server would refuse in MetalLB's pods is refused in the object already."""

from dataclasses import replace
from typing import Any

import pytest

from metallb_webhooks.rules.base import Severity
from metallb_webhooks.rules.registry import evaluate
from support.judging import by_rule, judge, request
from support.samples import metallb

PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
TERM: dict[str, Any] = {"topologyKey": "kubernetes.io/hostname"}
SHA = "sha256:" + "0" * 64


def tolerated(**toleration: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {"speakerTolerations": [{"operator": "Exists"}, toleration]}


def drawn(affinity: dict[str, Any]) -> dict[str, Any]:
    return {"speakerConfig": {"affinity": affinity}}


def nodes_required(*terms: dict[str, Any]) -> dict[str, Any]:
    return drawn({"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}})


def expression(operator: str, *values: str, key: str = "a") -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def sized(**resources: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {"controllerConfig": {"resources": resources}}


NODE_TERMS = f"spec.speakerConfig.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
AMOUNTS = "spec.controllerConfig.resources"

TOLERATIONS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"key": "a", "effect": "NoSchedule", "tolerationSeconds": 5},
        "tolerationSeconds",
        "5",
    ),
    ({"key": "a", "tolerationSeconds": 0}, "tolerationSeconds", "set the effect"),
    ({"key": "a", "effect": "Evict"}, "effect", "'Evict'"),
    ({"key": "a", "operator": "In"}, "operator", "use Equal or Exists"),
    ({"value": "x"}, "key", "is missing"),
    ({"key": "a b"}, "key", "'a b'"),
    ({"key": "a", "operator": "Exists", "value": "x"}, "value", "'x'"),
    ({"key": "a", "value": "a b"}, "value", "'a b'"),
]

REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    *[
        ("metallb-toleration", tolerated(**given), f"spec.speakerTolerations[1].{field}", piece)
        for given, field, piece in TOLERATIONS
    ],
    (
        "metallb-toleration",
        {"controllerTolerations": [{"key": "a", "effect": "x"}]},
        "spec.controllerTolerations[0].effect",
        "'x'",
    ),
    *[
        (
            "metallb-affinity-weight",
            drawn({field: {PREFERRED: [{"weight": 1, **what}, {"weight": weight, **what}]}}),
            f"spec.speakerConfig.affinity.{field}.{PREFERRED}[1].weight",
            f"{weight} is no weight",
        )
        for field, what in (
            ("nodeAffinity", {"preference": {}}),
            ("podAffinity", {"podAffinityTerm": TERM}),
            ("podAntiAffinity", {"podAffinityTerm": TERM}),
        )
        for weight in (0, 101)
    ],
    ("metallb-affinity-terms", nodes_required(), NODE_TERMS, "give at least one"),
    *[
        (
            "metallb-affinity-terms",
            nodes_required({}, term),
            f"{NODE_TERMS}[1].matchExpressions[0].{field}",
            piece,
        )
        for term, field, piece in [
            (expression("in", "x"), "operator", "'in'"),
            (expression("In"), "values", "at least one"),
            (expression("Exists", "x"), "values", "takes no values"),
            (expression("Gt", "1", "2"), "values", "exactly one"),
            (expression("Exists", key="a b"), "key", "'a b'"),
        ]
    ],
    *[
        (
            "metallb-affinity-terms",
            nodes_required({"matchFields": [field]}),
            f"{NODE_TERMS}[0].matchFields[0]",
            "metadata.name",
        )
        for field in [
            {"key": "metadata.uid", "operator": "In", "values": ["x"]},
            {"key": "metadata.name", "operator": "In", "values": ["x", "y"]},
            {"key": "metadata.name", "operator": "Exists", "values": ["x"]},
        ]
    ],
    (
        "metallb-affinity-terms",
        drawn({"nodeAffinity": {PREFERRED: [{"weight": 1, "preference": expression("In")}]}}),
        (
            f"spec.speakerConfig.affinity.nodeAffinity.{PREFERRED}[0].preference"
            ".matchExpressions[0].values"
        ),
        "at least one",
    ),
    (
        "metallb-affinity-terms",
        drawn({"podAffinity": {REQUIRED: [{"topologyKey": ""}]}}),
        f"spec.speakerConfig.affinity.podAffinity.{REQUIRED}[0].topologyKey",
        "kubernetes.io/hostname",
    ),
    (
        "metallb-affinity-terms",
        drawn({"podAntiAffinity": {REQUIRED: [TERM | {"labelSelector": expression("In")}]}}),
        (
            f"spec.speakerConfig.affinity.podAntiAffinity.{REQUIRED}[0].labelSelector"
            ".matchExpressions[0].values"
        ),
        "at least one",
    ),
    (
        "metallb-affinity-terms",
        drawn(
            {
                "podAffinity": {
                    PREFERRED: [
                        {
                            "weight": 1,
                            "podAffinityTerm": TERM | {"namespaceSelector": expression("In")},
                        }
                    ]
                }
            }
        ),
        (
            f"spec.speakerConfig.affinity.podAffinity.{PREFERRED}[0].podAffinityTerm"
            ".namespaceSelector.matchExpressions[0].values"
        ),
        "at least one",
    ),
    ("metallb-labels", {"nodeSelector": {"a b": "c"}}, "spec.nodeSelector", "'a b'"),
    (
        "metallb-labels",
        {"controllerNodeSelector": {"a": "b c"}},
        "spec.controllerNodeSelector[a]",
        "'b c'",
    ),
    *[
        (
            "metallb-labels",
            {"metrics": {field: {"labels": {"a": "b c"}}}},
            f"spec.metrics.{field}.labels[a]",
            "'b c'",
        )
        for field in ("serviceMonitor", "podMonitor", "prometheusRule")
    ],
    (
        "metallb-annotations",
        {"speakerConfig": {"annotations": {"a b": "x"}}},
        "spec.speakerConfig.annotations",
        "'a b'",
    ),
    (
        "metallb-annotations",
        {"controllerConfig": {"annotations": {"a": "x" * 256 * 1024}}},
        "spec.controllerConfig.annotations",
        "262145 bytes",
    ),
    (
        "metallb-names",
        {"speakerConfig": {"priorityClassName": "High"}},
        "spec.speakerConfig.priorityClassName",
        "'High'",
    ),
    (
        "metallb-names",
        {"controllerConfig": {"runtimeClassName": "a_b"}},
        "spec.controllerConfig.runtimeClassName",
        "'a_b'",
    ),
    ("metallb-names", {"images": {"pullSecrets": ["a", ""]}}, "spec.images.pullSecrets[1]", "''"),
    (
        "metallb-names",
        {"frrk8sConfig": {"namespace": "a" * 254}},
        "spec.frrk8sConfig.namespace",
        "no object can have",
    ),
    *[
        ("metallb-images", {"images": {"registry": text}}, "spec.images.registry", repr(text))
        for text in ("https://mirror.example", "mirror.example//x", "a b", "-x", "mirror.example:")
    ],
    *[
        ("metallb-images", {"images": {field: text}}, f"spec.images.{field}", repr(text))
        for field, text in (
            ("controller", "quay.io/metallb/Controller:v1"),
            ("speaker", " quay.io/metallb/speaker"),
            ("frr", "quay.io/frr:"),
            ("frrK8s", "quay.io/frr@sha256:0"),
        )
    ],
    (
        "metallb-resources",
        sized(requests={"cpu": "2"}, limits={"cpu": "1999m"}),
        f"{AMOUNTS}.requests[cpu]",
        "'2' exceeds the limit '1999m'",
    ),
    (
        "metallb-resources",
        sized(limits={"memory": "-1Mi"}),
        f"{AMOUNTS}.limits[memory]",
        "negative",
    ),
    ("metallb-resources", sized(requests={"cpu": "1 m"}), f"{AMOUNTS}.requests[cpu]", "100m"),
    ("metallb-resources", sized(limits={"gpu": 1}), f"{AMOUNTS}.limits[gpu]", "no resource 'gpu'"),
    (
        "metallb-resources",
        sized(requests={"example.com/x": 1}, limits={"example.com/x": 2}),
        f"{AMOUNTS}.requests[example.com/x]",
        "must equal the limit",
    ),
    (
        "metallb-resources",
        sized(requests={"hugepages-2Mi": "2Mi"}),
        f"{AMOUNTS}.requests[hugepages-2Mi]",
        "which is None",
    ),
    (
        "metallb-resource-claims",
        sized(claims=[{"name": "gpu"}]),
        f"{AMOUNTS}.claims[0]",
        "'gpu'",
    ),
]

HELD: list[dict[str, Any]] = [
    tolerated(key="a", effect="NoExecute", tolerationSeconds=5),
    tolerated(key="example.com/a", value="x", operator="Equal"),
    tolerated(effect="NoSchedule", operator="Exists"),
    drawn(
        {
            "nodeAffinity": {
                REQUIRED: {
                    "nodeSelectorTerms": [
                        expression("In", "x", "y"),
                        expression("Gt", "1"),
                        expression("DoesNotExist"),
                        {
                            "matchFields": [
                                {"key": "metadata.name", "operator": "In", "values": ["n"]}
                            ]
                        },
                    ]
                },
                PREFERRED: [{"weight": 100, "preference": expression("NotIn", "x")}],
            },
            "podAffinity": {PREFERRED: [{"weight": 1, "podAffinityTerm": TERM}]},
            "podAntiAffinity": {REQUIRED: [TERM | {"labelSelector": {"matchLabels": {"a": "b"}}}]},
        }
    ),
    drawn({}),
    {
        "nodeSelector": {"example.com/a": ""},
        "metrics": {"serviceMonitor": {"enabled": True, "labels": {"a": "b"}}},
    },
    {"speakerConfig": {"annotations": {"Example.COM/A_b": "any text\n"}}},
    {"speakerConfig": {"priorityClassName": "a.b-c", "runtimeClassName": "kata"}},
    {"images": {"registry": "registry.example:5000/a/b__c/", "pullSecrets": ["a.b"]}},
    {"images": {"registry": "mirror", "controller": "controller", "speaker": "a/b:V_1.2-x"}},
    {"images": {"frr": f"h.example:1/a/b-c--d:t@{SHA}", "frrK8s": f"quay.io/a@{SHA}"}},
    sized(requests={"cpu": "1000m", "memory": "64Mi"}, limits={"cpu": 1, "memory": "1e9"}),
    sized(requests={"cpu": 1}),
    sized(requests={"example.com/x": "1"}, limits={"example.com/x": 1, "cpu": 0}),
]


@pytest.mark.parametrize(("rule", "spec", "path", "piece"), REFUSED)
def test_refused(rule: str, spec: dict[str, Any], path: str, piece: str) -> None:
    [finding] = by_rule(rule, judge(metallb(**spec)))
    assert finding.severity is Severity.DENY
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize("spec", HELD)
def test_held(spec: dict[str, Any]) -> None:
    assert judge(metallb(**spec)) == ()


def test_annotations_fill_their_room_to_the_last_byte() -> None:
    room = {"a": "x" * (256 * 1024 - 1)}
    assert judge(metallb(speakerConfig={"annotations": room})) == ()


@pytest.mark.parametrize(
    ("registries", "paths"), [((), []), (("quay.io",), ["spec.images.speaker"])]
)
def test_images_from_elsewhere_are_refused_where_that_is_set(
    registries: tuple[str, ...], paths: list[str]
) -> None:
    images = {"controller": "quay.io/metallb/controller:v1", "speaker": "evil.example/x:v1"}
    asked = replace(request(metallb(images=images)), registries=registries)
    found = by_rule("metallb-registries", evaluate(asked, "MetalLB"))
    assert [one.path for one in found] == paths
    assert all(one.severity is Severity.DENY for one in found)
