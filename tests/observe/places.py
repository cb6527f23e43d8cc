"""Where a command runs: a network namespace, a node, a router."""

from typing import Protocol


class Place(Protocol):
    """Somewhere that commands can be run.

    `support.namespaces.Namespace` is one; so is every machine of the cluster of real nodes.
    """

    @property
    def name(self) -> str:
        """The name that people read."""

    def command(self, *command: str) -> tuple[str, ...]:
        """Return a command that runs another one inside."""

    def run(self, *command: str) -> str:
        """Run a command inside and return its output.

        Raises:
            AssertionError: it failed; the message carries its standard error.
        """
