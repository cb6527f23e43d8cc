"""Rules on what MetalLB's pods are to be like: whatever the API server would refuse in them.

Source: Kubernetes 1.35, validation of pods, and of image references in distribution's grammar.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from metallb_crds import patterns
from metallb_crds.core import Quantity, ResourceRequirements, Toleration
from metallb_crds.operator_v1beta1 import ComponentConfig, MetalLB, MetalLBSpec
from metallb_webhooks.labelselectors import is_key, is_value, label_problems
from metallb_webhooks.quantities import QuantityError, parse
from metallb_webhooks.registries import forbidden
from metallb_webhooks.rules.base import Problem, Request, Rule
from metallb_webhooks.rules.metallbaffinity import METALLB_AFFINITY_RULES

EFFECTS: Final = ("NoSchedule", "PreferNoSchedule", "NoExecute")
STANDARD_RESOURCES: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
ANNOTATION_BYTES: Final = 256 * 1024

_REGISTRY: Final = re.compile(patterns.REGISTRY)
_IMAGE: Final = re.compile(patterns.IMAGE)
_NAME: Final = re.compile(patterns.NAME)


def _tolerations(request: Request[MetalLB]) -> Iterator[Problem]:
    spec = request.subject.spec
    for field, tolerations in (
        ("speakerTolerations", spec.speaker_tolerations),
        ("controllerTolerations", spec.controller_tolerations),
    ):
        for place, toleration in enumerate(tolerations):
            for name, message in _toleration(toleration):
                yield f"spec.{field}[{place}].{name}", message


def _toleration(toleration: Toleration) -> Iterator[Problem]:
    effect, operator = toleration.effect, toleration.operator
    if effect and effect not in EFFECTS:
        yield "effect", f"there is no {effect!r}; use {', '.join(EFFECTS)}, or none for all of them"
    if toleration.toleration_seconds is not None and effect != "NoExecute":
        message = (
            f"{toleration.toleration_seconds} is a time for taints with effect NoExecute, and the"
            f" effect here is {effect!r}; set the effect, or remove the time"
        )
        yield "tolerationSeconds", message
    if operator not in {"", "Equal", "Exists"}:
        yield "operator", f"there is no {operator!r}; use Equal or Exists"
    if not toleration.key and operator != "Exists":
        yield "key", "is missing; set it, or the operator Exists to tolerate every taint"
    if toleration.key and not is_key(toleration.key):
        yield "key", f"{toleration.key!r} is no key that a taint can have; correct it"
    if operator == "Exists" and toleration.value:
        yield "value", f"Exists takes no value such as {toleration.value!r}; remove it"
    if operator != "Exists" and not is_value(toleration.value):
        yield "value", f"{toleration.value!r} is no value that a taint can have; correct it"


def _labels(request: Request[MetalLB]) -> Iterator[Problem]:
    for path, labels in _label_maps(request.subject.spec):
        yield from label_problems(path, labels)


def _label_maps(spec: MetalLBSpec) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "spec.nodeSelector", spec.node_selector
    yield "spec.controllerNodeSelector", spec.controller_node_selector
    if spec.metrics and spec.metrics.service_monitor:
        yield "spec.metrics.serviceMonitor.labels", spec.metrics.service_monitor.labels
    if spec.metrics and spec.metrics.pod_monitor:
        yield "spec.metrics.podMonitor.labels", spec.metrics.pod_monitor.labels
    if spec.metrics and spec.metrics.prometheus_rule:
        yield "spec.metrics.prometheusRule.labels", spec.metrics.prometheus_rule.labels


def _annotations(request: Request[MetalLB]) -> Iterator[Problem]:
    for path, config in _components(request.subject.spec):
        for key in config.annotations:
            if not is_key(key.lower()):
                message = (
                    f"{key!r} is no key that an annotation can have; write one such as"
                    " example.com/name"
                )
                yield f"{path}.annotations", message
        size = sum(len(f"{key}{text}".encode()) for key, text in config.annotations.items())
        if size > ANNOTATION_BYTES:
            message = f"{size} bytes are too many for annotations; use at most {ANNOTATION_BYTES}"
            yield f"{path}.annotations", message


def _names(request: Request[MetalLB]) -> Iterator[Problem]:
    for path, name in _named(request.subject.spec):
        if not (len(name) <= patterns.NAME_MAX and _NAME.fullmatch(name)):
            message = (
                f"no object can have the name {name!r}; use lower-case letters, digits, '-' and"
                " '.', beginning and ending with a letter or digit"
            )
            yield path, message


def _named(spec: MetalLBSpec) -> Iterator[tuple[str, str]]:
    for path, config in _components(spec):
        if config.priority_class_name:
            yield f"{path}.priorityClassName", config.priority_class_name
        if config.runtime_class_name:
            yield f"{path}.runtimeClassName", config.runtime_class_name
    for place, name in enumerate(spec.images.pull_secrets if spec.images else ()):
        yield f"spec.images.pullSecrets[{place}]", name
    if spec.frrk8s_config and spec.frrk8s_config.namespace:
        yield "spec.frrk8sConfig.namespace", spec.frrk8s_config.namespace


def _images(request: Request[MetalLB]) -> Iterator[Problem]:
    images = request.subject.spec.images
    if images is None:
        return
    if images.registry and not _REGISTRY.fullmatch(images.registry):
        message = (
            f"{images.registry!r} is no registry; write a host with an optional port and path, such"
            " as registry.example:5000/mirror, without https://"
        )
        yield "spec.images.registry", message
    for field, image in (
        ("controller", images.controller),
        ("speaker", images.speaker),
        ("frr", images.frr),
        ("frrK8s", images.frr_k8s),
    ):
        if image and not _IMAGE.fullmatch(image):
            message = (
                f"{image!r} is no image reference; write one such as"
                " quay.io/metallb/speaker:v0.16.1, or with a digest"
            )
            yield f"spec.images.{field}", message


def _registries(request: Request[MetalLB]) -> Iterator[Problem]:
    images = request.subject.spec.images
    if images is not None:
        yield from forbidden(images, request.registries)


def _resources(request: Request[MetalLB]) -> Iterator[Problem]:
    for path, config in _components(request.subject.spec):
        if config.resources:
            for name, message in _resource_problems(config.resources):
                yield f"{path}.resources.{name}", message


def _resource_problems(resources: ResourceRequirements) -> Iterator[Problem]:
    for field, amounts in (("limits", resources.limits), ("requests", resources.requests)):
        for name, quantity in amounts.items():
            yield from _amount(f"{field}[{name}]", name, quantity)
    for name, quantity in resources.requests.items():
        yield from _excess(name, quantity, resources.limits.get(name))


def _amount(path: str, name: str, quantity: Quantity) -> Iterator[Problem]:
    known = name in STANDARD_RESOURCES or name.startswith("hugepages-") or "/" in name
    if not (known and is_key(name)):
        message = (
            f"there is no resource {name!r}; use cpu, memory or ephemeral-storage, or an extended"
            " resource such as example.com/device"
        )
        yield path, message
    try:
        if parse(quantity) < 0:
            yield path, f"{quantity!r} is negative; use 0 or more"
    except QuantityError as error:
        yield path, str(error)


def _excess(name: str, request: Quantity, limit: Quantity | None) -> Iterator[Problem]:
    try:
        asked, most = parse(request), None if limit is None else parse(limit)
    except QuantityError:
        return
    if name not in STANDARD_RESOURCES and asked != most:
        message = (
            f"{request!r} must equal the limit of {name}, which is {limit!r}; only cpu, memory and"
            " ephemeral-storage may have a higher one"
        )
        yield f"requests[{name}]", message
    elif most is not None and asked > most:
        message = f"{request!r} exceeds the limit {limit!r}; lower it, or raise the limit"
        yield f"requests[{name}]", message


def _claims(request: Request[MetalLB]) -> Iterator[Problem]:
    for path, config in _components(request.subject.spec):
        for place, claim in enumerate(config.resources.claims if config.resources else ()):
            message = f"the pods have no resource claim, and so not {claim.name!r}; remove it"
            yield f"{path}.resources.claims[{place}]", message


def _components(spec: MetalLBSpec) -> Iterator[tuple[str, ComponentConfig]]:
    if spec.controller_config:
        yield "spec.controllerConfig", spec.controller_config
    if spec.speaker_config:
        yield "spec.speakerConfig", spec.speaker_config


METALLB_POD_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "metallb-toleration",
        "Tolerations are ones that the API server accepts",
        _tolerations,
        source="MLB-01, MLB-02",
    ),
    *METALLB_AFFINITY_RULES,
    Rule("metallb-labels", "Labels are ones that the API server accepts", _labels),
    Rule("metallb-annotations", "Annotations are ones that the API server accepts", _annotations),
    Rule("metallb-names", "What is named by the object can have such a name", _names),
    Rule("metallb-images", "Images and registry are references that can be pulled", _images),
    Rule(
        "metallb-registries",
        "Images come from where whoever runs the operator allows it",
        _registries,
    ),
    Rule(
        "metallb-resources",
        "Amounts of resources are not negative, and requests within limits",
        _resources,
    ),
    Rule("metallb-resource-claims", "No resource claims are used, as there are none", _claims),
)
