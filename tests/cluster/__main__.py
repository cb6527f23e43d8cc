"""`python -m cluster build | up | down | kubeconfig`: the test cluster for people."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from cluster.binaries import BuildError, binary, build_all, cache
from cluster.core import Cluster, ClusterError
from cluster.image import ImageError, archive
from cluster.real import images as real_images
from cluster.real import packages, seeds
from cluster.real.core import real_cluster
from cluster.real.machine import MachineError

_UP_SECONDS: Final = 300
_REAL_NODES: Final = 9
"""Their addresses end in 11 to 19."""
_STEP_SECONDS: Final = 0.1

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Name = Annotated[str, typer.Option(help="Which cluster, if there are several.")]
Nodes = Annotated[int, typer.Option(help="How many nodes.")]
Real = Annotated[bool, typer.Option("--real", help="Real nodes, not simulated ones; as root.")]


@app.command()
def build() -> None:
    """Build what is not in the cache yet."""
    try:
        build_all()
    except BuildError as error:
        sys.exit(str(error))


@app.command()
def images() -> None:
    """Make the images that real nodes run, and our own, where they are not in the cache yet."""
    try:
        packages.ensure()
        for name in ("kubelet", "kube-proxy"):
            binary(name)
        seeds.seed(real_images.archives())
        archive()
    except (BuildError, ImageError, real_images.ImageError, packages.MissingError) as error:
        sys.exit(str(error))


@app.command()
def up(name: Name = "default", nodes: Nodes = 3, *, real: Real = False) -> None:
    """Start a cluster in the background and print how to use it."""
    if _state(name):
        sys.exit(f"cluster {name} is up already; `python -m cluster down --name {name}` ends it")
    build()
    if real:
        images()
    log = _path(name).with_suffix(".log")
    with log.open("wb") as out:
        holder = subprocess.Popen(
            [
                *(sys.executable, "-m", "cluster", "hold", "--name", name, "--nodes", str(nodes)),
                *(("--real",) if real else ()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    deadline = time.monotonic() + _UP_SECONDS
    while not _state(name):
        if holder.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"the cluster did not come up:\n{log.read_text(errors='replace')}")
        time.sleep(_STEP_SECONDS)
    state = _state(name)
    print(f"export KUBECONFIG={state['kubeconfig']}")
    if real:
        print(f"alias kubectl='{state['kubectl']}'")
        print("# Its machines are on a network of their own, which nothing leaves. To be one:")
        for machine, command in json.loads(state["machines"]).items():
            print(f"#   {machine}: {command} bash")


@app.command()
def down(name: Name = "default") -> None:
    """Stop a cluster; nothing of it is left."""
    state = _state(name)
    if not state:
        sys.exit(f"no cluster {name} is up")
    os.kill(int(state["pid"]), signal.SIGTERM)
    deadline = time.monotonic() + _UP_SECONDS
    while _state(name):
        if time.monotonic() > deadline:
            sys.exit(f"cluster {name} (process {state['pid']}) does not end")
        time.sleep(_STEP_SECONDS)


@app.command()
def kubeconfig(name: Name = "default") -> None:
    """Print the path of a cluster's kubeconfig."""
    state = _state(name)
    if not state:
        sys.exit(f"no cluster {name} is up; `python -m cluster up --name {name}` starts one")
    print(state["kubeconfig"])


@app.command(hidden=True)
def hold(name: Name = "default", nodes: Nodes = 3, *, real: Real = False) -> None:
    """Run a cluster until this process is told to end."""
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    try:
        with _simulated(nodes) if not real else _real(nodes) as state:
            _path(name).write_text(json.dumps({"pid": str(os.getpid()), **state}))
            done.wait()
    except (ClusterError, MachineError) as error:
        sys.exit(str(error))
    finally:
        _path(name).unlink(missing_ok=True)


@contextmanager
def _simulated(nodes: int) -> Iterator[dict[str, str]]:
    with Cluster.start(nodes=nodes) as cluster:
        yield {"kubeconfig": str(cluster.kubeconfig)}


@contextmanager
def _real(nodes: int) -> Iterator[dict[str, str]]:
    with real_cluster(real_images.archives(), nodes=min(nodes, _REAL_NODES)) as cluster:
        cluster.load([archive()])
        kubectl = cluster.kubectl
        machines = {one.name: " ".join(one.command()) for one in cluster.machines}
        yield {
            "kubeconfig": str(kubectl.kubeconfig),
            "kubectl": " ".join((*kubectl.command, str(kubectl.program))),
            "machines": json.dumps(machines),
        }


def _path(name: str) -> Path:
    return cache().parent / f"cluster-{name}.json"


def _state(name: str) -> dict[str, str]:
    """Read what `hold` wrote; empty if it does not run (any more)."""
    path = _path(name)
    if not path.exists():
        return {}
    state: dict[str, str] = json.loads(path.read_text() or "{}")
    if state and Path(f"/proc/{state['pid']}").exists():
        return state
    return {}


if __name__ == "__main__":
    app()
