"""`python -m demo [--keep]`: exit 0 only if every step held."""

import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cluster import Cluster
from demo import steps
from demo.stage import product
from demo.story import Story


def main(
    *, keep: Annotated[bool, typer.Option(help="Leave the cluster up until interrupted.")] = False
) -> None:
    """Watch the operator at work on a real API server."""
    console = Console()
    story = Story(console)
    with tempfile.TemporaryDirectory(prefix="metallb-demo-") as folder:
        logs = Path(folder)
        story.chapter("A real API server")
        with story.step("etcd, kube-apiserver, controllers, scheduler, three simulated nodes"):
            cluster = Cluster.start(nodes=3)
        if not story.held:
            sys.exit(1)
        with cluster:
            _tell(story, cluster, logs, keep=keep)
    console.print(story.summary())
    sys.exit(0 if story.held else 1)


def _tell(story: Story, cluster: Cluster, logs: Path, *, keep: bool) -> None:
    with product(cluster, logs) as stage:
        story.console.print(
            "[dim]CRDs, RBAC and webhooks are installed from bundle/install/metallb-operator.yaml;"
            " the operator and two webhook replicas run as processes,"
            " each with its own ServiceAccount's rights[/]"
        )
        steps.install(story, stage)
        steps.accept(story, stage)
        steps.refuse(story, stage)
        steps.lint(story, stage)
        steps.repair(story, stage)
        steps.change(story, stage)
        if keep:
            story.console.print(f"\nKUBECONFIG={cluster.kubeconfig}\nCtrl-C ends it.")
            _until_interrupted()
            return
        steps.remove(story, stage)
        steps.memory(story, stage)


def _until_interrupted() -> None:
    done = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: done.set())
    done.wait()


if __name__ == "__main__":
    typer.run(main)
