"""The image as it is built here: what is in it, and its processes as a node would start them.

Needs root, buildah and mmdebstrap.
"""

import shutil
import socket
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from cluster import image
from cluster.binaries import binary
from cluster.pki import Authority
from metallb_image.archives import write
from metallb_image.building import Wanted
from metallb_operator.packaging.image import IMAGE, VERSION
from support.processes import Process, running
from support.unpacked import ACCOUNT, Unpacked, config_of, unpack
from support.waiting import wait_for

MOST_BYTES: Final = 200_000_000
UID: Final = 65532
COMMANDS: Final = {"metallb-operator", "metallb-webhooks", "kubectl-metallb"}
WHO: Final = "import os; print(os.getuid(), os.getgid(), os.getgroups())"
TRUSTED: Final = (
    "import ssl; found = ssl.create_default_context().cert_store_stats(); "
    "print('authorities:', found['x509_ca'] > 100)"
)
# TLS 1.0 and newer begin with a record of type handshake (RFC 8446, section 5.1).
CLIENT_HELLO: Final = b"\x16\x03"


@pytest.fixture(scope="module")
def archive() -> Path:
    return image.archive()


@pytest.fixture(scope="module")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unpacked]:
    folder = tmp_path_factory.mktemp("image")
    yield unpack(archive, folder)
    shutil.rmtree(folder)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def outcome(process: Process) -> tuple[int | None, str]:
    """Wait for the end of a process; return its exit code and all its output."""
    with running(process):
        wait_for("the end of the process", lambda: not process.alive, seconds=60)
        return process.code, process.tail(100_000)


# What is in it


def test_it_is_small(unpacked: Unpacked) -> None:
    assert sum(unpacked.layer_bytes) < MOST_BYTES


def test_what_runs_and_as_whom(unpacked: Unpacked) -> None:
    settings: Mapping[str, Any] = unpacked.config["config"]
    assert settings["User"] == f"{UID}:{UID}"
    assert settings["Cmd"] == ["metallb-operator", "run"]
    assert not settings.get("Entrypoint")
    assert not any("secret" in name.lower() for name in settings["Env"])


def test_labels_say_what_it_is(unpacked: Unpacked) -> None:
    prefix = "org.opencontainers.image."
    labels = unpacked.config["config"]["Labels"]
    assert {name.removeprefix(prefix) for name in labels} == {
        *("title", "description", "version", "source", "licenses", "revision")
    }
    assert labels[f"{prefix}version"] == VERSION
    assert all(labels.values())


def test_only_a_shell_python_helm_and_our_commands_can_be_run(unpacked: Unpacked) -> None:
    folders = ("usr/bin", "usr/sbin", "usr/local/bin", "opt/metallb-operator/bin")
    found = {path.name for folder in folders for path in (unpacked.root / folder).glob("*")}
    assert {name for name in found if not name.startswith("python3")} == COMMANDS | {
        *("dash", "helm", "python", "sh")
    }


@pytest.mark.parametrize(
    "pattern",
    [
        *("**/pip", "**/pip-*", "**/setuptools", "**/ensurepip", "**/*.whl"),
        *("**/bash", "**/busybox", "**/perl", "**/apt", "**/dpkg"),
        *("**/gcc", "**/cc", "**/cc1", "**/ld", "**/*.a", "**/Python.h", "**/*.pyx"),
        *("**/kubernetes/**/v1_pod.py", "**/hatchling", "**/pytest", "**/mypy"),
        *("**/pip.conf", "**/run/secrets/*", "src", "build", "wheels"),
    ],
)
def test_what_only_a_build_needs_is_left_out(unpacked: Unpacked, pattern: str) -> None:
    found = (path.relative_to(unpacked.root) for path in unpacked.root.glob(pattern))
    # The licences of the base are all kept, one folder a package.
    assert [path for path in found if path.parts[:3] != ("usr", "share", "doc")] == []


def test_nothing_gives_rights(unpacked: Unpacked) -> None:
    for path in unpacked.files():
        status = (unpacked.root / path).lstat()
        assert (status.st_uid, status.st_gid) == (0, 0), path
        if not stat.S_ISLNK(status.st_mode):
            assert not status.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH)


