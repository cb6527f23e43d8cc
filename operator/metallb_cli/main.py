"""The command line `kubectl metallb COMMAND`, and every command that it has."""

from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeAlias

import typer

from metallb_cli.lint import lint
from metallb_cli.migrate import migrate
from metallb_cli.options import Context, Kubeconfig
from metallb_cli.plan import plan
from metallb_cli.render import render
from metallb_cli.status import status

app = typer.Typer(
    name="kubectl metallb",
    help="Check, plan and look into MetalLB: the operator's own rules and renderings, for people"
    " and pipelines.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


_Namespace: TypeAlias = Annotated[
    str | None, typer.Option("--namespace", "-n", help="The namespace that MetalLB is in.")
]


@app.callback()
def _root(
    asked: typer.Context,
    *,
    namespace: _Namespace = None,
    kubeconfig: Kubeconfig = None,
    context: Context = None,
) -> None:
    """Take kubectl's options before the command as well as after it, where they win."""
    given = {"namespace": namespace, "kubeconfig": kubeconfig, "context": context}
    defaults = {name: value for name, value in given.items() if value is not None}
    # What click takes for an option of a command that was not given to it.
    asked.default_map = dict.fromkeys(_COMMANDS, defaults)


# One line a command, in the order in which --help lists them.
_COMMANDS: Final[Mapping[str, Callable[..., None]]] = {
    "lint": lint,
    "status": status,
    "plan": plan,
    "render": render,
    "migrate": migrate,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)


def main() -> None:
    """Run the command line, which kubectl starts as its plugin."""
    app(prog_name="kubectl metallb")
