"""Why pods do not even exist, or wait for something that no pod says: by Events. Pure.

Sources: Kubernetes API reference, core/v1 Event; the reasons are those of the controllers of
workloads (`FailedCreate`) and of the kubelet (`FailedMount`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from metallb_kube.objects import Manifest
from metallb_operator.fields import at, condition_of, name_of, text_at, time_of
from metallb_operator.remedies import not_pulled, refused, with_remedy
from metallb_operator.troubles import NOBODY_KNOWS, Kind, Trouble
from metallb_operator.wording import stable

_STUCK: Final[Mapping[str, Kind]] = {
    "FailedMount": Kind.VOLUME,
    "FailedAttachVolume": Kind.VOLUME,
    "FailedCreatePodSandBox": Kind.PENDING,
}
_PULL: Final = "Failed to pull image"
_LASTING: Final = timedelta(seconds=10)
"""A mount fails once or twice at many a normal start; the kubelet then tries again."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What Events of one reason about one object come to."""

    message: str
    first: datetime
    last: datetime


def of_workload(
    workload: Manifest, warnings: Iterable[Manifest], *, youngest: datetime | None
) -> tuple[Trouble, ...]:
    """Return why a workload's pods are not created; to be asked only while some are missing.

    Args:
        workload: a Deployment (which says so itself) or a DaemonSet (which only has Events).
        warnings: Events of the namespace.
        youngest: when the workload's youngest pod was created; what was refused before that
            is not refused any more.
    """
    failure = condition_of(workload, "ReplicaFailure")
    if failure.get("status") == "True":
        since = time_of(str(failure.get("lastTransitionTime")))
        return (_refused(str(failure.get("message") or ""), since),)
    told = _told(warnings, workload, "FailedCreate")
    if told is None or (youngest and told.last < youngest):
        return ()
    return (_refused(told.message, told.first),)


def of_silence(workload: Manifest, accounts: Collection[str] | None) -> tuple[Trouble, ...]:
    """Return what can be said of pods that are missing where no Event says why.

    Controllers stop writing Events of one object after 25 of them (client-go, EventCorrelator).

    Args:
        workload: whose pods.
        accounts: names of the namespace's ServiceAccounts; None where they are not known: then
            nobody has looked for Events either.
    """
    if accounts is None:
        return ()
    account = text_at(workload, "spec", "template", "spec", "serviceAccountName")
    if account and account not in accounts:
        text = f"ServiceAccount {account}, as which its pods run, does not exist"
        return (_refused(text, None),)
    kind, name = text_at(workload, "kind"), name_of(workload)
    namespace = text_at(workload, "metadata", "namespace")
    hint = f"`kubectl -n {namespace} describe {kind.lower()} {name}` may say why"
    text = f"a pod was not created, and no Event says why; {hint}"
    return (
        Trouble(
            Kind.PENDING,
            "",
            text,
            since=NOBODY_KNOWS,
            certain=False,
            at_first="a pod is yet to be created",
        ),
    )


def explained(trouble: Trouble, pod: Manifest, warnings: Sequence[Manifest]) -> Trouble:
    """Return the trouble as an Event about the pod explains it, where one does."""
    if trouble.kind is Kind.IMAGE and not trouble.certain:
        return _pull_explained(trouble, pod, warnings)
    if trouble.kind is not Kind.PENDING:
        return trouble
    for reason, kind in _STUCK.items():
        told = _told(warnings, pod, reason)
        if told is None:
            continue
        lasting = kind is Kind.VOLUME and told.last - told.first >= _LASTING
        return replace(
            trouble,
            kind=kind if lasting else Kind.PENDING,
            message=stable(told.message),
            container="",
            certain=lasting,
        )
    return trouble


def _pull_explained(trouble: Trouble, pod: Manifest, warnings: Sequence[Manifest]) -> Trouble:
    # Before Kubernetes 1.32 a container that waits for the next attempt does not say why.
    pulls = [event for event in warnings if _PULL in text_at(event, "message")]
    told = _told(pulls, pod, "Failed")
    if told is None:
        return trouble
    return replace(trouble, message=f"{trouble.message}: {not_pulled(told.message)}")


def _refused(text: str, since: datetime | None) -> Trouble:
    message = with_remedy(f"its pods are refused: {stable(text)}", refused(text))
    return Trouble(Kind.REFUSED, "", message, since=since, certain=False)


def _told(warnings: Iterable[Manifest], about: Manifest, reason: str) -> _Told | None:
    """Return what Events say: of several messages the one that was new last.

    The one told last would change from look to look where two are told in turn.
    """
    found = [
        (first, text_at(event, "message"), _time(event, "lastTimestamp") or first)
        for event in warnings
        if event.get("reason") == reason and _concerns(event, about)
        if (first := _time(event, "firstTimestamp", "eventTime"))
    ]
    if not found:
        return None
    firsts, _, lasts = zip(*found, strict=True)
    return _Told(max(found)[1], min(firsts), max(lasts))


def _concerns(event: Manifest, about: Manifest) -> bool:
    involved = at(event, "involvedObject") or {}
    uid = involved.get("uid") or text_at(about, "metadata", "uid")
    return bool(
        involved.get("kind") == about.get("kind")
        and involved.get("name") == name_of(about)
        and uid == text_at(about, "metadata", "uid")
    )


def _time(event: Manifest, *fields: str) -> datetime | None:
    texts = [text_at(event, field) for field in fields]
    created = text_at(event, "metadata", "creationTimestamp")
    return time_of(next(filter(None, (*texts, created)), ""))
