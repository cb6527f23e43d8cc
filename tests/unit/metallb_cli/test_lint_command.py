"""The command as people type it: arguments, output and exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from metallb_cli.main import app

POOL = """
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: first, namespace: metallb-system}
spec:
  addresses: [10.0.0.0/24]
"""
BAD = POOL.replace("10.0.0.0/24", "10.0.0.0/33")
L2 = """
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: all, namespace: metallb-system}
"""


def lint(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["lint", *arguments], input=stdin)


@pytest.mark.parametrize(
    ("text", "arguments", "code"),
    [
        (POOL + L2, [], 0),
        (POOL, [], 0),
        (POOL, ["--strict"], 1),
        (POOL + L2, ["--strict"], 0),
        (BAD + L2, [], 1),
        ("", [], 2),
        ("# nothing", [], 2),
        (POOL.replace("apiVersion: metallb.io/v1beta1", "") + L2, [], 1),
        ("kind: [", [], 2),
        ("no: kind", [], 2),
        ("{a: 1, a: 2}", [], 2),
        (POOL, ["--no-such-option"], 2),
        (POOL, ["--backend", "none"], 2),
        (POOL, ["-o", "xml"], 2),
    ],
)
def test_exit_codes(text: str, arguments: list[str], code: int) -> None:
    assert lint("-", *arguments, stdin=text).exit_code == code


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ("", "apiVersion: has no API group; write apiVersion: metallb.io/v1beta1"),
        ("apiVersion: v1", "apiVersion: has no API group; write apiVersion: metallb.io/v1beta1"),
        (
            "apiVersion: metallb.universe.tf/v1beta1",
            "apiVersion: metallb.universe.tf is no API group of MetalLB; write apiVersion: met",
        ),
    ],
)
def test_an_api_version_that_is_none_of_ours(group: str, said: str) -> None:
    result = lint("-", stdin=POOL.replace("apiVersion: metallb.io/v1beta1", group) + L2)
    assert result.exit_code == 1
    assert said in result.stdout


def test_text_is_plain_where_nobody_looks() -> None:
    result = lint("-", stdin=BAD + L2)
    first, summary = result.stdout.splitlines()
    assert first.startswith("<stdin>:6:15: error: IPAddressPool first: spec.addresses[0]: ")
    assert first.endswith("[pool-address-syntax]")
    assert summary == "1 error, 0 warnings in 2 objects (1 file)"


def test_json() -> None:
    found = json.loads(lint("-", "-o", "json", stdin=BAD + L2).stdout)
    assert [one["rule"] for one in found["findings"]] == ["pool-address-syntax"]
    assert found["summary"] == {"files": 1, "objects": 2, "errors": 1, "warnings": 0}


def test_sarif() -> None:
    (run,) = json.loads(lint("-", "-o", "sarif", stdin=BAD + L2).stdout)["runs"]
    assert [one["ruleId"] for one in run["results"]] == ["pool-address-syntax"]


def test_github_says_nothing_where_nothing_is_wrong() -> None:
    assert lint("-", "-o", "github", stdin=POOL + L2).stdout == ""
    assert lint("-", "-o", "github", stdin=BAD + L2).stdout.startswith("::error file=")


def test_files_are_judged_together(tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").write_text(POOL)
    (tmp_path / "l2.yaml").write_text(L2)
    result = lint("--strict", str(tmp_path))
    assert (result.exit_code, result.stdout) == (
        0,
        "0 errors, 0 warnings in 2 objects (2 files)\n",
    )


def test_every_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("a.yaml", "b.yaml")]
    for file in files:
        Path(file).write_text("no: kind")
    result = lint(*files)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [line.partition(": is no")[0] for line in lines] == [
        f"kubectl metallb lint: {tmp_path / name}:1:1" for name in ("a.yaml", "b.yaml")
    ]


CHART = "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nspec: {{ .Values.spec }}\n"


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        pytest.param("values.yaml", "replicaCount: 1", "something else", id="values"),
        pytest.param("kustomization.yaml", "resources: [a.yaml]", "something else", id="kustomize"),
        pytest.param("patch.yaml", "- op: remove\n  path: /spec", "something else", id="patch"),
        pytest.param("dashboard.json", '{"panels": []}', "something else", id="dashboard"),
        pytest.param("templates/pool.yaml", CHART, "it is a template", id="template"),
        pytest.param("pool.yaml", "{% if a %}\n" + POOL, "it is a template", id="jinja"),
        pytest.param("tsconfig.json", "{\n// no comments\n}", "something else", id="comments"),
        pytest.param("mkdocs.yml", "a: !!python/name:b.c", "something else", id="tags"),
        pytest.param("stack.yaml", "A: !Ref B", "something else", id="cloudformation"),
        pytest.param("ci.yaml", "a: b: c", "something else", id="broken"),
        pytest.param("twice.yaml", "a: 1\na: 2", "something else", id="twice"),
        pytest.param("docker-compose.yaml", "services: {}", "something else", id="compose"),
        pytest.param("Chart.yaml", "apiVersion: v2\nname: a", "something else", id="chart"),
    ],
)
def test_a_folder_may_hold_other_things(name: str, text: str, word: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    result = lint(str(tmp_path))
    assert result.exit_code == 1
    assert "[pool-address-syntax]" in result.stdout
    [line] = result.stderr.splitlines()
    assert line.startswith(f"kubectl metallb lint: {tmp_path / name}: left out")
    assert word in line
    # By its own name it is a mistake.
    assert lint(str(tmp_path / name)).exit_code == 2


@pytest.mark.parametrize("raw", [b"a: \xe9", b"a: " + b"1" * 9_000_000], ids=["latin", "large"])
def test_a_folder_may_hold_what_cannot_be_read(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)
    other = tmp_path / "other.json"
    other.write_bytes(raw)
    result = lint(str(tmp_path))
    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    assert line.startswith(f"kubectl metallb lint: {other}: ")
    assert line.endswith("; left out, since it does not name MetalLB's API")
    assert lint(str(other)).exit_code == 2
    other.write_bytes(b"# metallb.io\n" + raw)
    assert lint(str(tmp_path)).exit_code == 2


def test_patches_and_templates_that_look_like_objects_are_left_out(tmp_path: Path) -> None:
    patch = "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {name: first}\n"
    for name, text in {
        "base/pool.yaml": POOL + L2,
        "base/kustomization.yaml": "resources: [pool.yaml]",
        "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: pool.yaml}]",
        "prod/pool.yaml": patch + "spec: {autoAssign: false}",
        "chart/Chart.yaml": "apiVersion: v2\nname: a",
        "chart/templates/pool.yaml": POOL.replace("first", "'{{ .Release.Name }}'"),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    result = lint("--strict", str(tmp_path))
    assert (result.exit_code, result.stdout) == (
        0,
        "0 errors, 0 warnings in 2 objects (6 files)\n",
    )
    said = dict(line.rpartition(": left out")[::2] for line in result.stderr.splitlines())
    assert f"kubectl metallb lint: {tmp_path}/prod/pool.yaml" in said
    assert f"kubectl metallb lint: {tmp_path}/chart/templates/pool.yaml" in said


@pytest.mark.parametrize("text", ["apiVersion: metallb.io/v1beta1\nmetadata: {name: a}", "kind: ["])
def test_what_is_meant_for_metallb_is_not_left_out(text: str, tmp_path: Path) -> None:
    (tmp_path / "pool.yaml").write_text(POOL)
    (tmp_path / "broken.yaml").write_text(text)
    assert lint(str(tmp_path)).exit_code == 2


def test_a_folder_without_any_object_is_not_fine(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("replicaCount: 1")
    result = lint(str(tmp_path))
    assert result.exit_code == 2
    assert "nothing was checked" in result.stderr


def test_a_path_that_is_not_there() -> None:
    result = lint("no/such/file.yaml")
    assert result.exit_code == 2
    assert result.stderr.startswith("kubectl metallb lint: no/such/file.yaml: No such file")


def test_without_a_path_the_usage_is_told() -> None:
    result = lint()
    assert result.exit_code == 2
    assert "PATH" in result.stderr


def test_a_cluster_that_cannot_be_read(tmp_path: Path) -> None:
    result = lint("-", "--cluster", "--kubeconfig", str(tmp_path / "absent"), stdin=POOL)
    assert result.exit_code == 2
    assert "absent" in result.stderr


def test_help_tells_of_exit_codes() -> None:
    assert "Exit code" in lint("--help").stdout
