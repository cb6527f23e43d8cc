from dataclasses import dataclass
from pathlib import Path

from observe.evidence import KINDS, save


@dataclass(frozen=True)
class Told:
    """A place where one command fails."""

    name: str = "n1"

    def command(self, *command: str) -> tuple[str, ...]:
        return command

    def run(self, *command: str) -> str:
        if command[0] == "nft":
            raise AssertionError("no nft here")
        return " ".join(command)


def kubectl(*arguments: str) -> str:
    if "frrk8s" in arguments[1]:
        raise RuntimeError("the server doesn't have a resource type")
    if arguments[:2] == ("get", "pods"):
        return "pod/speaker-1\npod/speaker-2\n"
    return " ".join(arguments)


def read(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_everything_is_saved_and_what_fails_is_written_down(tmp_path: Path) -> None:
    save(tmp_path, places=[Told()], kubectl=kubectl, namespaces=["metallb-system"])
    found = read(tmp_path)
    assert found["places/n1/routes.txt"] == "ip route show table all"
    assert found["places/n1/nftables.txt"] == "nft list ruleset: no nft here\n"
    assert found["objects/metallb.yaml"].startswith(f"get {KINDS['metallb']}")
    assert "doesn't have a resource type" in found["objects/frr-k8s.yaml"]
    assert found["events.txt"].startswith("get events")
    assert found["pods/metallb-system/speaker-2.log"].startswith("logs pod/speaker-2")


def test_secrets_are_not_saved() -> None:
    assert "secret" not in " ".join(KINDS.values()).lower()


def test_logs_are_copied_from_their_end(tmp_path: Path) -> None:
    source = tmp_path / "n1"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "kubelet.log").write_bytes(b"old" * 2_000_000 + b"the end")
    (source / "a.log").write_text("all")
    alone = tmp_path / "alone.log"
    alone.write_text("one")
    save(tmp_path / "to", logs=[source, alone, tmp_path / "none"])
    found = read(tmp_path / "to" / "logs")
    assert set(found) == {"n1/deep/kubelet.log", "n1/a.log", "alone.log"}
    assert found["n1/a.log"] == "all"
    assert len(found["n1/deep/kubelet.log"]) == 5_000_000
    assert found["n1/deep/kubelet.log"].endswith("the end")
