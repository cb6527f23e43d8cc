"""What a rendering is made of, and how it is written."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from metallb_cli.documents import read
from metallb_cli.given import metallb_in
from metallb_cli.inputs import InputError
from metallb_cli.main import app
from metallb_cli.manifests import Commented, text_of
from metallb_cli.standalone import asking, complete, documents

METALLB: dict[str, Any] = {"kind": "MetalLB", "spec": {"version": "0.15.3", "logLevel": "debug"}}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "m"}}
WORK = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "c", "namespace": "m"}}


@pytest.mark.parametrize("value", ["y", "0o17", "64500:10", "null", "", "1e3", "a: b", "plain"])
def test_text_stays_text_for_kubectl(value: str) -> None:
    written = text_of([Commented({"kind": "A", "value": value})])
    assert [d.manifest["value"] for d in read(written, "x")] == [value]


def test_comments_stand_above() -> None:
    written = text_of([Commented({"kind": "A"}, ("one\ntwo",))], ["head"])
    assert written == "# head\n---\n# one two\nkind: A\n"


def test_the_same_value_twice_is_written_twice() -> None:
    labels = {"a": "b"}
    assert "&" not in text_of([Commented({"one": labels, "two": labels})])


@pytest.mark.parametrize(
    ("backend", "version", "spec"),
    [
        (None, None, METALLB["spec"]),
        ("frr", None, {**METALLB["spec"], "bgpBackend": "frr"}),
        (None, "0.16.1", {"version": "0.16.1", "logLevel": "debug"}),
    ],
)
def test_options_win(backend: str | None, version: str | None, spec: dict[str, Any]) -> None:
    assert asking(METALLB, backend, version)["spec"] == spec


def test_everything_is_created() -> None:
    values = {"a": 1, "rbac": {"create": False}, "secrets": {"create": False}}
    found = complete(values, secrets=True)
    assert (found["a"], found["rbac"], found["secrets"]) == (1, {"create": True}, {"create": True})
    assert found["serviceAccounts"] == {"create": True}
    assert complete(values, secrets=False)["secrets"] == {"create": False}


def test_order_and_notes() -> None:
    found = list(documents([WORK, SECRET], "m", definitions=False))
    assert [d.manifest["kind"] for d in found] == ["Namespace", "Secret", "Deployment"]
    assert [bool(d.notes) for d in found] == [False, True, False]


def test_definitions_come_before_what_needs_them_and_leave_out_the_operators() -> None:
    found = [d.manifest for d in documents([WORK], "m", definitions=True)]
    kinds = [m["kind"] for m in found]
    assert kinds[:2] == ["Namespace", "CustomResourceDefinition"]
    assert kinds[-1] == "Deployment"
    names = {m["metadata"]["name"] for m in found}
    assert "ipaddresspools.metallb.io" in names
    assert "metallbs.metallb.io" not in names


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: A", "holds 0 objects of kind MetalLB"),
        ("kind: MetalLB\n---\nkind: MetalLB", "holds 2 objects of kind MetalLB"),
        ("kind: [", "x.yaml:1:8"),
    ],
)
def test_files_without_the_one_object(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        metallb_in(path, "m")


def test_what_a_file_leaves_out_is_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("kind: MetalLB\nmetadata: {namespace: other}")
    found = metallb_in(path, "m")
    assert found["metadata"] == {"name": "metallb", "namespace": "other"}


def spec(**given: Any) -> str:  # noqa: ANN401 - JSON
    """A MetalLB object, as a file has it."""
    return yaml.safe_dump({"kind": "MetalLB", "spec": given})


INJECTION = "x\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: pwn}\n#"
REFUSED = [
    ({"images": {"speaker": INJECTION}}, "spec.images.speaker"),
    ({"images": {"registry": "https://x"}}, "spec.images.registry"),
    ({"images": {"pullSecrets": ["a", INJECTION]}}, "spec.images.pullSecrets[1]"),
    ({"speakerConfig": {"priorityClassName": "A"}}, "spec.speakerConfig.priorityClassName"),
    ({"images": {"pullSecrets": [5]}}, "spec.images.pullSecrets[0]"),
    (
        {"tls": {"minVersion": "VersionTLS12", "cipherSuites": ["none"]}},
        "spec.tls.cipherSuites[0]",
    ),
]


@pytest.mark.parametrize("command", ["render", "plan"])
@pytest.mark.parametrize(("given", "path"), REFUSED)
def test_an_object_that_would_be_refused_is_neither_rendered_nor_planned_for(
    command: str, given: dict[str, Any], path: str
) -> None:
    found = CliRunner().invoke(app, [command, "-f", "-"], input=spec(**given))
    assert (found.exit_code, found.stdout) == (1, "")
    assert f"would be refused: {path}: " in found.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["--version", "9.9.9"], "", "'9.9.9' cannot be run"),
        (["--backend", "frr-k8s-external"], "", "frrk8sConfig.namespace"),
        (["-f", "-"], yaml.safe_dump({"kind": "MetalLB", "metadata": {"name": "x"}}), "named x"),
        (["-f", "no/such"], "", "No such file"),
        ([], "", "no executable no/helm"),
    ],
)
def test_what_cannot_be_rendered(arguments: list[str], stdin: str, said: str) -> None:
    found = CliRunner(env={"HELM": "no/helm"}).invoke(app, ["render", *arguments], input=stdin)
    assert (found.exit_code, said in found.stderr) == (1, True), found.output
