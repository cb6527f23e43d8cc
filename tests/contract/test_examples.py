"""The examples work: nothing is refused, and warned of only what an example leaves out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from metallb_cli.documents import read
from metallb_crds.docs import EXAMPLES
from metallb_crds.meta import Resource
from metallb_crds.registry import model_for
from metallb_webhooks.rules.registry import RULES
from metallb_webhooks.snapshot import NodeInfo
from support.judging import judge
from support.samples import namespace

INTRODUCTION: Final = EXAMPLES / "introduction"
SURROUNDINGS: Final = (
    namespace("blue", **{"example.com/team": "blue"}),
    NodeInfo("node-1", {"topology.kubernetes.io/zone": "rack-one"}, ("10.0.0.9",), ()),
)


def objects(*paths: Path) -> dict[tuple[str, str], Resource]:
    """Return what rules judge of these files; as applied, the last object of a name counts."""
    return {
        (resource.kind, resource.metadata.name): resource
        for path in paths
        for resource in resources(path)
    }


def resources(path: Path) -> Iterator[Resource]:
    for document in read(path.read_text(), path.name):
        model = model_for(document.manifest["apiVersion"], document.manifest["kind"])
        if model and model.kind in RULES:
            yield model.parse(document.manifest)


def found(*paths: Path) -> set[str]:
    """Return the rules that do not hold when all these files are applied."""
    applied = objects(*paths)
    assert applied
    return {
        finding.rule
        for key, subject in applied.items()
        for finding in judge(
            subject, *SURROUNDINGS, *(other for name, other in applied.items() if name != key)
        )
    }


def test_the_examples_of_all_kinds_work_together() -> None:
    assert found(*sorted(EXAMPLES.glob("*.yaml"))) == set()


@pytest.mark.parametrize(
    ("names", "rules"),
    [
        (["layer2"], set()),
        (["layer2", "layer2-one-pool"], set()),
        (["bgp"], set()),
        (["bgp", "bgp-one-pool"], set()),
        (["bgp", "layer2"], set()),
        (["bfd"], set()),
        (["bgp", "production-and-sandbox"], set()),
        (["pool", "layer2-one-pool"], set()),
        # By themselves these are half of something.
        (["pool"], {"pool-not-announced"}),
        (["layer2-one-pool"], {"l2-pool-unknown"}),
        (["bgp-one-pool"], {"bgp-pool-unknown"}),
    ],
    ids=lambda part: "-and-".join(part) if isinstance(part, list) else None,
)
def test_the_examples_of_the_introduction(names: list[str], rules: set[str]) -> None:
    assert found(*(INTRODUCTION / f"{name}.yaml" for name in names)) == rules
