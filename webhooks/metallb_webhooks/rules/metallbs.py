"""Rules on MetalLB: what must hold of the object itself."""

from collections.abc import Iterator
from typing import Final

from metallb_crds.backend import Backend, backend_of
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_crds.versions import VERSIONS, version_of
from metallb_webhooks.addresses import GO_SPACE, AddressError, parse_cidr
from metallb_webhooks.goregexp import RegexpError, check
from metallb_webhooks.installation import METALLB, backend_in_effect
from metallb_webhooks.rules.base import Operation, Problem, Request, Rule, Severity
from metallb_webhooks.rules.metallbeffects import METALLB_EFFECT_RULES
from metallb_webhooks.rules.metallbpods import METALLB_POD_RULES
from metallb_webhooks.rules.metallbports import METALLB_PORT_RULES
from metallb_webhooks.rules.metallbtls import METALLB_TLS_RULES

PORT_MAX: Final = 65535


def _name(request: Request[MetalLB]) -> Iterator[Problem]:
    name = request.subject.metadata.name
    if name != METALLB:
        message = (
            f"there is one MetalLB object, and it is named {METALLB!r}: one named {name!r} would be"
            f" ignored; name it {METALLB!r}"
        )
        yield "metadata.name", message


def _version(request: Request[MetalLB]) -> Iterator[Problem]:
    version = request.subject.spec.version
    if version_of(version) is None:
        message = f"{version!r} cannot be run; use one of {', '.join(VERSIONS)}"
        yield "spec.version", message


def _backend(request: Request[MetalLB]) -> Iterator[Problem]:
    name = request.subject.spec.bgp_backend
    if backend_of(name) is None:
        yield "spec.bgpBackend", f"there is no backend {name!r}; use one of {', '.join(Backend)}"


def _external_namespace(request: Request[MetalLB]) -> Iterator[Problem]:
    config = request.subject.spec.frrk8s_config
    if _is_external(request.subject) and not (config and config.namespace):
        message = (
            "the backend frr-k8s-external needs the namespace of the frr-k8s that is there already;"
            " name it, or use the backend frr-k8s, which brings its own"
        )
        yield "spec.frrk8sConfig.namespace", message


def _always_block(request: Request[MetalLB]) -> Iterator[Problem]:
    config = request.subject.spec.frrk8s_config
    for place, entry in enumerate(config.always_block if config else ()):
        try:
            parse_cidr(entry.strip(GO_SPACE))
        except AddressError as error:
            yield f"spec.frrk8sConfig.alwaysBlock[{place}]", str(error)


def _passthrough(request: Request[MetalLB]) -> Iterator[Problem]:
    config = request.subject.spec.frrk8s_config
    if config and config.secret_passthrough and _is_external(request.subject):
        message = (
            f"no release up to {VERSIONS[-1]} has secret passthrough, and speakers would not start;"
            " remove it"
        )
        yield "spec.frrk8sConfig.secretPassthrough", message


def _frr_k8s_unused(request: Request[MetalLB]) -> Iterator[Problem]:
    config = request.subject.spec.frrk8s_config
    if config is None:
        return
    external, backend = _is_external(request.subject), backend_in_effect(request.subject)
    for field, given, used in (
        ("alwaysBlock", config.always_block, backend is Backend.FRR_K8S),
        ("namespace", config.namespace, external),
        ("secretPassthrough", config.secret_passthrough, external),
    ):
        if given and not used:
            message = f"has no effect with the backend {backend}; remove it, or change bgpBackend"
            yield f"spec.frrk8sConfig.{field}", message


def _image(request: Request[MetalLB]) -> Iterator[Problem]:
    if request.subject.spec.image:
        message = (
            f"{request.subject.spec.image!r} has no effect; name the images one by one under images"
        )
        yield "spec.image", message


def _exclude_interfaces(request: Request[MetalLB]) -> Iterator[Problem]:
    excluded = request.subject.spec.exclude_interfaces
    for place, pattern in enumerate(excluded.patterns if excluded and excluded.enabled else ()):
        try:
            check(pattern)
        except RegexpError as error:
            message = (
                f"{pattern!r} is no regular expression to Go ({error}), and speakers would not"
                " start; write one such as ^veth.*"
            )
            yield f"spec.excludeInterfaces.patterns[{place}]", message


