"""What a webhook process counts of itself, for Prometheus."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from metallb_webhooks.reading import REVIEWED
from metallb_webhooks.review import ReviewRequest, Verdict

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_KINDS: Final = frozenset(kind for _, kind in REVIEWED)


class Metrics:
    """Every series of the process, in a registry of its own."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self._reviews = Counter(
            "metallb_webhooks_reviews_total",
            "Reviews answered, by kind, operation and verdict (allowed, denied or error).",
            ["kind", "operation", "verdict"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "metallb_webhooks_review_seconds",
            "Time from the whole request to its answer.",
            ["kind"],
            registry=self.registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )
        self._findings = Counter(
            "metallb_webhooks_findings_total",
            "Rules that did not hold, denials and warnings alike; docs/rules.md explains each.",
            ["rule"],
            registry=self.registry,
        )
        self._malformed = Counter(
            "metallb_webhooks_malformed_requests_total",
            "Requests that were no AdmissionReview, by HTTP status.",
            ["status"],
            registry=self.registry,
        )
        self._confirmations = Counter(
            "metallb_webhooks_confirmations_total",
            "Times that another replica decided (forward) or what is stored was read (refresh), and"
            " whether that was had in time (done) or not (failed).",
            ["step", "outcome"],
            registry=self.registry,
        )
        self.silent_seconds = Gauge(
            "metallb_webhooks_cache_silent_seconds",
            "For how long the quietest watch has not been heard of.",
            registry=self.registry,
        )
        self.behind_seconds = Gauge(
            "metallb_webhooks_cache_behind_seconds",
            "For how long no watch has been open of the kind of which that is so the longest. What"
            " is stored is read for each review meanwhile.",
            registry=self.registry,
        )
        self.unreadable = Gauge(
            "metallb_webhooks_unreadable_objects",
            "Stored objects that cannot be read and are left out of account.",
            registry=self.registry,
        )
        self.certificate_seconds = Gauge(
            "metallb_webhooks_certificate_expiry_seconds",
            "How long the certificate that is served is still valid.",
            registry=self.registry,
        )

    def reviewed(self, request: ReviewRequest, verdict: Verdict, seconds: float) -> None:
        """Count a review that was answered."""
        # Whoever reaches the port could otherwise make up series without end.
        kind = request.kind if request.kind in _KINDS else "other"
        word = "allowed" if verdict.allowed else "denied" if verdict.rules else "error"
        self._reviews.labels(kind, request.operation, word).inc()
        self._seconds.labels(kind).observe(seconds)
        for rule in verdict.rules:
            self._findings.labels(rule).inc()

    def malformed(self, status: int) -> None:
        """Count a request that was none."""
        self._malformed.labels(str(status)).inc()

    def confirmed(self, step: str, done: bool) -> None:  # noqa: FBT001 - a callback's arguments
        """Count whether the replica that decides, or the API server, has answered."""
        self._confirmations.labels(step, "done" if done else "failed").inc()

    def text(self) -> bytes:
        """Return every series in Prometheus' text format."""
        return generate_latest(self.registry)
