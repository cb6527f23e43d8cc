"""`python -m cluster build | up | down | kubeconfig`: the test cluster for people."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from cluster.binaries import BuildError, build_all, cache
from cluster.core import Cluster, ClusterError

_UP_SECONDS: Final = 120
_STEP_SECONDS: Final = 0.1

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

Name = Annotated[str, typer.Option(help="Which cluster, if there are several.")]
Nodes = Annotated[int, typer.Option(help="How many simulated nodes.")]


@app.command()
def build() -> None:
    """Build what is not in the cache yet."""
    try:
        build_all()
    except BuildError as error:
        sys.exit(str(error))


@app.command()
def up(name: Name = "default", nodes: Nodes = 3) -> None:
    """Start a cluster in the background and print how to use it."""
    if _state(name):
        sys.exit(f"cluster {name} is up already; `python -m cluster down --name {name}` ends it")
    build()
    log = _path(name).with_suffix(".log")
    with log.open("wb") as out:
        holder = subprocess.Popen(
            [sys.executable, "-m", "cluster", "hold", "--name", name, "--nodes", str(nodes)],
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
    print(f"export KUBECONFIG={_state(name)['kubeconfig']}")


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
def hold(name: Name = "default", nodes: Nodes = 3) -> None:
    """Run a cluster until this process is told to end."""
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    try:
        with Cluster.start(nodes=nodes) as cluster:
            state = {"pid": str(os.getpid()), "kubeconfig": str(cluster.kubeconfig)}
            _path(name).write_text(json.dumps(state))
            done.wait()
    except ClusterError as error:
        sys.exit(str(error))
    finally:
        _path(name).unlink(missing_ok=True)


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
