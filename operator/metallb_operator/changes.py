"""When the operator has changed a workload last. Pure."""

from datetime import datetime

from metallb_kube.objects import Manifest
from metallb_operator.applyset import FIELD_MANAGER
from metallb_operator.fields import at, text_at, time_of


def changed(workload: Manifest) -> datetime | None:
    """Return when we have applied something new to a workload, or when it was created.

    The API server moves the time of a manager only where the object changes by what it applies
    (Kubernetes documentation, "Server-Side Apply").
    """
    written = [
        text_at(entry, "time")
        for entry in at(workload, "metadata", "managedFields") or ()
        if text_at(entry, "manager") == FIELD_MANAGER
    ]
    times = map(time_of, (text_at(workload, "metadata", "creationTimestamp"), *written))
    return max((time for time in times if time), default=None)
