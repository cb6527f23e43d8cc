"""What the operator process counts of itself, for Prometheus."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from metallb_operator.conditions import Truth, Verdict
from metallb_operator.execute import Outcome
from metallb_operator.plan import Plan

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Every series of the process, in a registry of its own."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "metallb_operator_reconcile_seconds",
            "Time that one look at the MetalLB object took.",
            registry=self.registry,
            buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )
        self.failures = Counter(
            "metallb_operator_reconcile_failures_total",
            "Looks at which a write was refused or not answered.",
            registry=self.registry,
        )
        self.writes = Counter(
            "metallb_operator_writes_total",
            "Objects written, by kind and cause.",
            ["kind", "cause"],
            registry=self.registry,
        )
        self.drift = Counter(
            "metallb_operator_drift_repaired_total",
            "Objects that somebody else had deleted or edited, and that were put right.",
            ["kind", "name"],
            registry=self.registry,
        )
        self.conditions = Gauge(
            "metallb_operator_condition",
            "Conditions of the MetalLB object: 1 for True, 0 for False, -1 for Unknown.",
            ["type"],
            registry=self.registry,
        )
        self.leader = Gauge(
            "metallb_operator_leader",
            "1 while this process acts, 0 while it waits for another one.",
            registry=self.registry,
        )
        self.requests = Gauge(
            "metallb_operator_api_requests",
            "Requests sent to the API server since the start.",
            registry=self.registry,
        )
        self.helm_runs = Gauge(
            "metallb_operator_helm_runs",
            "How often helm was run since the start.",
            registry=self.registry,
        )

    def executed(self, plan: Plan, outcome: Outcome) -> None:
        """Count what has become of a plan."""
        failed = {failure.ref for failure in outcome.failures}
        if failed:
            self.failures.inc()
        for step in plan.applies:
            if step.ref not in failed:
                self.writes.labels(step.ref.kind, step.cause.value).inc()
                if step.cause.is_drift:
                    self.drift.labels(step.ref.kind, step.ref.name).inc()

    def judged(self, verdicts: Iterable[Verdict]) -> None:
        """Show the conditions."""
        numbers = {Truth.TRUE: 1, Truth.FALSE: 0, Truth.UNKNOWN: -1}
        for verdict in verdicts:
            self.conditions.labels(verdict.type.value).set(numbers[verdict.truth])

    def text(self) -> bytes:
        """Return every series in Prometheus' text format."""
        return generate_latest(self.registry)
