"""`kubectl metallb lint`: what is wrong with configuration, before it is applied."""

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from metallb_cli import printed
from metallb_cli.check import Options, check, refuse_many
from metallb_cli.documents import Document, UnusableInputError, read
from metallb_cli.findings import Report
from metallb_cli.formats import FORMATS
from metallb_cli.inputs import InputError, Text, texts
from metallb_cli.judge import Surroundings
from metallb_cli.sidefiles import TEMPLATE, is_meant, is_template, side_files
from metallb_cli.terminal import print_lines
from metallb_cli.yaml_limits import Tally
from metallb_crds.backend import Backend
from metallb_kube.errors import KubeError

FOUND = 1
UNUSABLE = 2
_NAME: Final = "lint"
_OTHER: Final = "it holds something else than Kubernetes objects"


class Output(StrEnum):
    """In which form findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


def lint(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="Files, folders (all *.yaml, *.yml and *.json below them), or - for standard"
            " input.",
        ),
    ],
    *,
    output: Annotated[
        Output,
        typer.Option(
            "--output",
            "-o",
            help="text for people, json for programs, sarif for code scanning, github for"
            " annotations in a GitHub workflow.",
        ),
    ] = Output.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings, too.")] = False,
    backend: Annotated[
        Backend | None,
        typer.Option(
            help="BGP backend to judge for. Without it, the one of the MetalLB object that is read,"
            " else frr-k8s."
        ),
    ] = None,
    namespace: Annotated[
        str,
        typer.Option(
            "--namespace",
            "-n",
            help="MetalLB's namespace. Objects that name no namespace count as in it.",
        ),
    ] = "metallb-system",
    cluster: Annotated[
        bool,
        typer.Option(
            "--cluster",
            help="Judge together with what the cluster of the kubeconfig has; nothing is written.",
        ),
    ] = False,
    kubeconfig: Annotated[
        Path | None,
        typer.Option(help="Kubeconfig for --cluster; KUBECONFIG, or ~/.kube/config, without it."),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(help="Context of the kubeconfig for --cluster; the current one without it."),
    ] = None,
) -> None:
    """Check MetalLB's configuration in files before it is applied.

    Each object is checked against the schema of its kind, then all of them together against the
    rules of admission, as if all were applied at once. Objects of other kinds are left out; Nodes,
    Namespaces, Secrets and Services are looked at where a rule needs them.

    Exit code: 0 if there is no error (with --strict: no warning either), 1 if there is one,
    2 if the input cannot be used.
    """
    try:
        around = _around(kubeconfig, context, namespace) if cluster else None
        report = _report(paths, Options(namespace, backend), around)
    except (InputError, KubeError, UnusableInputError) as error:
        raise _unusable([str(error)]) from error
    _show(report, output)
    if report.failed(strict=strict):
        raise typer.Exit(FOUND)


def _report(paths: Iterable[str], options: Options, around: Surroundings | None) -> Report:
    given = tuple(texts(paths))
    return check(_documents(given), options, around, files=len(given))


def _documents(given: Iterable[Text]) -> tuple[Document, ...]:
    """Return the documents of all texts.

    Raises:
        Exit: some cannot be used; all of them were told.
        UnusableInputError: there are more objects than can be compared.
    """
    documents: list[Document] = []
    tally = Tally()
    unusable: list[str] = []
    beside = side_files(given)
    for text in given:
        if why := beside.get(text.source):
            printed.complain(_NAME, f"{text.source}: left out: {why}")
            continue
        others: list[UnusableInputError] = []
        try:
            into = others.append if text.found else None
            documents.extend(read(text.content, text.source, tally, into))
        except UnusableInputError as error:
            if text.found and (is_template(text.content) or not is_meant(text.content)):
                others.append(error)
            else:
                unusable.append(str(error))
        if others or text.problem:
            printed.complain(_NAME, _left_out(text))
    if unusable:
        raise _unusable(unusable)
    if not documents:
        names = ", ".join(text.source for text in given)
        raise _unusable([f"{names}: there is no Kubernetes object, and nothing was checked"])
    refuse_many(documents)
    return tuple(documents)


def _left_out(text: Text) -> str:
    """Return what is said of a file in a folder that holds something else than objects."""
    if text.problem:
        return f"{text.problem}; left out, since it does not name MetalLB's API"
    why = TEMPLATE if is_template(text.content) else _OTHER
    return f"{text.source}: left out in part or as a whole: {why}"


def _around(kubeconfig: Path | None, context: str | None, namespace: str) -> Surroundings:
    # Most checks read no cluster, and its client takes longer to load than they to check.
    from metallb_cli.clusterread import read_cluster  # noqa: PLC0415 - see above

    found = read_cluster(kubeconfig, context, namespace)
    if found.forbidden:
        kinds = ", ".join(found.forbidden)
        printed.complain(
            _NAME,
            f"you may not list {kinds} in the cluster; what depends on them is not checked",
        )
    return found.surroundings


def _show(report: Report, output: Output) -> None:
    text = FORMATS[output](report)
    if output is Output.TEXT:
        print_lines(text.split("\n"), Console(file=sys.stdout))
    elif text:
        typer.echo(text)


def _unusable(problems: Iterable[str]) -> typer.Exit:
    for problem in problems:
        printed.complain(_NAME, problem)
    return typer.Exit(UNUSABLE)