def _memberlist(request: Request[MetalLB]) -> Iterator[Problem]:
    spec = request.subject.spec
    if spec.memberlist and not spec.memberlist.enabled and spec.node_selector:
        message = (
            "without memberlist MetalLB takes every node for one that can answer at layer 2,"
            " whether or not nodeSelector lets a speaker run there; enable it, or remove"
            " nodeSelector"
        )
        yield "spec.memberlist.enabled", message


def _api_server_ports(request: Request[MetalLB]) -> Iterator[Problem]:
    policies = request.subject.spec.network_policies
    for place, port in enumerate(policies.api_server_ports if policies else ()):
        if not 1 <= port <= PORT_MAX:
            message = f"{port} is no port; use a number from 1 to {PORT_MAX}"
            yield f"spec.networkPolicies.apiServerPorts[{place}]", message


def _max_unavailable(request: Request[MetalLB]) -> Iterator[Problem]:
    strategy = request.subject.spec.update_strategy
    value = strategy.speaker.max_unavailable if strategy and strategy.speaker else None
    if value is not None and not _is_amount(value):
        message = (
            f"{value!r} is no number of speakers that may be missing at a time; write a number from"
            " 1, or a percentage from 1% to 100%"
        )
        yield "spec.updateStrategy.speaker.maxUnavailable", message


def _is_amount(value: int | str) -> bool:
    if isinstance(value, int):
        return value >= 1
    digits = value.removesuffix("%")
    known = value.endswith("%") and digits.isascii() and digits.isdigit() and len(digits) <= 3  # noqa: PLR2004 - digits of 100
    return known and 1 <= int(digits) <= 100  # noqa: PLR2004 - percent


def _no_node(request: Request[MetalLB]) -> Iterator[Problem]:
    spec, nodes = request.subject.spec, request.snapshot.nodes.values()
    for field, labels, what in (
        ("nodeSelector", spec.node_selector, "speaker"),
        ("controllerNodeSelector", spec.controller_node_selector, "controller"),
    ):
        wanted = labels.items()
        if labels and nodes and not any(wanted <= node.labels.items() for node in nodes):
            message = f"no Node matches, so that no {what} would run; label nodes, or correct it"
            yield f"spec.{field}", message


def _is_external(metallb: MetalLB) -> bool:
    return backend_in_effect(metallb) is Backend.FRR_K8S_EXTERNAL


METALLB_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "metallb-name",
        f"The MetalLB object is named {METALLB}",
        _name,
        operations=frozenset({Operation.CREATE}),
        source="MLB-10",
    ),
    Rule("metallb-version", "spec.version is a release that can be run", _version),
    Rule("metallb-backend", "bgpBackend is one that there is", _backend, source="MLB-07"),
    Rule(
        "metallb-external-namespace",
        "The backend frr-k8s-external is told where frr-k8s is",
        _external_namespace,
        source="MLB-08",
    ),
    Rule(
        "metallb-always-block",
        "Every entry of alwaysBlock is a prefix",
        _always_block,
        source="MLB-09",
    ),
    Rule(
        "metallb-secret-passthrough",
        "secretPassthrough is not asked of a release that does not have it",
        _passthrough,
        source="RUN-05",
    ),
    Rule(
        "metallb-frr-k8s-unused",
        "frrk8sConfig has nothing that the backend does not use",
        _frr_k8s_unused,
        Severity.WARN,
        source="MLB-12",
    ),
    Rule(
        "metallb-image-unused",
        "The deprecated field image is not set",
        _image,
        Severity.WARN,
    ),
    Rule(
        "metallb-exclude-interfaces",
        "Every pattern of excludeInterfaces is a regular expression to Go",
        _exclude_interfaces,
        source="RUN-05, GAP-33",
    ),
    Rule(
        "metallb-memberlist-nodes",
        "Without memberlist speakers run on all nodes",
        _memberlist,
        Severity.WARN,
        source="RUN-06",
    ),
    *METALLB_PORT_RULES,
    Rule(
        "metallb-api-server-ports",
        "apiServerPorts are ports",
        _api_server_ports,
    ),
    Rule(
        "metallb-max-unavailable",
        "maxUnavailable is a positive number, or a percentage from 1% to 100%",
        _max_unavailable,
    ),
    Rule(
        "metallb-no-node",
        "nodeSelector and controllerNodeSelector match a Node",
        _no_node,
        Severity.WARN,
    ),
    *METALLB_EFFECT_RULES,
    *METALLB_TLS_RULES,
    *METALLB_POD_RULES,
)