def test_every_module_is_compiled(unpacked: Unpacked) -> None:
    """The root file system cannot be written to: what is not compiled is, at every start."""
    sources = [path for path in unpacked.files() if path.suffix == ".py"]
    assert len(sources) > 1000
    for path in sources:
        compiled = path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc"
        assert (unpacked.root / compiled).exists(), path


def test_the_same_sources_give_the_same_image(archive: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.tar"
    write(again, Wanted(IMAGE, helm=binary("helm")))
    found = config_of(again)
    again.unlink()
    assert found["rootfs"] == config_of(archive)["rootfs"]
    assert found == config_of(archive)


# Its processes, with a read-only root, the image's user and nothing but its environment


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("metallb-operator", "--help"), "run"),
        (("metallb-operator", "run", "--help"), "--leader-election"),
        (("metallb-webhooks", "--help"), "--tls-dir"),
        (("kubectl-metallb", "--help"), "migrate"),
        *(
            (("kubectl-metallb", command, "--help"), "Usage: kubectl")
            for command in ("lint", "status", "plan", "render", "migrate")
        ),
        (("kubectl-metallb", "render", "--version", "0.15.3"), "kind: DaemonSet"),
        (("helm", "version"), "v4."),
        (
            ("python", "-c", "import os; print(os.getuid(), os.getgid(), os.getgroups())"),
            "65532 65532 []",
        ),
        (
            ("python", "-c", "import ssl; print(ssl.create_default_context().cert_store_stats())"),
            "'x509_ca': 1",
        ),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_commands_run(unpacked: Unpacked, log: Path, command: tuple[str, ...], told: str) -> None:
    code, output = outcome(unpacked.process(log, *command))
    assert (code, told in output) == (0, True), output


@pytest.mark.parametrize("path", ["/x", "/opt/metallb-operator/x", "/etc/x", "/var/x"])
def test_the_root_file_system_is_read_only(unpacked: Unpacked, log: Path, path: str) -> None:
    code, output = outcome(unpacked.process(log, "python", "-c", f"open({path!r}, 'w')"))
    assert code == 1
    assert "Read-only file system" in output or "Permission denied" in output


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """Something that takes connections as an API server would, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        yield server


def accepted(server: socket.socket, process: Process) -> socket.socket | None:
    """Return the next connection; None if there is none at the moment."""
    assert process.alive, process.tail()
    try:
        return server.accept()[0]
    except TimeoutError:
        return None


@pytest.fixture
def account(tmp_path: Path) -> Path:
    folder = tmp_path / "account"
    authority = Authority.create(tmp_path / "authority")
    folder.mkdir()
    (folder / "ca.crt").write_bytes(authority.pair.certificate.read_bytes())
    (folder / "token").write_text("token")
    (folder / "namespace").write_text("metallb-system")
    return folder


@pytest.mark.parametrize("command", [(), ("metallb-webhooks",)], ids=["operator", "webhooks"])
def test_processes_ask_for_the_api_server(
    unpacked: Unpacked,
    log: Path,
    account: Path,
    silent_server: socket.socket,
    command: tuple[str, ...],
) -> None:
    environment = {
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(silent_server.getsockname()[1]),
        "POD_NAME": "a-pod",
        "POD_NAMESPACE": "metallb-system",
        "POD_IP": "127.0.0.1",
    }
    process = unpacked.process(log, *command, account=account, environment=environment)
    with running(process):
        asked = wait_for("a connection", lambda: accepted(silent_server, process), seconds=60)
        with asked:
            asked.settimeout(60)
            assert asked.recv(2) == CLIENT_HELLO, process.tail()
        assert process.alive, process.tail()
        assert "Traceback" not in process.tail(1000)


def test_the_account_is_where_pods_have_it(unpacked: Unpacked, log: Path, account: Path) -> None:
    code, output = outcome(
        unpacked.process(
            log, "python", "-c", f"print(open('/{ACCOUNT}/token').read())", account=account
        )
    )
    assert (code, output) == (0, "token")
