"""The manifest on a real API server: it applies, it settles, it grants what it should."""

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
import yaml

from cluster import Cluster
from metallb_kube.client import KubeClient
from metallb_kube.objects import ref_of
from metallb_operator.packaging.generate import ROOT
from metallb_operator.packaging.image import NAMESPACE
from metallb_operator.packaging.permissions import Account, Rule, UrlRule, self_sufficient

INSTALL = ROOT / "bundle" / "install"
MANIFEST = INSTALL / "metallb-operator.yaml"
ELSEWHERE = "default"

Document = dict[str, Any]

DOCUMENTS: tuple[Document, ...] = tuple(yaml.load_all(MANIFEST.read_text(), yaml.CSafeLoader))


@pytest.fixture(scope="module")
def apart() -> Iterator[Cluster]:
    """A cluster of its own: webhooks that nobody serves would refuse what other tests write."""
    with Cluster.start(nodes=1) as running:
        yield running


@pytest.fixture(scope="module")
def before(apart: Cluster) -> Cluster:
    """Everything but the webhook configuration, and objects from before it was there."""
    kept = [d for d in DOCUMENTS if d["kind"] != "ValidatingWebhookConfiguration"]
    apart.apply(*kept, server_side=True)
    apart.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    apart.kubectl("create", "namespace", "doomed")
    pools = pool("there"), pool("obsolete"), pool("inside", "doomed")
    profiles = profile("there"), profile("inside", "doomed")
    apart.apply(metallb(), frr("there"), *pools, *profiles)
    return apart


@pytest.fixture(scope="module")
def installed(before: Cluster) -> Cluster:
    """The whole manifest, while no webhook answers; a namespace is on its way out."""
    apply_manifest(before)
    before.kubectl("delete", "namespace", "doomed", "--wait=false")
    return before


def apply_manifest(cluster: Cluster) -> str:
    return cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(MANIFEST))


