"""The whole: two nodes, a control plane and a LAN that nothing leaves."""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cluster.binaries import binary, cache
from cluster.kubectl import Kubectl
from cluster.nodes import is_usable
from cluster.real import cgroups, control_plane, lan, node, packages, seeds
from cluster.real.addresses import CONTROL_PLANE, ROUTER, SECOND_ROUTER, Host
from cluster.real.addresses import node as node_host
from cluster.real.control_plane import Secrets
from cluster.real.machine import Machine, MachineError

_JANITOR: Final = Path(__file__).parent / "janitor.py"
_STEP_SECONDS: Final = 0.2
_UP_SECONDS: Final = 120


@dataclass(slots=True)
class RealCluster:
    """A running cluster.

    Attributes:
        folder: where everything is kept; it goes at the end.
        nodes: by name: n1, n2.
        outside: machines on the LAN that do not belong to the cluster: router, router2.
    """

    folder: Path
    cgroup: str
    secrets: Secrets
    lan: Machine
    control: Machine
    outside: dict[str, Machine]
    nodes: dict[str, Machine]
    hosts: dict[str, Host] = field(default_factory=dict)

    @property
    def kubectl(self) -> Kubectl:
        """The administrator's kubectl, on the control plane."""
        return Kubectl(binary("kubectl"), self.secrets.admin, self.control.network_command())

    @property
    def router(self) -> Machine:
        """The machine that stands for the network around the cluster, and for clients."""
        return self.outside[ROUTER.name]

    @property
    def machines(self) -> tuple[Machine, ...]:
        """All of them, the LAN last."""
        return (*self.nodes.values(), self.control, *self.outside.values(), self.lan)

    def load(self, archives: Iterable[Path], nodes: Iterable[str] = ()) -> None:
        """Import images into the nodes, side by side."""
        names = tuple(nodes) or tuple(self.nodes)
        for path in archives:
            importing = [threading.Thread(target=self._load, args=(path, one)) for one in names]
            for thread in importing:
                thread.start()
            for thread in importing:
                thread.join()
            for name in names:
                self.nodes[name].check()

    def _load(self, archive: Path, name: str) -> None:
        node.import_image(self.nodes[name], archive)

    def power_off(self, name: str) -> None:
        """Take a node away as a loss of power would; its disk stays."""
        self.nodes[name].power_off()

    def power_on(self, name: str) -> None:
        """Start a node that was off; it is on the LAN and its kubelet runs."""
        machine = self.nodes[name]
        machine.boot()
        self._plug(machine)
        self._start_node(machine)

    def wait_ready(self, *names: str, seconds: float = _UP_SECONDS) -> None:
        """Wait until nodes are Ready.

        Raises:
            MachineError: they are not in time, or a program has ended.
        """
        wanted = set(names or self.nodes)
        self.wait(f"{sorted(wanted)} are Ready", lambda: wanted <= self._ready(), seconds)

    def wait(self, what: str, holds: Callable[[], bool], seconds: float = _UP_SECONDS) -> None:
        """Wait until something holds, and nothing of the cluster ends meanwhile.

        Raises:
            MachineError: it does not in time, or a program has ended.
        """
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while not holds():
            for machine in self.machines:
                if machine.up:
                    machine.check()
            if time.monotonic() > deadline:
                raise MachineError(f"not within {seconds:g} s: {what}")
            pause.wait(_STEP_SECONDS)

    def _ready(self) -> set[str]:
        found = self.kubectl.get("nodes") or {"items": []}
        return {item["metadata"]["name"] for item in found["items"] if is_usable(item)}

    def _plug(self, machine: Machine) -> None:
        host = self.hosts[machine.name]
        lan.plug(self.lan, machine, host)
        lan.route_pods(machine, host, [self.hosts[name] for name in self.nodes])

    def _start_node(self, machine: Machine) -> None:
        node.start_runtime(machine)
        self.wait(
            f"containerd of {machine.name} answers",
            lambda: node.runtime_answers(machine),
        )
        cgroup = f"{self.cgroup}/{machine.name}"
        cgroups.create(cgroup)
        node.start_kubelet(machine, self.hosts[machine.name], self.secrets, cgroup)

    def _bring_up(self, images: Path) -> None:
        for machine in reversed(self.machines):
            machine.boot()
        for machine in self.nodes.values():
            seeds.plant(images, machine.folder / "disk" / "containerd")
        lan.switch(self.lan)
        for machine in (*self.nodes.values(), self.control, *self.outside.values()):
            self._plug(machine)
        control_plane.start_apiserver(self.control, self.secrets)
        self.wait("the API server is ready", self._serves)
        control_plane.start_controllers(self.control, self.secrets)
        for machine in self.nodes.values():
            self._start_node(machine)
        node.start_proxy(self.control, next(iter(self.nodes)), self.secrets)
        self.wait_ready()

    def _serves(self) -> bool:
        return not self.kubectl.try_run("get", "--raw", "/readyz").returncode

    def stop(self) -> None:
        """Take everything away."""
        for machine in self.machines:
            machine.power_off()


@contextmanager
def real_cluster(
    images: Sequence[Path], nodes: int = 2, keep: Path | None = None
) -> Iterator[RealCluster]:
    """Yield a cluster whose nodes are Ready, and take it away at the end.

    Args:
        images: archives of what nodes have from the start; the image that holds pods' namespaces
            (`images.workload`) must be among them.
        nodes: how many.
        keep: a folder that logs are copied to at the end.

    Raises:
        MissingError: this machine lacks something that cannot be installed.
        MachineError: it does not come up.
    """
    packages.ensure()
    seed = seeds.seed(images)
    folder = _folder()
    cgroup = folder.name
    janitor = subprocess.Popen(
        [sys.executable, "-I", str(_JANITOR), str(folder), cgroup],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    made = _describe(folder, cgroup, nodes)
    try:
        made._bring_up(seed)
        yield made
    finally:
        made.stop()
        if keep:
            _keep(made, keep)
        if janitor.stdin:
            janitor.stdin.close()
        janitor.wait()


def _folder() -> Path:
    # Beside the seeds, which nodes share by hard links.
    clusters = cache().parent / "clusters"
    clusters.mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="metallb-real-", dir=clusters))


def _describe(folder: Path, cgroup: str, nodes: int) -> RealCluster:
    hosts = {host.name: host for host in map(node_host, range(1, nodes + 1))}
    others = {host.name: host for host in (ROUTER, SECOND_ROUTER)}
    return RealCluster(
        folder,
        cgroup,
        Secrets.create(folder),
        lan=Machine("lan", folder / "lan"),
        control=Machine(CONTROL_PLANE.name, folder / CONTROL_PLANE.name),
        outside={name: Machine(name, folder / name) for name in others},
        nodes={name: Machine(name, folder / name) for name in hosts},
        hosts={**hosts, **others, CONTROL_PLANE.name: CONTROL_PLANE},
    )


def _keep(cluster: RealCluster, target: Path) -> None:
    for machine in cluster.machines:
        logs = machine.folder / "logs"
        if logs.exists():
            shutil.copytree(logs, target / machine.name, dirs_exist_ok=True)
