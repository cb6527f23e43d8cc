"""The command line as kubectl passes it on."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from metallb_cli.main import app


def kubeconfig(path: Path) -> Path:
    """Write a kubeconfig whose contexts a and b are servers that nobody is."""
    clusters = [
        {"name": name, "cluster": {"server": f"http://127.0.0.1:{port}"}}
        for name, port in (("a", 1), ("b", 2))
    ]
    contexts = [
        {"name": name, "context": {"cluster": name, "user": "nobody"}} for name in ("a", "b")
    ]
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "a",
        "clusters": clusters,
        "contexts": contexts,
        "users": [{"name": "nobody", "user": {}}],
    }
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        (["--kubeconfig=FILE"], [], "127.0.0.1:1"),
        ([], ["--kubeconfig=FILE"], "127.0.0.1:1"),
        (["--kubeconfig=FILE", "--context=b"], [], "127.0.0.1:2"),
        (["--kubeconfig=FILE", "--context=a"], ["--context=b"], "127.0.0.1:2"),
        (["--kubeconfig=FILE", "-n", "here"], [], "namespaces/here/"),
        (["--kubeconfig=FILE", "-n", "here"], ["-n", "there"], "namespaces/there/"),
        (["--kubeconfig=FILE"], [], "namespaces/metallb-system/"),
    ],
)
@pytest.mark.parametrize("command", ["status", "plan"])
def test_options_of_kubectl_before_and_after_the_command(
    tmp_path: Path, command: str, before: list[str], after: list[str], asked: str
) -> None:
    file = str(kubeconfig(tmp_path / "config"))
    line = [part.replace("FILE", file) for part in (*before, command, *after)]
    found = CliRunner().invoke(app, line)
    assert found.exit_code != 0
    assert asked in found.stderr


def test_a_wrong_option_is_named_before_the_command_too() -> None:
    found = CliRunner().invoke(app, ["--kubeconfi=x", "status"])
    assert (found.exit_code, "No such option" in found.stderr) == (2, True)


def test_a_command_that_is_none_is_named() -> None:
    found = CliRunner().invoke(app, ["lynt"])
    assert (found.exit_code, "No such command 'lynt'" in found.stderr) == (2, True)


NEEDLESS = ("aiohttp", "asyncio", "kopf", "kubernetes.client", "metallb_operator.chart", "pyhelm3")


def test_a_check_of_one_file_loads_no_client_of_a_cluster(tmp_path: Path) -> None:
    path = tmp_path / "pool.yaml"
    path.write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n")
    code = (
        "import sys\n"
        "from metallb_cli.main import app\n"
        f"app(['lint', {str(path)!r}], standalone_mode=False)\n"
        f"print(*(name for name in {NEEDLESS} if name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""
