"""The API reference: a section a kind, a table a type, nothing twice."""

from pathlib import Path

from metallb_crds.docs import main, reference
from metallb_crds.registry import KINDS, Kind, kind_for

EXAMPLE = "apiVersion: metallb.io/v1beta2\nkind: BGPPeer\n"


def rows(*versions: str) -> list[Kind]:
    return [row for row in KINDS if row.kind == "BGPPeer" and row.version in versions]


def test_a_kind_has_its_facts_its_example_and_its_types() -> None:
    text = reference(rows("v1beta2"), {"bgppeer.yaml": EXAMPLE})
    assert "`metallb.io/v1beta2`, namespaced, `kubectl get bgppeers.metallb.io`" in text
    assert f"[examples/bgppeer.yaml](examples/bgppeer.yaml):\n\n```yaml\n{EXAMPLE}```\n" in text
    assert "| `spec` | [BGPPeerSpec](#bgppeerspec) |" in text
    assert "| `peerPort` | integer | `179` | 1 to 16384 | TCP port of the router. |" in text


def test_an_example_of_another_version_is_not_shown() -> None:
    text = reference(rows("v1beta1"), {"bgppeer.yaml": EXAMPLE})
    assert "```" not in text
    assert "Deprecated: metallb.io/v1beta1 BGPPeer is deprecated; use metallb.io/v1beta2." in text


def test_a_cluster_scoped_kind_says_so() -> None:
    row = kind_for("frrk8s.metallb.io/v1beta1", "FRRNodeState")
    assert row is not None
    assert "`frrk8s.metallb.io/v1beta1`, cluster-scoped" in reference([row], {})


def test_expressions_about_a_whole_type_are_told() -> None:
    row = kind_for("metallb.io/v1beta1", "BGPAdvertisement")
    assert row is not None
    assert "\nRule: serviceSelectors announce single Services" in reference([row], {})


def test_every_heading_and_so_every_anchor_is_there_once() -> None:
    headings = [line for line in reference(KINDS, {}).splitlines() if line.startswith("#")]
    assert sorted({h.lstrip("# ").lower() for h in headings}) == sorted(
        h.lstrip("# ").lower() for h in headings
    )


def test_types_that_kinds_share_stand_at_the_end_and_those_of_metadata_nowhere() -> None:
    text = reference(KINDS, {})
    _, shared = text.split("## Shared types")
    assert "### LabelSelector\n" in shared
    assert "### BGPPeerSpec\n" not in shared
    assert "ObjectMeta" not in text


def test_the_command_writes_and_checks(tmp_path: Path) -> None:
    arguments = ["--dir", str(tmp_path)]
    assert main(["--check", *arguments]) == 1
    assert main(["--write", *arguments]) == 0
    assert main(["--check", *arguments]) == 0
