"""An example of every version."""

from pathlib import Path
from typing import Any

import pytest

from metallb_crds.registry import KINDS
from metallb_operator.packaging.examples import examples, read_examples


def given(**versions: str) -> dict[str, dict[str, Any]]:
    """An example of every kind, of the stored version unless a keyword names another."""
    stored = {row.kind: row.model.api_version for row in KINDS if row.storage}
    return {
        kind: {
            "apiVersion": versions.get(kind, api_version),
            "kind": kind,
            "metadata": {"name": "example", "namespace": "metallb-system"},
            "spec": {"of": kind},
        }
        for kind, api_version in stored.items()
    }


def test_they_are_in_the_order_of_the_registry() -> None:
    found = [(example["apiVersion"], example["kind"]) for example in examples(given())]
    assert found == [(row.model.api_version, row.kind) for row in KINDS]


@pytest.mark.parametrize("written", ["metallb.io/v1beta1", "metallb.io/v1beta2"])
def test_the_other_version_is_written_the_same_under_another_name(written: str) -> None:
    found = [e for e in examples(given(BGPPeer=written)) if e["kind"] == "BGPPeer"]
    assert {example["apiVersion"] for example in found} == {
        "metallb.io/v1beta1",
        "metallb.io/v1beta2",
    }
    assert len({example["metadata"]["name"] for example in found}) == 2
    assert [example["spec"] for example in found] == [{"of": "BGPPeer"}] * 2
    [as_it_is] = [example for example in found if example["apiVersion"] == written]
    assert as_it_is["metadata"]["name"] == "example"


def test_files_are_found_by_the_kind_in_lower_case(tmp_path: Path) -> None:
    for row in KINDS:
        (tmp_path / f"{row.kind.lower()}.yaml").write_text(f"# A comment.\nkind: {row.kind}\n")
    assert read_examples(tmp_path) == {row.kind: {"kind": row.kind} for row in KINDS}


def test_a_kind_without_an_example_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="bfdprofile"):
        read_examples(tmp_path)
