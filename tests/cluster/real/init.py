"""PID 1 of a machine: mounts its own /proc, reaps orphans, and takes everything down with it.

Run by `machine.Machine` inside new network, mount and PID namespaces, with `python -I`: standard
library only. The kernel kills every process of a PID namespace when its first process ends
(pid_namespaces(7)), and the other namespaces go with the last process in them. So a machine that is
killed leaves no process, no mount and no interface behind.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

_PRIVATE = ("/var/lib/cni", "/var/log/pods", "/var/log/containers", "/var/lib/kubelet")


def main() -> None:
    """Prepare the namespaces, say so on standard output, and reap until told to end.

    Arguments: the folder of the machine, which survives a restart of it as a disk would.
    """
    disk = sys.argv[1]
    mount("--make-rprivate", "/")
    mount("-t", "proc", "proc", "/proc")
    # Kubelet and containerd exchange mounts below their folders.
    mount("--make-rshared", "/")
    for path in _PRIVATE:
        kept = Path(disk, path.strip("/").replace("/", "-"))
        kept.mkdir(exist_ok=True)
        Path(path).mkdir(parents=True, exist_ok=True)
        mount("--bind", str(kept), path)
    # A machine that starts has an empty one.
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print("ready", flush=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        signal.sigwait({signal.SIGCHLD})
        reap()


def reap() -> None:
    """Collect every orphan that has ended."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return


def mount(*arguments: str) -> None:
    """Run mount(8)."""
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    main()
