"""CRDs are made of the table of kinds, as text that does not depend on who made it."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from metallb_crds.generate import FOLDER, HEADER, crd, crds, files, main
from metallb_crds.registry import KINDS, Column, kind_for
from metallb_crds.structural import structural_schema

POOL = kind_for("metallb.io/v1beta1", "IPAddressPool")
PEERS = tuple(row for row in KINDS if row.kind == "BGPPeer")


def test_a_definition() -> None:
    assert POOL is not None
    found = crd([replace(POOL, columns=())])
    assert found["metadata"]["name"] == "ipaddresspools.metallb.io"
    assert found["spec"] == {
        "group": "metallb.io",
        "names": {
            "kind": "IPAddressPool",
            "listKind": "IPAddressPoolList",
            "plural": "ipaddresspools",
            "singular": "ipaddresspool",
        },
        "scope": "Namespaced",
        "conversion": {"strategy": "None"},
        "versions": [
            {
                "name": "v1beta1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": structural_schema(POOL.model)},
                "subresources": {"status": {}},
            }
        ],
    }


def test_versions_of_a_kind_stand_in_one_definition() -> None:
    versions = crd(PEERS)["spec"]["versions"]
    told = [
        (version["name"], version["storage"], version.get("deprecated")) for version in versions
    ]
    assert told == [("v1beta1", False, True), ("v1beta2", True, None)]
    assert versions[0]["deprecationWarning"] == PEERS[0].deprecation


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column("Name", ".spec.a"), {"name": "Name", "type": "string", "jsonPath": ".spec.a"}),
        (
            Column("Name", ".spec.a", "integer", 1, "What it is"),
            {
                "name": "Name",
                "type": "integer",
                "jsonPath": ".spec.a",
                "description": "What it is",
                "priority": 1,
            },
        ),
    ],
)
def test_columns(column: Column, expected: dict[str, object]) -> None:
    assert POOL is not None
    (version,) = crd([replace(POOL, columns=(column,))])["spec"]["versions"]
    assert version["additionalPrinterColumns"] == [expected]


def test_scope() -> None:
    assert POOL is not None
    assert crd([replace(POOL, namespaced=False)])["spec"]["scope"] == "Cluster"


def test_there_is_a_file_for_every_definition() -> None:
    assert files().keys() == {f"{row.crd_name}.yaml" for row in KINDS}
    assert {name: yaml.safe_load(text) for name, text in files().items()} == {
        f"{name}.yaml": definition for name, definition in crds().items()
    }


@pytest.mark.parametrize("text", files().values(), ids=files().keys())
def test_files_say_where_they_come_from_and_repeat_rather_than_refer(text: str) -> None:
    assert text.startswith(HEADER)
    assert "&id" not in text


def test_the_command_writes_and_checks(tmp_path: Path) -> None:
    arguments = ["--dir", str(tmp_path)]
    assert main(["--check", *arguments]) == 1
    assert main(["--write", *arguments]) == 0
    assert main(["--check", *arguments]) == 0
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == files()


def test_the_files_stand_next_to_the_package() -> None:
    assert (FOLDER / "metallb_crds" / "generate.py").exists()
