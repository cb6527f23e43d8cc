"""What explains a failure: logs, objects, routes of every machine, and the frames on the LAN."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from observe.places import Place
from observe.programs import Program, running
from support.waiting import wait_for

Kubectl = Callable[..., str]
"""Runs kubectl with these arguments, as the administrator, and returns what it prints."""

KINDS: Final = {
    "cluster": "nodes,pods,services,endpointslices,deployments,replicasets,daemonsets,leases,"
    "configmaps,validatingwebhookconfigurations",
    "metallb": "metallbs.metallb.io,ipaddresspools.metallb.io,l2advertisements.metallb.io,"
    "bgppeers.metallb.io,bgpadvertisements.metallb.io,bfdprofiles.metallb.io,"
    "communities.metallb.io,servicel2statuses.metallb.io,servicebgpstatuses.metallb.io,"
    "configurationstates.metallb.io",
    "frr-k8s": "frrconfigurations.frrk8s.metallb.io,frrnodestates.frrk8s.metallb.io,"
    "bgpsessionstates.frrk8s.metallb.io",
}
_PLACE: Final = {
    "addresses": ("ip", "address"),
    "routes": ("ip", "route", "show", "table", "all"),
    "routes6": ("ip", "-6", "route", "show", "table", "all"),
    "neighbours": ("ip", "neigh"),
    "rules": ("ip", "rule"),
    "nftables": ("nft", "list", "ruleset"),
    "processes": ("ps", "-ef"),
    "sockets": ("ss", "-tunap"),
}
_CAPTURED: Final = "arp or icmp6 or tcp port 179"
_FILE_MB: Final = 10
_FILES: Final = 4
_LOG_BYTES: Final = 5_000_000
_POD_LINES: Final = 5000


def save(
    folder: Path,
    *,
    places: Sequence[Place] = (),
    kubectl: Kubectl | None = None,
    namespaces: Sequence[str] = (),
    logs: Sequence[Path] = (),
) -> None:
    """Save everything; what cannot be had is written down instead, and nothing is raised.

    Args:
        folder: is made, or added to.
        places: whose addresses, routes, neighbours, rules, processes and sockets are saved.
        kubectl: saves objects and events of all namespaces.
        namespaces: of pods whose logs are saved, by kubectl.
        logs: folders and files that are copied, the last five megabytes of each file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for place in places:
        for name, command in _PLACE.items():
            _write(folder / "places" / place.name / f"{name}.txt", place.run, *command)
    if kubectl is not None:
        for name, kinds in KINDS.items():
            get = ("get", kinds, "--all-namespaces", "--output", "yaml")
            _write(folder / "objects" / f"{name}.yaml", kubectl, *get)
        events = ("get", "events", "--all-namespaces", "--sort-by=.metadata.creationTimestamp")
        _write(folder / "events.txt", kubectl, *events)
        for namespace in namespaces:
            _pods(folder / "pods" / namespace, kubectl, namespace)
    for source in logs:
        _copy(source, folder / "logs")


def _pods(folder: Path, kubectl: Kubectl, namespace: str) -> None:
    in_it = ("--namespace", namespace)
    names = _write(folder / "pods.txt", kubectl, "get", "pods", *in_it, "--output", "name")
    options = (*in_it, "--all-containers", "--prefix", "--ignore-errors", f"--tail={_POD_LINES}")
    for name in (line for line in names.splitlines() if line.startswith("pod/")):
        pod = name.removeprefix("pod/")
        _write(folder / f"{pod}.log", kubectl, "logs", name, *options)


def _write(path: Path, read: Callable[..., str], *arguments: str) -> str:
    """Write what is read, or why it could not be; returns what was written."""
    try:
        text = read(*arguments)
    except Exception as failed:  # noqa: BLE001 - must not hide the failure that it is to explain
        text = f"{' '.join(arguments)}: {failed}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return text


def _copy(source: Path, folder: Path) -> None:
    """Copy the end of every file below a folder, or of a file."""
    files = [source] if source.is_file() else sorted(source.rglob("*"))
    for file in files:
        if not file.is_file():
            continue
        inside = file.name if file == source else file.relative_to(source.parent)
        target = folder / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        # Logs are rotated while they are copied.
        with suppress(FileNotFoundError), file.open("rb") as opened:
            opened.seek(max(file.stat().st_size - _LOG_BYTES, 0))
            with target.open("wb") as written:
                shutil.copyfileobj(opened, written)


@contextmanager
def capturing(place: Place, interface: str, folder: Path) -> Iterator[Path]:
    """Capture ARP, NDP and BGP on an interface until the end of the block.

    Args:
        place: with the interface, which must be up.
        folder: where `capture` is made, for files of ten megabytes, of which four are kept.

    Yields:
        The folder of the files alone, which is copied for each failure: give it to `save`.

    Raises:
        AssertionError: tcpdump does not start.
    """
    files = folder / "capture"
    files.mkdir(parents=True, exist_ok=True)
    program = Program(
        place=place,
        name="tcpdump",
        command=(
            *("tcpdump", "-i", interface, "-n", "-U", "-s", "256", "-Z", "root"),
            *("-C", str(_FILE_MB), "-W", str(_FILES), "-w", str(files / "lan.pcap")),
            _CAPTURED,
        ),
        pid_file=files / "tcpdump.pid",
        log=files / "tcpdump.log",
    )

    def listening() -> bool:
        if not program.alive:
            raise AssertionError(f"tcpdump has ended:\n{program.tail()}")
        return "listening on" in program.tail()

    with running(program):
        wait_for("tcpdump listens", listening)
        yield files
