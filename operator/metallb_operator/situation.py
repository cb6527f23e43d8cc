"""Everything that a status is made of, as one frozen value: a row of the truth table. Pure."""

from dataclasses import dataclass

from metallb_operator.component import Component
from metallb_operator.conditions import Reason


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, and what to do about it."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check that is a condition of its own.

    Attributes:
        done: whether it could be made.
        problems: what is wrong; each a sentence.
        warnings: what is legal, and harmful.
    """

    done: bool = False
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that the status is made of.

    Attributes:
        generation: of the MetalLB object.
        version: MetalLB release that is installed; "" if none is.
        backend: BGP backend that is installed.
        components: every workload that there should be.
        pulling: the workload that pulls their images first; None if there is none.
        problems: what keeps the operator from making the object true.
        beside: what is wrong and does not keep the operator from its work.
        waiting: steps that are put off, and why.
        removing: what the removal waits for; None if nothing is being removed.
        unseen: kinds of what workloads are judged by that cannot be read, or not any more.
        paused: the operator leaves everything as it is.
        handover: what a change of backend waits for, node by node.
        upgrading: "0.15.3 -> 0.16.1" while a change of release is under way.
        preflight: the cluster.
        configuration: everything stored, by the rules of admission.
    """

    generation: int
    version: str = ""
    backend: str = ""
    components: tuple[Component, ...] = ()
    pulling: Component | None = None
    problems: tuple[Problem, ...] = ()
    beside: tuple[Problem, ...] = ()
    waiting: tuple[str, ...] = ()
    removing: tuple[str, ...] | None = None
    unseen: tuple[str, ...] = ()
    paused: bool = False
    handover: tuple[str, ...] = ()
    upgrading: str = ""
    preflight: Checked = Checked()
    configuration: Checked = Checked()

    @property
    def workloads(self) -> tuple[Component, ...]:
        """Everything whose pods matter."""
        return (self.pulling, *self.components) if self.pulling else self.components


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what may last, in seconds."""

    grace: float
    progress: float
