"""Whether what is in the root file system suffices: run in the image's build, which it may end.

`python -m metallb_image.chrooted /rootfs UID` changes into the root file system as the image's
user, imports every module of ours, runs every command, and has helm render the chart: if too much
was left out, it fails. Programs may write there, so it is a copy that is tried.
"""

import os
import subprocess
import sys
from typing import Final

from metallb_image.selection import COMMANDS, HELM, PRODUCT

EVERY_MODULE: Final = """
import importlib, pkgutil
for name in ("metallb_crds", "metallb_kube", "metallb_webhooks", "metallb_operator", "metallb_cli"):
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(package.__path__, f"{name}."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
"""


def main(arguments: list[str]) -> int:
    """Change into the folder as the user whose number follows, and try everything."""
    root, number = arguments[0], int(arguments[1])
    os.chroot(root)
    os.chdir("/")
    os.setgroups([])
    os.setgid(number)
    os.setuid(number)
    tried = [
        [f"{PRODUCT}/bin/python", "-W", "error", "-c", EVERY_MODULE],
        *([f"{PRODUCT}/bin/{command}", "--help"] for command in COMMANDS),
        [f"{PRODUCT}/bin/kubectl-metallb", "render"],
    ]
    for command in tried:
        environment = {"HELM": HELM, "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}  # noqa: S108 - the image's
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            sys.stderr.write(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
