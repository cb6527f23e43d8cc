"""Where a process of ours finds its namespace."""

from pathlib import Path

from metallb_kube.process import own_namespace


def test_inside_a_pod_it_is_what_kubernetes_mounts(tmp_path: Path) -> None:
    mounted = tmp_path / "namespace"
    mounted.write_text("metallb-system\n")
    assert own_namespace(mounted) == "metallb-system"


def test_outside_of_a_pod_there_is_none(tmp_path: Path) -> None:
    assert own_namespace(tmp_path / "namespace") == ""
