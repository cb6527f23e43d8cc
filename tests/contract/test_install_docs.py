"""What docs/install.md says can be done as it is said."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cluster.binaries import binary
from metallb_crds.generate import crds
from metallb_image.building import defaults
from metallb_kube.process import ExitCode, termination_log
from metallb_operator.packaging.admission import webhooks
from metallb_operator.packaging.generate import ROOT, files
from metallb_operator.packaging.image import IMAGE, VERSION
from metallb_operator.settings import _IMAGE_VARIABLES
from metallb_webhooks.certs import Lifetimes

TEXT = (ROOT / "docs" / "install.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
YAML = [text for kind, text in BLOCKS if kind == "yaml"]


README = (ROOT / "README.md").read_text()
WAITS = tuple(
    f"kubectl -n metallb-system rollout status deployment/{name} --timeout=5m"
    for name in ("metallb-webhooks", "metallb-operator")
)


def named(name: str) -> list[str]:
    """The blocks that are to be saved under a name."""
    return [text for text in YAML if text.startswith(f"# {name}\n")]


@pytest.mark.parametrize("command", COMMANDS)
def test_files_that_commands_name_are_there(command: str) -> None:
    words = shlex.split(command)
    paths = [word for word in words if re.match(r"(bundle|crds|operator)(/|$)", word)]
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert missing == []
    assert words[0] in {"ctr", "helm", "kubectl", "make", "operator-sdk", "podman"}


def test_the_object_is_created_when_webhooks_and_operator_are_there() -> None:
    """Webhooks that start refuse it."""
    install = README.partition("## Install on a cluster\n")[2].partition("\n## ")[0]
    before, _, _ = install.partition("kubectl apply -f -")
    assert tuple(before.splitlines()[-2:]) == WAITS
    # The same for whoever installs in another way, in the namespace that is used there.
    for title in ("From one manifest", "With kustomize", "With Operator Lifecycle Manager"):
        section = TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]
        waits = section.replace("-n load-balancer ", "-n metallb-system ")
        assert "\n".join(WAITS) in waits


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", TEXT))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / "docs" / target).exists()


@pytest.mark.parametrize("text", YAML)
def test_objects_of_ours_satisfy_their_schema(text: str) -> None:
    for document in yaml.safe_load_all(text):
        if document["kind"] == "MetalLB":
            [version] = crds()["metallbs.metallb.io"]["spec"]["versions"]
            jsonschema.validate(document, version["schema"]["openAPIV3Schema"])


def built(folder: Path, text: str) -> list[dict[str, Any]]:
    """What kustomize makes of a block beside a checkout."""
    (folder / "bundle").symlink_to(ROOT / "bundle")
    (folder / "kustomization.yaml").write_text(text)
    for certificate in named("certificate.yaml"):
        (folder / "certificate.yaml").write_text(certificate)
    done = subprocess.run(
        [
            str(binary("kubectl")),
            "kustomize",
            str(folder),
            "--load-restrictor=LoadRestrictionsNone",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return list(yaml.load_all(done.stdout, yaml.CSafeLoader))


def deployment(documents: list[dict[str, Any]], name: str) -> dict[str, Any]:
    [found] = [
        document
        for document in documents
        if (document["kind"], document["metadata"]["name"]) == ("Deployment", name)
    ]
    return found


def test_kustomize_changes_namespace_and_image(tmp_path: Path) -> None:
    [text] = [text for text in named("kustomization.yaml") if "newName" in text]
    documents = built(tmp_path, text)
    for name in ("metallb-operator", "metallb-webhooks"):
        found = deployment(documents, name)
        [container] = found["spec"]["template"]["spec"]["containers"]
        assert container["image"] == f"registry.example.com/metallb-operator:v{VERSION}"
        assert found["metadata"]["namespace"] == "load-balancer"
    assert IMAGE.startswith("quay.io/metallb-operator/metallb-operator:")
    [configuration] = [d for d in documents if d["kind"] == "ValidatingWebhookConfiguration"]
    accounts = [
        condition["expression"].partition(" != ")[2]
        for webhook in configuration["webhooks"]
        for condition in webhook["matchConditions"]
        if condition["name"] in {"is-not-a-speaker", "is-not-the-operator"}
    ]
    assert set(accounts) == {
        "'system:serviceaccount:load-balancer:metallb-operator'",
        "'system:serviceaccount:load-balancer:speaker'",
    }


def test_cert_manager_writes_what_webhooks_read(tmp_path: Path) -> None:
    [text] = [text for text in named("kustomization.yaml") if "cert-manager" in text]
    documents = built(tmp_path, text)
    pod = deployment(documents, "metallb-webhooks")["spec"]["template"]["spec"]
    [container] = pod["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    secrets = {v["name"]: v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v}
    [certificate] = [d for d in documents if d["kind"] == "Certificate"]
    [configuration] = [d for d in documents if d["kind"] == "ValidatingWebhookConfiguration"]
    service = configuration["webhooks"][0]["clientConfig"]["service"]
    assert container["args"] == [f"--tls-dir={mounts['certificate']}"]
    assert "tmp" in mounts
    assert secrets == {"certificate": certificate["spec"]["secretName"]}
    assert certificate["spec"]["dnsNames"] == [f"{service['name']}.{service['namespace']}.svc"]
    assert configuration["metadata"]["annotations"] == {
        "cert-manager.io/inject-ca-from": "metallb-system/metallb-webhooks"
    }


def test_lifetimes_are_those_of_the_code() -> None:
    lifetimes = Lifetimes()
    section = TEXT.partition("## Certificates")[2].partition("\n## ")[0]
    assert f"valid for {lifetimes.leaf.days} days" in section
    assert f"replaced {lifetimes.leaf_before.days} days" in section


def test_variables_are_those_of_the_code() -> None:
    assert set(re.findall(r"RELATED_IMAGE_\w+", TEXT)) == set(_IMAGE_VARIABLES)


def test_the_table_of_outages_is_that_of_the_configuration() -> None:
    refused = {hook.kind for hook in webhooks() if hook.strict and "DELETE" in hook.operations}
    assert refused == {"BFDProfile"}


def test_every_exit_code_is_in_the_table() -> None:
    table = TEXT.partition("| exit code | meaning |")[2].partition("\n\n")[0]
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)] == list(
        ExitCode
    )


def test_the_variable_of_the_termination_message_is_named_as_it_is() -> None:
    assert "`TERMINATION_LOG` names" in TEXT
    assert termination_log({}) == Path("/dev/termination-log")
    assert termination_log({"TERMINATION_LOG": "/else"}) == Path("/else")


def test_targets_of_make_are_there_and_write_what_is_applied() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for command in COMMANDS:
        if command.startswith("make "):
            assert f"\n{command.split()[1]}:" in makefile
    written = {f"build/{path}" for path in files()}
    applied = re.findall(r"\bbuild/bundle/\S+\.yaml", TEXT)
    assert applied
    assert set(applied) <= written


def test_the_image_is_built_on_what_is_said() -> None:
    given = defaults((ROOT / "Containerfile").read_text())
    for name in (given["BASE"], given["GO"]):
        assert f"`{name.rpartition('/')[2]}`" in TEXT
