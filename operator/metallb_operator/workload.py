"""A workload, whoever has made it: enough of it to tell whether it gets in the way. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from metallb_kube.objects import Manifest
from metallb_operator.fields import at, count_at, is_terminating, name_of, text_at

_PLACING: Final = ("nodeSelector", "affinity", "tolerations", "hostNetwork")
_LONGEST: Final = 300
"""Of an image, an argument or a variable; none that is looked for is as long."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A DaemonSet or Deployment.

    Attributes:
        labels: those of its pods over its own.
        images: of its containers, without tag and digest.
        arguments: of all its containers, their commands included, as far as they are flags.
        environment: of all its containers, as far as values are given literally.
        borrowed: name and key of the ConfigMap that has the value of a variable.
        ports: of the node, that its pods listen on.
        placing: those fields of its pod spec that decide about nodes.
        replicas: that are asked for; of a DaemonSet 1.
        ready: pods that are ready, as its controller counts them.
        terminating: somebody has asked for its deletion.
        created: when, as the API server writes it; "" if it was not read there.
    """

    kind: str
    namespace: str
    name: str
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    borrowed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    ports: frozenset[int] = frozenset()
    placing: Manifest = field(default_factory=dict)
    replicas: int = 1
    ready: int = 0
    terminating: bool = False
    created: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def path(self) -> str:
        """Namespace and name, as annotations have them."""
        return f"{self.namespace}/{self.name}"

    @property
    def weight(self) -> int:
        """About how many bytes it takes."""
        return len(orjson.dumps(self, default=list))

    @property
    def programs(self) -> frozenset[str]:
        """The last parts of its images' names: "calico/node" counts as node and as a whole."""
        pairs = ("/".join(image.split("/")[-2:]) for image in self.images)
        return frozenset(pairs) | {image.rpartition("/")[2] for image in self.images}

    def flag(self, name: str) -> str | None:
        """Return the value of a command line flag, "true" for one without; None if not given."""
        for argument in self.arguments:
            head, given, value = argument.lstrip("-").partition("=")
            if argument.startswith("-") and head == name:
                return value if given else "true"
        return None


def workload_of(manifest: Manifest) -> Workload:
    """Read a DaemonSet or Deployment as the API server has it."""
    template = at(manifest, "spec", "template")
    pod = at(template, "spec") or {}
    containers = at(pod, "containers") or ()
    labels = at(manifest, "metadata", "labels") or {}
    return Workload(
        kind=manifest["kind"],
        namespace=text_at(manifest, "metadata", "namespace"),
        name=name_of(manifest),
        uid=text_at(manifest, "metadata", "uid"),
        labels={**labels, **(at(template, "metadata", "labels") or {})},
        images=tuple(_brief(_repository(text_at(c, "image")) for c in containers)),
        arguments=tuple(
            _brief(
                word
                for c in containers
                for word in (*(at(c, "command") or ()), *(at(c, "args") or ()))
                if word.startswith("-")
            )
        ),
        environment=dict(_environment(containers)),
        borrowed=dict(_borrowed(containers)),
        ports=frozenset(_ports(containers, own_network=not at(pod, "hostNetwork"))),
        placing={key: pod[key] for key in _PLACING if key in pod},
        replicas=count_at(manifest, "spec", "replicas") if manifest["kind"] == "Deployment" else 1,
        ready=count_at(manifest, "status", _READY[manifest["kind"]]),
        terminating=is_terminating(manifest),
        created=text_at(manifest, "metadata", "creationTimestamp"),
    )


_READY: Final = {"DaemonSet": "numberReady", "Deployment": "readyReplicas"}


def _brief(words: Iterable[str]) -> Iterator[str]:
    return (word for word in words if len(word) <= _LONGEST)


def _repository(image: str) -> str:
    """Return an image's name without tag and digest; a registry may have a port."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def _environment(containers: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    for container in containers:
        for variable in at(container, "env") or ():
            name, value = variable["name"], variable.get("value")
            if isinstance(value, str) and len(name) + len(value) <= _LONGEST:
                yield name, value


def _borrowed(containers: Any) -> Iterator[tuple[str, tuple[str, str]]]:  # noqa: ANN401 - JSON
    for container in containers:
        for variable in at(container, "env") or ():
            source = at(variable, "valueFrom", "configMapKeyRef")
            place = text_at(source, "name"), text_at(source, "key")
            if source and sum(map(len, (variable["name"], *place))) <= _LONGEST:
                yield variable["name"], place


def _ports(containers: Any, *, own_network: bool) -> Iterator[int]:  # noqa: ANN401 - JSON
    for container in containers:
        for port in at(container, "ports") or ():
            number = port.get("hostPort") or (0 if own_network else port.get("containerPort"))
            if number:
                yield int(number)
