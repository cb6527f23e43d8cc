"""Options that every command understands, as kubectl does."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer


class Output(StrEnum):
    """In which form a command answers."""

    TEXT = "text"
    JSON = "json"


Namespace: TypeAlias = Annotated[
    str, typer.Option("--namespace", "-n", help="The namespace that MetalLB is in.")
]
Kubeconfig: TypeAlias = Annotated[
    Path | None, typer.Option(help="Kubeconfig; KUBECONFIG, or ~/.kube/config, without it.")
]
Context: TypeAlias = Annotated[
    str | None, typer.Option(help="Context of the kubeconfig; the current one without it.")
]
Form: TypeAlias = Annotated[
    Output, typer.Option("--output", "-o", help="text for people, json for programs.")
]

NAMESPACE = "metallb-system"
"""Where MetalLB is unless somebody says otherwise."""
