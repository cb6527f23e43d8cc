"""What the command line says before anything runs."""

import pytest
from typer.testing import CliRunner

from metallb_operator.cli import app


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "the namespace is empty; pass --namespace"),
        (["run", "--namespace", "ns", "--kubeconfig", "/nowhere"], "cannot read /nowhere"),
        (["run", "--namespace", "ns", "--default-backend", "bird"], "'bird' is not one of"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(arguments: list[str], message: str) -> None:
    done = CliRunner(env={"POD_NAMESPACE": "", "COLUMNS": "200"}).invoke(app, arguments)
    assert done.exit_code == 2
    assert message in done.output


def test_help_tells_what_it_is_for() -> None:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["run", "--help"])
    assert done.exit_code == 0
    assert "Run the operator until SIGTERM" in done.output
    assert "--kubeconfig" in done.output
