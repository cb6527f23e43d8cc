"""Nodes that stand in for those that nobody has told of. Pure.

Where no Node is known MetalLB takes all peers to meet on one node, and so do the rules. Files
seldom contain Nodes, so that peers which are kept on different nodes would count as conflicting.
What conflicts even on the nodes of this module is certain wherever every selector matches a node:
there is one for each selector, with just the labels that the selector asks for.

Of an expression that more than one value of a label satisfies nobody can tell which of them nodes
have. It becomes a label of its own, so that it meets nothing but the same expression.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from metallb_crds.config_v1beta2 import BGPPeer
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.meta import LabelSelector, LabelSelectorRequirement
from metallb_webhooks.index import NodeInfo, Object

T = TypeVar("T", bound=Object)


def nodes_for(objects: Iterable[Object]) -> Iterator[NodeInfo]:
    """Yield a node without labels, and one for each selector of peers and FRR configurations."""
    yield NodeInfo("imagined-0")
    selectors = (selector for thing in objects for selector in _node_selectors(thing))
    for number, selector in enumerate(selectors, start=1):
        yield NodeInfo(f"imagined-{number}", dict(plain(selector).match_labels))


def plain_selectors(thing: T) -> T:
    """Return a peer or FRR configuration with selectors that match imagined nodes."""
    if isinstance(thing, BGPPeer):
        spec = {"node_selectors": tuple(map(plain, thing.spec.node_selectors))}
        return thing.model_copy(update={"spec": thing.spec.model_copy(update=spec)})
    if isinstance(thing, FRRConfiguration):
        only = {"node_selector": plain(thing.spec.node_selector)}
        return thing.model_copy(update={"spec": thing.spec.model_copy(update=only)})
    return thing


def plain(selector: LabelSelector) -> LabelSelector:
    """Return a selector that asks for labels only, for made-up ones where need be."""
    asked = dict(map(_label, selector.match_expressions))
    return LabelSelector(match_labels={**asked, **selector.match_labels})


def _label(expression: LabelSelectorRequirement) -> tuple[str, str]:
    key, operator, values = expression.key, expression.operator, expression.values
    if operator == "In" and len(values) == 1:
        return key, values[0]
    return f"{key} {operator} {' '.join(sorted(values))}", ""


def _node_selectors(thing: Object) -> Iterable[LabelSelector]:
    if isinstance(thing, BGPPeer):
        return thing.spec.node_selectors
    return (thing.spec.node_selector,) if isinstance(thing, FRRConfiguration) else ()
