"""What the operator may not read, and what is said of it: a status that nobody renews is none.

The API server's authorizer is asked when a watch begins: rights that are taken away show when it
ends, some minutes later.
"""

from collections.abc import Mapping

from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest
from metallb_operator.fields import count_at
from metallb_operator.problems import of_error
from metallb_operator.situation import Problem, Situation
from metallb_operator.tell import tell
from metallb_operator.tools import Tools


def problems(refused: Mapping[str, KubeError]) -> tuple[Problem, ...]:
    """Return what it means that kinds cannot be followed.

    Args:
        refused: why, by the plural of the kind.
    """
    return tuple(of_error(refused[kind], f"reading {kind}") for kind in sorted(refused))


async def tell_unseen(metallb: Manifest, tools: Tools) -> None:
    """Say that nothing can be said, before everything was read once.

    Args:
        metallb: the object as stored.
        tools: what to work with.
    """
    refused = tools.observer.refused
    stored = tools.reporter.latest(metallb)
    situation = Situation(
        generation=count_at(metallb, "metadata", "generation"),
        version=str(stored.get("version") or ""),
        backend=str(stored.get("backend") or ""),
        problems=problems(refused),
        unseen=tuple(sorted(refused)),
    )
    await tell(metallb, situation, tools)
