"""CRDs that MetalLB's project has installed become ours by the documented commands."""

import re
import shlex
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster import Cluster
from cluster.binaries import module_folder
from cluster.kubectl import KubectlError
from cluster.pki import Authority
from metallb_operator.packaging.generate import ROOT

PEERS = "bgppeers.metallb.io"
DOCUMENT = (ROOT / "docs" / "migration.md").read_text()


@pytest.mark.parametrize("server_side", [True, False])
def test_crd_of_peers_becomes_ours(tmp_path: Path, *, server_side: bool) -> None:
    """Its controller has written a certificate into it, which no manifest takes out."""
    with Cluster.start(nodes=1) as cluster:
        cluster.apply(_of_upstream(), server_side=server_side)
        certificate = Authority.create(tmp_path).pair.certificate.read_bytes()
        client = {"caBundle": b64encode(certificate).decode()}
        patch = {"spec": {"conversion": {"webhook": {"clientConfig": client}}}}
        how = ("--type=merge", "--field-manager=controller", "-p", yaml.safe_dump(patch))
        cluster.kubectl("patch", "crd", PEERS, *how)
        ours = ROOT / "crds" / f"{PEERS}.yaml"
        apply = ("apply", "--server-side", "--force-conflicts", "-f", str(ours))
        with pytest.raises(KubectlError, match="webhookClientConfig: Forbidden"):
            cluster.kubectl(*apply)
        [command] = re.findall(r"^ *kubectl (patch crd .*)$", DOCUMENT, re.MULTILINE)
        cluster.kubectl(*shlex.split(command))
        cluster.kubectl(*apply)
        cluster.kubectl(*shlex.split(command))
        cluster.kubectl(*apply)


def _of_upstream() -> dict[str, Any]:
    source = module_folder("metallb-0.15.3", "go.universe.tf/metallb")
    text = (source / "config" / "manifests" / "metallb-native.yaml").read_text()
    documents = yaml.load_all(text, yaml.CSafeLoader)
    found: dict[str, Any] = next(one for one in documents if one["metadata"]["name"] == PEERS)
    return found
