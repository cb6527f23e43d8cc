"""Keep what Services had while the controller is replaced, and compare it with what they have."""

import logging

from metallb_kube.errors import AlreadyExistsError, KubeError
from metallb_kube.objects import Manifest, ref_of
from metallb_operator.events import Note
from metallb_operator.execute import Failure, delete_all
from metallb_operator.fields import is_terminating, text_at
from metallb_operator.plan import Delete, Plan
from metallb_operator.serviceaddresses import (
    addresses_of,
    compared,
    note,
    note_ref,
    noted,
    replaces_controller,
)
from metallb_operator.tools import Tools

logger = logging.getLogger(__name__)


async def write_down(metallb: Manifest, plan: Plan, tools: Tools) -> tuple[Failure, ...]:
    """Write the addresses of Services down before the controller is replaced.

    What was written down already stays: an upgrade may take several attempts. Where Services
    cannot be read there is nothing to compare, and nobody is kept waiting.

    Returns:
        What has failed; the plan must not be carried out then.
    """
    ref = note_ref(tools.settings.namespace)
    if not replaces_controller(plan) or ref in tools.observer.observation().objects:
        return ()
    addresses = addresses_of(tools.services() or ())
    if not addresses:
        return ()
    try:
        stored = await tools.client.create(note(addresses, metallb))
        tools.observer.learn((stored,))
    except AlreadyExistsError:
        return ()
    except KubeError as error:
        return (Failure(ref, error),)
    return ()


async def compare(tools: Tools) -> Note | None:
    """Return what has become of the addresses that were written down; None if none were."""
    services = tools.services()
    if services is None or _written(tools) is None:
        return None
    try:
        found = await tools.client.get(note_ref(tools.settings.namespace))
        return compared(noted(found), services)
    except KubeError as error:
        logger.warning("the addresses of Services cannot be compared: %s", error)
        return None


async def forget(tools: Tools) -> None:
    """Delete what was written down, once it was told."""
    found = _written(tools)
    if found is None:
        return
    step = Delete(ref_of(found), text_at(found, "metadata", "uid"))
    _, failures = await delete_all((step,), tools.client)
    if failures:
        logger.warning("it is compared once more: %s", failures[0])
    else:
        tools.observer.learn((), (step,))


def _written(tools: Tools) -> Manifest | None:
    found = tools.observer.observation().objects.get(note_ref(tools.settings.namespace))
    return None if found is None or is_terminating(found) else found
