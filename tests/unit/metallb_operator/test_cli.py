"""What the command line says before anything runs."""

import importlib
import inspect
from pathlib import Path

import pytest
from typer.testing import CliRunner

from metallb_operator.cli import KOPF_RETRIES, app, main
from support.api import write_kubeconfig

SERVER = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def outside_of_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POD_NAMESPACE", raising=False)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "Missing command."),
        (["run"], 2, "the namespace is empty; pass --namespace"),
        (["run", "--no-such"], 2, "No such option: --no-such"),
        (["run", "--namespace", "ns", "--default-backend", "bird"], 2, "'bird' is not one of"),
        (["run", "--namespace", "ns", "--allowed-registries", "a b"], 2, "'a b' in METALLB_ALLOW"),
        (["run", "--namespace", "ns", "--kubeconfig", "/nowhere"], 3, "cannot read /nowhere"),
        (["run", "--namespace", "ns", "--kubeconfig", "{it}", "--helm", "/no"], 5, "set HELM to"),
    ],
)
def test_what_no_waiting_heals_ends_it_with_a_code_and_a_sentence(
    arguments: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", SERVER)
    termination = tmp_path / "termination-log"
    termination.touch()
    environment = {"TERMINATION_LOG": str(termination)}
    with pytest.raises(SystemExit) as ended:
        main([one.format(it=kubeconfig) for one in arguments], environment)
    assert ended.value.code == code
    [sentence] = capsys.readouterr().err.splitlines()
    assert sentence.startswith("metallb-operator: ")
    assert message in sentence
    assert termination.read_text() == sentence


def test_kopfs_lines_about_requests_begin_so() -> None:
    module = importlib.import_module("kopf._cogs.clients.api")
    assert f'logger.error(f"{KOPF_RETRIES} ' in inspect.getsource(module)


def test_help_tells_what_it_is_for() -> None:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["run", "--help"])
    assert done.exit_code == 0
    assert "Run the operator until SIGTERM" in done.output
    assert "--kubeconfig" in done.output
