"""The command line `kubectl metallb COMMAND`, and every command that it has."""

from importlib import import_module
from typing import Annotated, Any, Final, TypeAlias

import typer
from typer.core import TyperGroup

from metallb_cli.options import Context, Kubeconfig

_COMMANDS: Final = ("lint", "status", "plan", "render", "migrate")
"""In the order in which --help lists them; each is the function of that name in its module."""


class _Commands(TyperGroup):
    """Imports a command when it is asked for: a check of one file needs no client of a cluster."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - as inherited
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - as inherited
        if cmd_name not in _COMMANDS:
            return None
        alone = typer.Typer(
            add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown"
        )
        function = getattr(import_module(f"metallb_cli.{cmd_name}"), cmd_name)
        alone.command(cmd_name)(function)
        return typer.main.get_command(alone)


app = typer.Typer(
    name="kubectl metallb",
    cls=_Commands,
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


def main() -> None:
    """Run the command line, which kubectl starts as its plugin."""
    app(prog_name="kubectl metallb")
