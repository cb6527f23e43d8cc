"""The command line `kubectl metallb COMMAND`, and every command that it has."""

import typer

from metallb_cli.lint import lint
from metallb_cli.migrate import migrate
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


@app.callback()
def _root() -> None:
    """Keep a command a subcommand even while it is the only one."""


# One line a command, in the order in which --help lists them.
app.command("lint")(lint)
app.command("status")(status)
app.command("plan")(plan)
app.command("render")(render)
app.command("migrate")(migrate)


def main() -> None:
    """Run the command line, which kubectl starts as its plugin."""
    app(prog_name="kubectl metallb")
