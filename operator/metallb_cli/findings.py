"""What the linter found, and where: the value every output format renders."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: an error would be refused, a warning would be let through with a word."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class LocatedFinding:
    """One finding with its place; line and column count from one. Orders by place."""

    file: str
    line: int
    column: int
    rule: str
    severity: Level
    kind: str
    name: str
    namespace: str
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a run found, and how much it looked at."""

    findings: tuple[LocatedFinding, ...]
    objects: int
    files: int

    def count(self, level: Level) -> int:
        """How many findings there are of a level."""
        return sum(finding.severity is level for finding in self.findings)

    def failed(self, *, strict: bool) -> bool:
        """Whether the run should fail: any error, or with `strict` any finding at all."""
        return bool(self.findings) if strict else self.count(Level.ERROR) > 0

    def summary(self) -> Mapping[str, int]:
        """The figures of the run, by name."""
        return {
            "files": self.files,
            "objects": self.objects,
            "errors": self.count(Level.ERROR),
            "warnings": self.count(Level.WARNING),
        }


def report(findings: Iterable[LocatedFinding], *, objects: int, files: int) -> Report:
    """Return a report with its findings in the order of their places, each once."""
    return Report(tuple(sorted(set(findings))), objects, files)
