"""The steps of the demo, each of which holds or says why not."""

import json
import subprocess
from typing import Any, Final

from demo import manifests
from demo.stage import Stage
from demo.story import StepFailedError, Story
from support.operating import NAMESPACE
from support.processes import BIN
from support.waiting import wait_for

OWNED: Final = "deployments,daemonsets,configmaps,secrets,networkpolicies,pods"
MEMBER: Final = "applyset.kubernetes.io/part-of"


def install(story: Story, stage: Stage) -> None:
    """A MetalLB object in, a running MetalLB out."""
    story.chapter("One object")
    with story.step("MetalLB object created -> Available"):
        _apply(stage, manifests.METALLB)
        wait_for("Available", lambda: _is(stage, "Available", "True"), seconds=90)
    story.show(_kubectl(stage, "get", "metallb,deployment,daemonset,pods", "-o", "wide"))


def accept(story: Story, stage: Stage) -> None:
    """What works is accepted."""
    story.chapter("Configuration that works is accepted")
    for what, manifest in manifests.ACCEPTED.items():
        with story.step(f"{what} is accepted"):
            story.show(_apply(stage, manifest), style="green")


def refuse(story: Story, stage: Stage) -> None:
    """What cannot work is refused, and the message says why."""
    story.chapter("Configuration that cannot work is refused")
    for what, manifest in manifests.REFUSED.items():
        with story.step(f"{what} is refused"):
            done = stage.try_kubectl("apply", "-f", "-", stdin=manifest)
            if done.returncode == 0:
                raise StepFailedError(f"it was accepted: {done.stdout}")
            if "denied the request" not in done.stderr:
                raise StepFailedError(f"it was refused, but not by a rule: {done.stderr}")
            story.show(done.stderr, style="yellow")


def lint(story: Story, stage: Stage) -> None:
    """The same rules say the same before anything is applied: in a pull request, in an editor."""
    story.chapter("The same file, linted before it is applied")
    both = f"{manifests.POOL}---{manifests.OVERLAPPING}"
    with story.step("kubectl metallb lint names file, line and rule"):
        _lint(story, both)
    with story.step("... and with --cluster the pool that is stored counts, too"):
        where = ("--cluster", "--kubeconfig", str(stage.cluster.kubeconfig))
        _lint(story, manifests.OVERLAPPING, *where)


def _lint(story: Story, text: str, *options: str) -> None:
    done = _metallb("lint", *options, "-", stdin=text)
    story.show(done.stdout, style="yellow")
    if done.returncode != 1 or "[pool-overlap]" not in done.stdout:
        raise StepFailedError(f"exit {done.returncode}: {done.stdout}{done.stderr}")


def _metallb(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(BIN / "kubectl-metallb"), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def repair(story: Story, stage: Stage) -> None:
    """What is deleted comes back."""
    story.chapter("Drift is repaired")
    before = stage.get("daemonset", "speaker")
    if before is None:
        raise StepFailedError("there is no speaker DaemonSet to delete")
    with story.step("speaker DaemonSet deleted -> back"):
        _kubectl(stage, "delete", "daemonset", "speaker", "--wait=false")
        wait_for("a new speaker", lambda: _replaced(stage, before), seconds=30)
    with story.step("... and Available again"):
        wait_for("Available", lambda: _is(stage, "Available", "True"), seconds=60)


def change(story: Story, stage: Stage) -> None:
    """Another release and another backend, the new one up before the old one goes."""
    story.chapter("Upgrade and backend switch")
    with story.step("release 0.16.1 -> 0.15.3, as if it had been installed a year ago"):
        _change(stage, {"version": "0.15.3"}, version="0.15.3")
    with story.step("upgrade 0.15.3 -> 0.16.1: controller first, then speakers node by node"):
        _change(stage, {"version": "0.16.1"}, version="0.16.1")
    with story.step("backend frr-k8s -> native: speakers are replaced before frr-k8s goes"):
        _change(stage, {"bgpBackend": "native"}, backend="native")
        if stage.get("daemonset", "frr-k8s") is not None:
            raise StepFailedError("frr-k8s is still there")
    with story.step("kubectl metallb status shows all of it on one screen"):
        where = ("--kubeconfig", str(stage.cluster.kubeconfig))
        done = _metallb("status", *where)
        story.show(done.stdout)
        if "first-pool" not in done.stdout or "native" not in done.stdout:
            raise StepFailedError(f"exit {done.returncode}: {done.stdout}{done.stderr}")


def _change(stage: Stage, spec: dict[str, str], **status: str) -> None:
    patch = json.dumps({"spec": spec})
    _kubectl(stage, "patch", "metallb", "metallb", "--type=merge", "-p", patch)

    def has_arrived() -> bool:
        found = (stage.get("metallb", "metallb") or {}).get("status", {})
        return status.items() <= found.items() and _is(stage, "Progressing", "False")

    wait_for(f"{status}", has_arrived, seconds=90)


def remove(story: Story, stage: Stage) -> None:
    """Everything owned goes; CRDs and users' objects stay."""
    story.chapter("Removal")
    with story.step("MetalLB object deleted -> everything it owned is gone"):
        _kubectl(stage, "delete", "metallb", "metallb", "--timeout=90s")
        left = _kubectl(stage, "get", OWNED, "-l", MEMBER, "-o", "name").split()
        if left:
            raise StepFailedError("still there: " + ", ".join(left))
    with story.step("CRDs, pool, advertisement and peer are still there"):
        story.show(
            _kubectl(stage, "get", "ipaddresspools,l2advertisements,bgppeers", "-o", "name"),
            style="green",
        )
        for kind, name in (
            ("ipaddresspool", "first-pool"),
            ("l2advertisement", "example"),
            ("bgppeer", "sample"),
        ):
            if stage.get(kind, name) is None:
                raise StepFailedError(f"{kind} {name} is gone")


def _kubectl(stage: Stage, *arguments: str) -> str:
    done = stage.try_kubectl(*arguments, "-n", NAMESPACE)
    if done.returncode:
        raise StepFailedError(done.stderr)
    return done.stdout


def _apply(stage: Stage, manifest: str) -> str:
    done = stage.try_kubectl("apply", "-f", "-", stdin=manifest)
    if done.returncode:
        raise StepFailedError(done.stderr)
    return done.stdout + done.stderr


def _is(stage: Stage, condition: str, status: str) -> bool:
    if not stage.operator.alive:
        raise StepFailedError(f"the operator ended:\n{stage.operator.tail()}")
    return stage.condition(condition).get("status") == status


def _replaced(stage: Stage, before: dict[str, Any]) -> bool:
    now = stage.get("daemonset", "speaker")
    return now is not None and now["metadata"]["uid"] != before["metadata"]["uid"]


def memory(story: Story, stage: Stage) -> None:
    """Say what the processes weigh."""
    for process in (stage.operator, *stage.webhooks):
        story.console.print(f"[dim]{process.name}: {process.resident_mib():.0f} MiB resident[/]")
