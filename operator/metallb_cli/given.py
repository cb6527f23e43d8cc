"""The one object of a kind that a file holds."""

from pathlib import Path

from metallb_cli.documents import UnusableInputError, read
from metallb_cli.inputs import InputError, texts
from metallb_cli.yaml_limits import Tally
from metallb_kube.objects import Manifest
from metallb_operator.settings import OBJECT_NAME


def metallb_in(path: Path, namespace: str) -> Manifest:
    """Read the one MetalLB object of a file; without a namespace it is in the one given.

    Raises:
        InputError: as `only`.
    """
    found = only("MetalLB", path)
    metadata = {"name": OBJECT_NAME, "namespace": namespace, **(found.get("metadata") or {})}
    return {"apiVersion": "metallb.io/v1beta1", **found, "metadata": metadata}


def only(kind: str, path: Path) -> Manifest:
    """Read the one object of a kind.

    Args:
        kind: objects of others are left out.
        path: a file, a folder, or `-` for standard input.

    Raises:
        InputError: the path cannot be read, or does not hold exactly one such object.
    """
    tally = Tally()
    try:
        found = [
            document.manifest
            for text in texts([str(path)])
            for document in read(text.content, text.source, tally)
            if document.manifest["kind"] == kind
        ]
    except UnusableInputError as error:
        raise InputError(str(error)) from error
    if len(found) != 1:
        raise InputError(f"{path}: holds {len(found)} objects of kind {kind}; give exactly one")
    return found[0]
