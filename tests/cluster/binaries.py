"""The cluster's programs, built from Go modules into a cache.

What is built is fixed by the go.mod and go.sum files beside this one. KUBEBUILDER_ASSETS (etcd,
kube-apiserver, kubectl) and HELM are honoured: what they name is used as it is.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MODULES: Final = Path(__file__).parent / "modules"
_VERSION: Final = "k8s.io/component-base/version"


class BuildError(Exception):
    """A program could not be built."""


@dataclass(frozen=True, slots=True)
class Program:
    """What is built.

    Attributes:
        module: folder below `modules` whose go.mod pins it.
        package: the Go package of its main function.
        about: how long it takes with empty caches, for people.
        ldflags: variables to set: without them the servers report v0.0.0, which clients refuse.
        for_real_nodes: nothing but real nodes needs it: it is built when they start.
    """

    name: str
    module: str
    package: str
    about: str
    ldflags: tuple[str, ...] = ()
    for_real_nodes: bool = False


def _kubernetes(name: str, about: str, *, for_real_nodes: bool = False) -> Program:
    variables = {"gitVersion": "v1.35.4", "gitMajor": "1", "gitMinor": "35"}
    flags = tuple(f"-X {_VERSION}.{key}={value}" for key, value in variables.items())
    package = f"k8s.io/kubernetes/cmd/{name}"
    return Program(name, "kubernetes", package, about, flags, for_real_nodes)


def _operands(
    module: str, suffix: str, path: str, *commands: str, for_real_nodes: bool = False
) -> Iterator[Program]:
    """What MetalLB consists of; programs of one module share most of the time."""
    project = module.partition("-0.")[0]
    for command in commands:
        last = command.rpartition("/")[2]
        name = last if last.startswith(project) else f"{project}-{last}"
        yield Program(
            f"{name}{suffix}",
            module,
            f"{path}/{command}",
            "1 minute",
            for_real_nodes=for_real_nodes,
        )


_METALLB: Final = "go.universe.tf/metallb"
_MAIN: Final = ("controller", "speaker")
_BESIDE_FRR: Final = ("frr-tools/cp-tool", "frr-tools/metrics")

PROGRAMS: Final[Mapping[str, Program]] = {
    program.name: program
    for program in (
        _kubernetes("kube-apiserver", "5 minutes"),
        _kubernetes("kube-controller-manager", "1 minute"),
        _kubernetes("kube-scheduler", "10 seconds"),
        _kubernetes("kubectl", "30 seconds"),
        _kubernetes("kubelet", "30 seconds", for_real_nodes=True),
        _kubernetes("kube-proxy", "10 seconds", for_real_nodes=True),
        Program("etcd", "etcd", ".", "30 seconds"),
        Program(
            "helm",
            "helm",
            "helm.sh/helm/v4/cmd/helm",
            "1 minute",
            ("-X helm.sh/helm/v4/internal/version.version=v4.1.4",),
        ),
        Program(
            "operator-verify",
            "olm",
            "github.com/operator-framework/api/cmd/operator-verify",
            "1 minute",
        ),
        Program("kwok", "kwok", "sigs.k8s.io/kwok/cmd/kwok", "1 minute"),
        *_operands("metallb", "", _METALLB, *_MAIN),
        *_operands("metallb", "", _METALLB, *_BESIDE_FRR, for_real_nodes=True),
        *_operands("metallb-0.15.3", "-0.15.3", _METALLB, *_MAIN),
        *_operands("metallb-0.15.3", "-0.15.3", _METALLB, *_BESIDE_FRR, for_real_nodes=True),
        *_operands(
            "frr-k8s",
            "",
            "github.com/metallb/frr-k8s/cmd",
            *("frr-k8s-controller", "metrics", "status", "statuscleaner"),
        ),
        *_operands(
            "frr-k8s-0.0.21",
            "-0.0.21",
            "github.com/metallb/frr-k8s",
            *("cmd/frr-k8s-controller", "cmd/statuscleaner"),
            *("frr-tools/metrics", "frr-tools/status"),
            for_real_nodes=True,
        ),
        Program("workload", "workload", ".", "5 seconds", for_real_nodes=True),
    )
}
"""In the order in which they are built; metallb-controller is what admission is compared with."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where the programs are."""

    folder: Mapping[str, Path]

    def __getitem__(self, name: str) -> Path:
        return self.folder[name]

    @property
    def kubectl(self) -> Path:
        """The command line for people."""
        return self.folder["kubectl"]

    @property
    def helm(self) -> Path:
        """What renders charts."""
        return self.folder["helm"]


def build_all() -> Binaries:
    """Return all programs of the embedded cluster, building those that are not there yet.

    Raises:
        BuildError: a build failed, or there is no Go.
    """
    return Binaries({n: binary(n) for n, program in PROGRAMS.items() if not program.for_real_nodes})


def binary(name: str) -> Path:
    """Return one program, building it if it is not there yet.

    Raises:
        BuildError: the build failed, or there is no Go.
    """
    given = _given(name)
    if given:
        return given
    program = PROGRAMS[name]
    target = cache() / f"{name}-{_fingerprint(program)}"
    if not target.exists():
        with _locked(target.with_name(f"{target.name}.lock")):
            if not target.exists():  # somebody else may have built it meanwhile
                _build(program, target)
    return target


def module_folder(name: str, module: str) -> Path:
    """Return where the source of a Go module lies, at the version that a folder pins.

    Args:
        name: the folder below `modules`.
        module: the path of the module, such as go.universe.tf/metallb.

    Raises:
        BuildError: it cannot be had.
    """
    done = subprocess.run(
        ["go", "mod", "download", "-json", module],
        cwd=MODULES / name,
        env={**os.environ, "GOWORK": "off", "GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError(f"no source of {module}: {done.stderr.strip() or done.stdout.strip()}")
    return Path(json.loads(done.stdout)["Dir"])


def cache() -> Path:
    """Return the folder of built programs, creating it."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    root = os.environ.get("METALLB_OPERATOR_CACHE") or f"{base}/metallb-operator"
    folder = Path(root) / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _given(name: str) -> Path | None:
    if name == "helm" and os.environ.get("HELM"):
        return Path(os.environ["HELM"])
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets and name in {"etcd", "kube-apiserver", "kubectl"}:
        path = Path(assets) / name
        if path.exists():
            return path
    return None


def _fingerprint(program: Program) -> str:
    digest = hashlib.sha256(f"{program.package} {program.ldflags}".encode())
    folder = MODULES / program.module
    for path in (folder / "go.mod", folder / "go.sum", *sorted(folder.glob("main.go"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(program: Program, target: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise BuildError("go is not on PATH; install Go 1.25 or newer (https://go.dev/dl)")
    _say(f"building {program.name} (about {program.about} the first time) ...")
    started = time.monotonic()
    unfinished = target.with_name(f"{target.name}.new")
    done = subprocess.run(
        [
            *(go, "build", "-trimpath", "-mod=readonly"),
            *("-ldflags", " ".join(("-s -w", *program.ldflags))),
            *("-o", str(unfinished), program.package),
        ],
        cwd=MODULES / program.module,
        env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError(f"building {program.name} failed:\n{done.stderr[-4000:]}")
    unfinished.rename(target)
    _say(f"built {program.name} in {time.monotonic() - started:.0f} s")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