def named(kind: str, name: str, namespace: str, **spec: Any) -> Document:  # noqa: ANN401 - JSON
    group = "frrk8s.metallb.io" if kind == "FRRConfiguration" else "metallb.io"
    return {
        "apiVersion": f"{group}/v1beta1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def pool(name: str, namespace: str = NAMESPACE) -> Document:
    return named("IPAddressPool", name, namespace, addresses=["192.0.2.0/28"])


def profile(name: str, namespace: str = NAMESPACE) -> Document:
    return named("BFDProfile", name, namespace)


def frr(name: str) -> Document:
    return named("FRRConfiguration", name, NAMESPACE)


def metallb() -> Document:
    """A MetalLB object that the operator has taken on."""
    document = named("MetalLB", "metallb", NAMESPACE)
    document["metadata"]["finalizers"] = ["metallb.io/operator"]
    return document


# Applying


def test_applied_twice_it_changes_nothing(installed: Cluster) -> None:
    def generations() -> dict[str, int]:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": DOCUMENTS})
        stored = json.loads(installed.kubectl("get", "-o", "json", "-f", "-", input=text))
        return {
            f"{item['kind']} {item['metadata']['name']}": (
                item["metadata"].get("generation") or item["metadata"]["resourceVersion"]
            )
            for item in stored["items"]
        }

    first = generations()
    apply_manifest(installed)
    assert generations() == first


def test_pods_run_under_pod_security_and_quota_of_the_namespace(installed: Cluster) -> None:
    for name in ("metallb-operator", "metallb-webhooks"):
        installed.kubectl(
            "rollout", "status", f"deployment/{name}", "-n", NAMESPACE, "--timeout=60s"
        )


def test_kustomize_moves_everything_to_another_namespace(installed: Cluster) -> None:
    folder = installed.folder / "elsewhere"
    folder.mkdir()
    (folder / "base").symlink_to(INSTALL)
    text = json.dumps({"namespace": "elsewhere", "resources": ["base"]})
    (folder / "kustomization.yaml").write_text(text)
    built = list(
        yaml.load_all(
            installed.kubectl("kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder)),
            yaml.CSafeLoader,
        )
    )
    used = set(namespaces(built))
    assert used == {"elsewhere"}


def namespaces(found: object) -> Iterator[str]:
    """Yield every namespace that is named by a field."""
    if isinstance(found, dict):
        if isinstance(found.get("namespace"), str):
            yield found["namespace"]
        for value in found.values():
            yield from namespaces(value)
    elif isinstance(found, list):
        for value in found:
            yield from namespaces(value)


# An outage of the webhooks


def account(name: str) -> tuple[str, str]:
    return ("--as", f"system:serviceaccount:{NAMESPACE}:{name}")


def patch(kind: str, name: str, body: Document) -> tuple[str, ...]:
    return ("patch", kind, name, "-n", NAMESPACE, "--type=merge", "-p", json.dumps(body))


ANNOTATE = {"metadata": {"annotations": {"example.com/seen": "yes"}}}


def refused(cluster: Cluster, *arguments: str, stdin: str | None = None) -> str:
    done = cluster.try_kubectl(*arguments, stdin=stdin)
    assert done.returncode != 0
    return str(done.stderr)


@pytest.mark.parametrize(
    "document", [pool("new"), frr("new"), named("Community", "new", NAMESPACE)]
)
def test_what_nobody_can_judge_is_refused(installed: Cluster, document: Document) -> None:
    answer = refused(installed, "create", "-f", "-", stdin=json.dumps(document))
    assert "failed calling webhook" in answer


@pytest.mark.parametrize(
    "what",
    [
        patch("metallb", "metallb", ANNOTATE),
        patch("ipaddresspool", "there", ANNOTATE),
        patch("frrconfiguration", "there", ANNOTATE),
        ("delete", "bfdprofile", "there", "-n", NAMESPACE),
    ],
    ids=["MetalLB", "IPAddressPool", "FRRConfiguration", "deletion of a BFDProfile"],
)
def test_changes_by_an_administrator_are_refused(installed: Cluster, what: tuple[str, ...]) -> None:
    assert "failed calling webhook" in refused(installed, *what)


def test_a_pool_can_be_deleted_since_that_would_only_be_warned_about(installed: Cluster) -> None:
    installed.kubectl("delete", "ipaddresspool", "obsolete", "-n", NAMESPACE)


def test_speakers_write_for_frr_k8s(installed: Cluster) -> None:
    text = json.dumps(frr("metallb-node-1"))
    installed.kubectl("create", "-f", "-", *account("speaker"), input=text)
    installed.kubectl(
        "delete", "frrconfiguration", "metallb-node-1", "-n", NAMESPACE, *account("speaker")
    )


async def test_the_operator_writes_its_bookkeeping_and_the_status(installed: Cluster) -> None:
    kubeconfig = installed.service_account_kubeconfig(NAMESPACE, "metallb-operator")
    ref = ref_of(metallb())
    async with KubeClient.connect(kubeconfig) as client:
        stored = await client.patch(ref, ANNOTATE)
        assert stored["metadata"]["annotations"]["example.com/seen"] == "yes"
        stored = await client.patch(ref, {"status": {"version": "0.16.1"}}, subresource="status")
        assert stored["status"]["version"] == "0.16.1"


def test_whoever_has_a_finalizer_can_take_it_off(installed: Cluster) -> None:
    installed.kubectl("delete", "metallb", "metallb", "-n", NAMESPACE, "--wait=false")
    installed.kubectl(*patch("metallb", "metallb", {"metadata": {"finalizers": None}}))
    assert installed.get("metallb", "metallb", NAMESPACE) is None


def test_a_namespace_goes_with_what_is_in_it(installed: Cluster) -> None:
    installed.kubectl("wait", "--for=delete", "namespace/doomed", "--timeout=60s")


# Permissions


Question = tuple[str, str, str, str, str, str]
"""Account, verb, group, resource (or URL), name and namespace ("" for all)."""


def questions(account: Account) -> Iterator[Question]:
    for rules, namespace in ((account.cluster, ""), (account.own, NAMESPACE)):
        for rule in rules:
            for group, resource, name in objects(rule):
                for verb in rule.verbs:
                    yield account.name, verb, group, resource, name, namespace


def objects(rule: Rule | UrlRule) -> Iterator[tuple[str, str, str]]:
    if isinstance(rule, UrlRule):
        yield from (("URL", url, "") for url in rule.urls)
        return
    for resource in rule.resources:
        yield from ((rule.group, resource, name) for name in rule.names or ("",))


def review(question: Question) -> Document:
    user, verb, group, resource, name, namespace = question
    plain, _, subresource = resource.partition("/")
    asked: Document = (
        {"nonResourceAttributes": {"path": resource, "verb": verb}}
        if group == "URL"
        else {
            "resourceAttributes": {
                "verb": verb,
                "group": group,
                "resource": plain,
                "subresource": subresource,
                "name": name,
                "namespace": namespace,
            }
        }
    )
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": f"system:serviceaccount:{NAMESPACE}:{user}", **asked},
    }


def answers(cluster: Cluster, asked: Sequence[Question]) -> dict[Question, bool]:
    items = [review(question) for question in asked]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    lines = cluster.kubectl(
        "create", "-o", 'jsonpath={.status.allowed}{"\\n"}', "-f", "-", input=text
    )
    return dict(zip(asked, (line == "true" for line in lines.splitlines()), strict=True))


def denied(given: dict[Question, bool]) -> Iterable[Question]:
    return [question for question, allowed in given.items() if not allowed]


@pytest.mark.parametrize("account", self_sufficient(), ids=lambda account: account.name)
def test_an_account_may_do_what_the_table_says(installed: Cluster, account: Account) -> None:
    asked = sorted(set(questions(account)))
    assert len(asked) > 0
    assert not denied(answers(installed, asked))


NOBODY = tuple(
    (account.name, *right)
    for account in self_sufficient()
    for right in (
        ("get", "", "secrets", "", ELSEWHERE),
        ("list", "", "secrets", "", ""),
        ("delete", "metallb.io", "ipaddresspools", "", NAMESPACE),
        ("delete", "metallb.io", "metallbs", "", NAMESPACE),
        ("update", "apiextensions.k8s.io", "customresourcedefinitions", "", ""),
        ("create", "rbac.authorization.k8s.io", "clusterroles", "", ""),
        ("bind", "rbac.authorization.k8s.io", "clusterroles", "", ""),
        ("create", "", "pods/exec", "", NAMESPACE),
        ("delete", "apps", "deployments", "", ELSEWHERE),
        ("update", "", "nodes", "", ""),
    )
)
WEBHOOKS = "admissionregistration.k8s.io", "validatingwebhookconfigurations"
NEVER: tuple[Question, ...] = (
    *NOBODY,
    ("metallb-webhooks", "delete", "", "secrets", "metallb-memberlist", NAMESPACE),
    ("metallb-webhooks", "get", "", "secrets", "metallb-memberlist", NAMESPACE),
    ("metallb-webhooks", "patch", *WEBHOOKS, "somebody-elses", ""),
    ("metallb-webhooks", "delete", *WEBHOOKS, "metallb-webhooks", ""),
    ("metallb-operator", "patch", *WEBHOOKS, "metallb-webhooks", ""),
    ("metallb-operator", "update", "coordination.k8s.io", "leases", "somebody-elses", NAMESPACE),
    ("metallb-operator", "patch", "metallb.io", "metallbs", "metallb", ELSEWHERE),
)


def test_nobody_may_do_what_they_need_not(installed: Cluster) -> None:
    given = answers(installed, NEVER)
    assert [question for question, allowed in given.items() if allowed] == []


# Removing


def documented(section: str) -> list[str]:
    """The commands of a section of docs/install.md, up to the first sentence after them."""
    text = (ROOT / "docs" / "install.md").read_text().partition(f"## {section}\n")[2]
    return text.partition("```sh\n")[2].partition("```")[0].splitlines()


def test_the_documented_removal_leaves_crds_and_configuration(installed: Cluster) -> None:
    for command in documented("Removing"):
        program, *arguments = shlex.split(command)
        assert program == "kubectl"
        installed.kubectl(*arguments)
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": DOCUMENTS})
    answer = installed.kubectl("get", "--ignore-not-found", "-o", "json", "-f", "-", input=text)
    left = {item["kind"] for item in json.loads(answer)["items"]}
    assert left == {"Namespace", "CustomResourceDefinition"}
    assert installed.get("ipaddresspool", "there", NAMESPACE)
