"""What every object has: metadata, label selectors, conditions (apimachinery's meta/v1)."""

from collections.abc import Mapping
from typing import ClassVar, Final

from metallb_crds.base import Items, Model, required, schema

REASON_PATTERN: Final = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
TYPE_PATTERN: Final = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
)


class OwnerReference(Model):
    """An object that owns this one."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class ObjectMeta(Model):
    """The metadata that we read; the API server's own schema describes them."""

    name: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    generation: int = 0
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    finalizers: Items[str] = ()
    owner_references: Items[OwnerReference] = ()


class LabelSelectorRequirement(Model):
    """One expression of a label selector."""

    key: str = required("")
    """Label key that the expression is about."""
    operator: str = required("")
    """How the label is compared with the values: In, NotIn, Exists or DoesNotExist."""
    values: Items[str] = schema((), x_kubernetes_list_type="atomic")
    """Values to compare with: at least one for In and NotIn, none for Exists and DoesNotExist."""


class LabelSelector(Model):
    """Selects objects by their labels; an empty selector selects all."""

    match_expressions: Items[LabelSelectorRequirement] = schema((), x_kubernetes_list_type="atomic")
    """Expressions that must all hold."""
    match_labels: Mapping[str, str] = schema({})
    """Labels that must be present with exactly these values."""

    model_config = {"json_schema_extra": {"x-kubernetes-map-type": "atomic"}}


class Condition(Model):
    """One aspect of the state of an object (meta/v1 Condition)."""

    type: str = required("", maxLength=316, pattern=TYPE_PATTERN)
    """Which aspect this is, in CamelCase."""
    status: str = required("", enum=["True", "False", "Unknown"])
    """Whether it holds: True, False or Unknown."""
    reason: str = required("", maxLength=1024, minLength=1, pattern=REASON_PATTERN)
    """One CamelCase word for programs: why the status is what it is."""
    message: str = required("", maxLength=32768)
    """A sentence for people: why the status is what it is, and what to do about it."""
    last_transition_time: str = required("", format="date-time")
    """When the status last changed from one value to another."""
    observed_generation: int | None = schema(format="int64", minimum=0)
    """Generation of the object that the condition was computed from."""


class Resource(Model):
    """A kind of its own: what has an apiVersion, a kind and metadata."""

    api_version: ClassVar[str]
    kind: ClassVar[str]

    metadata: ObjectMeta = ObjectMeta()
