"""The same image is asked of every builder, in its own words."""

from pathlib import Path

import pytest

from metallb_image.builders import Build, Builder, NoBuilderError, choose

KINDS = ("podman", "docker", "buildah")
WANTED = Build(
    context=Path("/src"),
    name="localhost/x:1",
    arguments={"BASE": "python:3.13"},
    secrets={"pip": Path("/tmp/pip.conf")},  # noqa: S108 - a name only
    epoch=1700000000,
)


@pytest.mark.parametrize("kind", KINDS)
def test_builds_say_what_is_wanted(kind: str) -> None:
    command = Builder(kind, (kind, "--debug")).build(WANTED)
    assert command[:3] == [kind, "--debug", "build"]
    assert command[-3:] == ["--tag", "localhost/x:1", "/src"]
    assert "--build-arg=BASE=python:3.13" in command
    assert "--build-arg=SOURCE_DATE_EPOCH=1700000000" in command
    assert "--secret=id=pip,src=/tmp/pip.conf" in command


def test_times_are_fixed_in_the_way_of_each_builder() -> None:
    fixed = {kind: "--timestamp=1700000000" in Builder(kind, ()).build(WANTED) for kind in KINDS}
    assert fixed == {"podman": True, "docker": False, "buildah": True}


def test_docker_is_told_of_the_proxy_that_the_others_know() -> None:
    told = {kind: "--build-arg=https_proxy" in Builder(kind, ()).build(WANTED) for kind in KINDS}
    assert told == {"podman": False, "docker": True, "buildah": False}


def test_root_file_systems_become_images() -> None:
    tar = Path("/x.tar")
    assert Builder("docker", ("docker",)).import_tar(tar, "localhost/b:1") == [
        ["docker", "import", "/x.tar", "localhost/b:1"]
    ]
    steps = Builder("buildah", ("buildah",)).import_tar(tar, "localhost/b:1")
    assert [step[1] for step in steps] == ["from", "add", "commit"]
    assert len({word for step in steps for word in step if word.startswith("localhost-b")}) == 1
    assert steps[-1][-1] == "localhost/b:1"


@pytest.mark.parametrize(
    ("kind", "last"),
    [("podman", "x:1"), ("docker", "x:1"), ("buildah", "docker-archive:/t.tar:x:1")],
)
def test_images_are_saved_under_their_name(kind: str, last: str) -> None:
    assert Builder(kind, (kind,)).save("x:1", Path("/t.tar"))[-1] == last


@pytest.mark.parametrize(
    ("working", "wanted", "kind"),
    [
        ({"podman", "docker", "buildah"}, "", "podman"),
        ({"docker", "buildah"}, "", "docker"),
        ({"buildah"}, "", "buildah"),
        ({"podman", "buildah"}, "buildah", "buildah"),
    ],
)
def test_what_is_here_is_used(working: set[str], wanted: str, kind: str) -> None:
    assert choose(working.__contains__, wanted).program == (kind,)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [("", "no podman, docker .* or buildah here"), ("podman", "apt-get install podman")],
)
def test_a_missing_builder_is_told_with_a_remedy(wanted: str, told: str) -> None:
    with pytest.raises(NoBuilderError, match=told):
        choose(lambda kind: kind == "docker" and False, wanted)
