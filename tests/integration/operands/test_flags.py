"""The flags of every container are flags of the program in it.

Each program is started with what the chart gives it and asked for its usage in the end: Go's `flag`
reads flags in order, and complains of the first one that it does not know or cannot read.
"""

import re
import subprocess
from collections.abc import Mapping
from typing import Any, Final

import pytest

from cluster.binaries import PROGRAMS, binary
from support.rendering import BACKENDS, EVERYTHING, RELEASES, render

OF_METALLB: Final = {"controller/controller": "controller", "speaker/speaker": "speaker"}
OF_FRR_K8S: Final = {
    "frr-k8s/controller": "frr-k8s-controller",
    "frr-k8s/frr-metrics": "frr-k8s-metrics",
    "frr-k8s/frr-status": "frr-k8s-status",
    "statuscleaner/statuscleaner": "frr-k8s-statuscleaner",
}
BUILT: Final = "0.16.1"
"""The release whose frr-k8s is built; the other one has the same flags but one or two."""

_VARIABLE: Final = re.compile(r"\$\(\w+\)")


def program(container: str, version: str) -> str:
    """Return the name of the program in a container; "" where it is not one of MetalLB's."""
    if container in OF_METALLB:
        name = f"metallb-{OF_METALLB[container]}"
        return name if version == BUILT else f"{name}-{version}"
    return OF_FRR_K8S.get(container, "") if version == BUILT else ""


def asked(name: str, *arguments: str) -> str:
    done = subprocess.run(
        [str(binary(name)), *arguments, "-h"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stderr + done.stdout


@pytest.mark.parametrize("spec", [{}, EVERYTHING], ids=["defaults", "everything"])
@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_programs_know_the_flags_that_they_are_given(
    backend: str, version: str, spec: Mapping[str, Any]
) -> None:
    found = dict(render(spec, backend, version).containers(init=False))
    tried = {path: name for path in found if (name := program(path, version))}
    assert set(tried) >= set(OF_METALLB)
    for path, name in tried.items():
        arguments = [_VARIABLE.sub("value", argument) for argument in found[path].get("args", ())]
        said = asked(name, *arguments)
        assert "not defined" not in said, f"{path}: {said.splitlines()[0]}"
        assert "invalid value" not in said, f"{path}: {said.splitlines()[0]}"
        assert f"Usage of {binary(name)}" in said


def test_every_program_that_is_built_is_in_some_container() -> None:
    names = {
        program(path, version)
        for version in RELEASES
        for path, _ in render({}, "frr-k8s", version).containers(init=False)
    }
    operands = {
        name
        for name, built in PROGRAMS.items()
        if name.startswith(("metallb-", "frr-k8s")) and not built.for_real_nodes
    }
    assert operands == names - {""}


def test_a_flag_that_does_not_exist_is_noticed() -> None:
    assert "not defined" in asked("metallb-speaker", "--made-up=1")
    assert "invalid value" in asked("metallb-speaker", "--port=made-up")
