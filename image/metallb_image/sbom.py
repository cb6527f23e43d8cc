"""What an image is made of, as a CycloneDX document (https://cyclonedx.org, ECMA-424). Pure.

Python packages come from the lock, whose hashes are those of the files that pip may take; the Go
modules are those of helm's go.mod. What the base brings besides is known to whoever made it: it
is named, and not taken apart.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from metallb_image.locked import dependencies, needed, parse

_PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\]+)")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_MODULE: Final = re.compile(r"^(?:require)?\s+([^\s()]+\.[^\s()]+)\s+(v\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Made:
    """What an image was made from.

    Attributes:
        name: of the image, with its tag.
        version: of the project.
        base: the image that Python was taken from, or where else from.
        lock: requirements.lock.
        pyproject: pyproject.toml.
        modules: the go.mod of helm.
        epoch: the time of the image, in seconds.
    """

    name: str
    version: str
    base: str
    lock: str
    pyproject: str
    modules: str
    epoch: int


def document(made: Made) -> str:
    """Return the document; the same image has the same one."""
    image = Component(
        name=made.name, version=made.version, type=ComponentType.CONTAINER, bom_ref="image"
    )
    packages, modules = tuple(_python(made)), tuple(_modules(made))
    base = Component(name=made.base, type=ComponentType.CONTAINER, bom_ref="base")
    bom = Bom(
        components=[base, *packages, *modules],
        serial_number=uuid5(NAMESPACE_URL, f"{made.name}@{made.epoch}"),
        metadata=BomMetaData(component=image, timestamp=datetime.fromtimestamp(made.epoch, UTC)),
    )
    bom.register_dependency(image, [base, *packages, *modules])
    return str(JsonV1Dot6(bom).output_as_string(indent=2))


def _python(made: Made) -> Iterator[Component]:
    pins = parse(made.lock)
    for name in needed(pins, dependencies(made.pyproject)):
        found = _PIN.match(pins[name].text)
        if found is None:
            raise ValueError(f"requirements.lock does not pin {name}")
        yield Component(
            name=name,
            version=found[2],
            type=ComponentType.LIBRARY,
            purl=PackageURL("pypi", None, name, found[2]),
            bom_ref=f"pypi:{name}",
            hashes=[
                HashType(alg=HashAlgorithm.SHA_256, content=content)
                for content in _HASH.findall(pins[name].text)
            ],
        )


def _modules(made: Made) -> Iterator[Component]:
    for path, version in dict(_MODULE.findall(made.modules)).items():
        namespace, _, name = path.rpartition("/")
        yield Component(
            name=path,
            version=version,
            type=ComponentType.LIBRARY,
            purl=PackageURL("golang", namespace, name, version),
            bom_ref=f"golang:{path}",
        )
