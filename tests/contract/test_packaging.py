"""What is installed agrees with what it is made from, whichever way it is installed."""

import asyncio
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cluster.binaries import binary
from metallb_crds.backend import Backend
from metallb_crds.operator_v1beta1 import FRRK8sConfig, MetalLBSpec
from metallb_crds.registry import KINDS
from metallb_kube.objects import ref_of
from metallb_operator.chart import Chart
from metallb_operator.packaging.generate import ROOT, files
from metallb_operator.packaging.image import IMAGE, VERSION
from metallb_operator.packaging.permissions import OPERANDS
from metallb_operator.releases import RELEASES
from metallb_operator.settings import images_from
from metallb_operator.values import values
from metallb_webhooks.paths import PATHS
from metallb_webhooks.rules.base import WRITES, Severity
from metallb_webhooks.rules.registry import RULES
from metallb_webhooks.settings import CONFIGURATION_LABEL, SERVICE, Settings

Document = dict[str, Any]
BUNDLE = ROOT / "bundle"
# What Operator Lifecycle Manager takes besides a CSV and CRDs, as far as we use it.
TAKEN = {"PodDisruptionBudget", "CustomResourceDefinition", "ServiceAccount"}


def read(path: Path) -> tuple[Document, ...]:
    return tuple(yaml.load_all(path.read_text(), yaml.CSafeLoader))


INSTALL = read(BUNDLE / "install" / "metallb-operator.yaml")
[CSV] = read(BUNDLE / "manifests" / "metallb-operator.clusterserviceversion.yaml")
SPEC = CSV["spec"]
BUNDLED = tuple(
    document
    for path in sorted((BUNDLE / "manifests").iterdir())
    for document in read(path)
    if document["kind"] != CSV["kind"]
)
BY_REF = {(document["kind"], document["metadata"]["name"]): document for document in INSTALL}
CONFIGURATION = BY_REF["ValidatingWebhookConfiguration", "metallb-webhooks"]


def one(kind: str, name: str) -> Document:
    return BY_REF[kind, name]


def _deployments() -> Iterator[tuple[str, Document]]:
    for name in ("metallb-operator", "metallb-webhooks"):
        yield f"manifest {name}", one("Deployment", name)["spec"]
    for entry in SPEC["install"]["spec"]["deployments"]:
        yield f"bundle {entry['name']}", entry["spec"]


DEPLOYMENTS = tuple(_deployments())


def container(spec: Document) -> Document:
    [found] = spec["template"]["spec"]["containers"]
    return dict(found)


# Generated files


@pytest.fixture(scope="module")
def generated() -> Mapping[str, str]:
    return files()


def test_every_generated_file_is_committed_as_it_would_be_generated_now(
    generated: Mapping[str, str],
) -> None:
    stale = [name for name, text in generated.items() if (ROOT / name).read_text() != text]
    assert stale == [], "run `make generate`"


def test_the_bundle_holds_nothing_that_is_not_generated(generated: Mapping[str, str]) -> None:
    there = {str(path.relative_to(ROOT)) for path in BUNDLE.rglob("*") if path.is_file()}
    assert there == set(generated)


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION == SPEC["version"]
    assert CSV["metadata"]["name"] == f"metallb-operator.v{VERSION}"


def test_crds_are_those_of_the_crds_folder_in_manifest_and_bundle() -> None:
    committed = {path.stem: read(path)[0] for path in (ROOT / "crds").glob("*.yaml")}
    for place in (INSTALL, BUNDLED):
        found = {d["metadata"]["name"]: d for d in place if d["kind"] == "CustomResourceDefinition"}
        assert found == committed


# Manifest and bundle


def test_objects_are_unique() -> None:
    for place in (INSTALL, BUNDLED):
        refs = [ref_of(document) for document in place]
        assert len(refs) == len(set(refs))


def test_what_manifest_and_bundle_both_hold_is_the_same_but_for_the_namespace() -> None:
    for document in BUNDLED:
        metadata = {"namespace": "metallb-system", **document["metadata"]}
        twin = one(document["kind"], metadata["name"])
        assert {**document, "metadata": metadata} == {
            **twin,
            "metadata": {"namespace": "metallb-system", **twin["metadata"]},
        }


def test_accounts_of_operands_are_files_of_the_bundle() -> None:
    """They outlive the CSV, as the operands' pods do."""
    found = {d["metadata"]["name"] for d in BUNDLED if d["kind"] == "ServiceAccount"}
    assert found == {account.name for account in OPERANDS}


def test_the_bundle_leaves_to_olm_what_is_its_own() -> None:
    assert {document["kind"] for document in BUNDLED} == TAKEN
    assert not any("namespace" in document["metadata"] for document in BUNDLED)


def test_deployments_differ_in_where_the_certificate_comes_from_alone() -> None:
    for entry in SPEC["install"]["spec"]["deployments"]:
        twin = one("Deployment", entry["name"])
        assert entry["label"] == twin["metadata"]["labels"]
        expected = json.loads(json.dumps(twin["spec"]))
        if entry["name"] == "metallb-webhooks":
            mounted = "--tls-dir=/tmp/k8s-webhook-server/serving-certs"
            expected["template"]["spec"]["containers"][0]["args"] = [mounted]
        assert entry["spec"] == expected


# Workloads


@pytest.mark.parametrize(("where", "spec"), DEPLOYMENTS)
def test_a_container_asks_for_little_and_says_how_it_fares(where: str, spec: Document) -> None:
    found = container(spec)
    assert set(found["resources"]["requests"]) == {"cpu", "memory"}, where
    assert "memory" in found["resources"]["limits"]
    # Throttling would make every write of configuration wait.
    assert "cpu" not in found["resources"]["limits"]
    for probe in ("startupProbe", "livenessProbe"):
        assert found[probe]["httpGet"]["path"] == "/healthz"
    assert found["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert found["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert found["securityContext"] == {
        "runAsGroup": 65532,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    pod = spec["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


@pytest.mark.parametrize(("where", "spec"), DEPLOYMENTS)
def test_ports_that_are_probed_are_ports_of_the_container(where: str, spec: Document) -> None:
    found = container(spec)
    names = {port["name"] for port in found["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert found[probe]["httpGet"]["port"] in names, where


@pytest.mark.parametrize(("where", "spec"), DEPLOYMENTS)
def test_a_deployment_selects_its_pods_and_no_others(where: str, spec: Document) -> None:
    selected = spec["selector"]["matchLabels"].items()
    others = [other for name, other in DEPLOYMENTS if name.split()[1] != where.split()[1]]
    assert selected <= spec["template"]["metadata"]["labels"].items()
    for other in others:
        assert not selected <= other["template"]["metadata"]["labels"].items()


def test_webhooks_are_two_and_kept_apart() -> None:
    spec = one("Deployment", "metallb-webhooks")["spec"]
    pod = spec["template"]["spec"]
    labels = spec["template"]["metadata"]["labels"].items()
    apart, spread = pod["topologySpreadConstraints"]
    budget = one("PodDisruptionBudget", "metallb-webhooks")["spec"]
    assert spec["replicas"] == 2
    assert budget["maxUnavailable"] == 1
    assert (apart["topologyKey"], apart["maxSkew"]) == ("kubernetes.io/hostname", 1)
    # A required anti-affinity, or minDomains, would leave a cluster of one node with one replica.
    assert apart["whenUnsatisfiable"] == "DoNotSchedule"
    assert "minDomains" not in apart
    assert "affinity" not in pod
    # A node that is cordoned or lost must not keep the second replica from running elsewhere.
    assert apart["nodeTaintsPolicy"] == "Honor"
    # Old pods must not count: two new ones could share the node that the old one has just left.
    assert apart["matchLabelKeys"] == ["pod-template-hash"]
    for selector in (
        apart["labelSelector"],
        spread["labelSelector"],
        budget["selector"],
    ):
        assert selector["matchLabels"].items() <= labels


def test_the_service_leads_to_the_port_that_webhooks_listen_on() -> None:
    service, deployment = one("Service", SERVICE), one("Deployment", "metallb-webhooks")["spec"]
    [port] = service["spec"]["ports"]
    assert service["spec"]["selector"].items() <= (
        deployment["template"]["metadata"]["labels"].items()
    )
    assert port["port"] == 443
    assert port["targetPort"] in {p["containerPort"] for p in container(deployment)["ports"]}


@pytest.mark.parametrize("name", ["metallb-operator", "metallb-webhooks"])
def test_policies_let_in_what_a_container_listens_on_and_everything_out(name: str) -> None:
    policy = one("NetworkPolicy", name)["spec"]
    spec = one("Deployment", name)["spec"]
    assert policy["podSelector"] == spec["selector"]
    allowed = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
    assert allowed == {port["containerPort"] for port in container(spec)["ports"]}
    assert policy["egress"] == [{}]


# Admission


@pytest.mark.parametrize("path", tuple(PATHS))
def test_every_path_is_asked_about_its_kind_in_manifest_and_bundle(path: str) -> None:
    api_version, kind = PATHS[path]
    [row] = [row for row in KINDS if (row.model.api_version, row.kind) == (api_version, kind)]
    rules = RULES.get(kind, ())
    told = WRITES.union(*(rule.operations for rule in rules))
    denied = WRITES.union(*(r.operations for r in rules if r.severity is Severity.DENY))
    for hooks in (
        [h for h in CONFIGURATION["webhooks"] if h["clientConfig"]["service"]["path"] == path],
        [h for h in SPEC["webhookdefinitions"] if h["webhookPath"] == path],
    ):
        asked = [operation for hook in hooks for operation in hook["rules"][0]["operations"]]
        assert sorted(asked) == sorted(told)
        strict, *others = hooks
        assert set(strict["rules"][0]["operations"]) == denied
        assert [hook["failurePolicy"] for hook in others] == ["Ignore"] * len(others)
        for hook in hooks:
            [rule] = hook["rules"]
            assert (rule["apiGroups"], rule["apiVersions"], rule["resources"]) == (
                [row.group],
                [row.version],
                [row.plural],
            )
            assert hook["sideEffects"] == "NoneOnDryRun"
            assert hook["admissionReviewVersions"] == ["v1"]
            assert Settings("a").deadline_seconds < hook["timeoutSeconds"] == 5


def test_there_is_no_webhook_without_a_path_and_names_are_unique_and_alike() -> None:
    registered = [hook["name"] for hook in CONFIGURATION["webhooks"]]
    assert registered == [hook["generateName"] for hook in SPEC["webhookdefinitions"]]
    assert len(set(registered)) == len(registered)
    paths = {hook["clientConfig"]["service"]["path"] for hook in CONFIGURATION["webhooks"]}
    assert paths == set(PATHS)


def test_the_configuration_can_be_found_by_its_label_and_leaves_the_ca_to_webhooks() -> None:
    key, _, value = CONFIGURATION_LABEL.partition("=")
    assert CONFIGURATION["metadata"]["labels"][key] == value
    for hook in CONFIGURATION["webhooks"]:
        service = hook["clientConfig"]["service"]
        assert (service["name"], service["namespace"]) == (SERVICE, "metallb-system")
        assert "caBundle" not in hook["clientConfig"]


def test_speakers_are_never_held_up_by_an_outage() -> None:
    [registered] = [h for h in CONFIGURATION["webhooks"] if h["name"].startswith("frrconf")]
    [defined] = [h for h in SPEC["webhookdefinitions"] if h["generateName"].startswith("frrconf")]
    assert "is-not-a-speaker" in {c["name"] for c in registered["matchConditions"]}
    # Operator Lifecycle Manager knows no conditions.
    assert defined["failurePolicy"] == "Ignore"


def test_writes_that_nobody_can_judge_are_refused() -> None:
    for hook in CONFIGURATION["webhooks"]:
        if "CREATE" in hook["rules"][0]["operations"]:
            assert hook["failurePolicy"] == "Fail"
    for hook in SPEC["webhookdefinitions"]:
        if "CREATE" in hook["rules"][0]["operations"] and "frrconf" not in hook["generateName"]:
            assert hook["failurePolicy"] == "Fail"


def test_olm_finds_the_deployment_and_the_port_of_every_definition() -> None:
    [entry] = [
        entry
        for entry in SPEC["install"]["spec"]["deployments"]
        if entry["name"] == "metallb-webhooks"
    ]
    ports = {port["containerPort"] for port in container(entry["spec"])["ports"]}
    for hook in SPEC["webhookdefinitions"]:
        assert hook["deploymentName"] == entry["name"]
        assert hook["type"] == "ValidatingAdmissionWebhook"
        assert hook["targetPort"] in ports


# Images


@pytest.fixture(scope="module")
def rendered_images() -> frozenset[str]:
    spec = MetalLBSpec(frrk8s_config=FRRK8sConfig(namespace="frr-k8s-system"))

    async def render() -> frozenset[str]:
        chart = Chart(binary("helm"))
        found = set()
        for release in RELEASES:
            for backend in Backend:
                chosen = values(spec, release, backend, {})
                for manifest in await chart.render(chosen, namespace="metallb-system"):
                    found |= set(images(manifest))
        return frozenset(found)

    return asyncio.run(render())


def images(manifest: Mapping[str, Any]) -> Iterable[str]:
    if manifest["kind"] not in {"DaemonSet", "Deployment"}:
        return ()
    pod = manifest["spec"]["template"]["spec"]
    return [c["image"] for c in (*pod.get("initContainers", ()), *pod["containers"])]


def test_related_images_are_all_that_any_release_and_backend_runs(
    rendered_images: frozenset[str],
) -> None:
    listed = [entry["image"] for entry in SPEC["relatedImages"]]
    names = [entry["name"] for entry in SPEC["relatedImages"]]
    assert set(listed) == rendered_images | {IMAGE}
    assert len(listed) == len(set(listed))
    assert len(names) == len(set(names))


def test_no_image_floats() -> None:
    for entry in SPEC["relatedImages"]:
        _, _, tag = entry["image"].rpartition(":")
        assert any(letter.isdigit() for letter in tag)


def test_our_own_image_is_the_same_everywhere() -> None:
    assert {container(spec)["image"] for _, spec in DEPLOYMENTS} == {IMAGE}
    assert CSV["metadata"]["annotations"]["containerImage"] == IMAGE


@pytest.mark.parametrize(("where", "spec"), DEPLOYMENTS)
def test_the_environment_replaces_no_images_of_a_release(where: str, spec: Document) -> None:
    set_here = {entry["name"]: entry.get("value", "") for entry in container(spec)["env"]}
    assert images_from(set_here) == {}, where


@pytest.mark.parametrize(("where", "spec"), DEPLOYMENTS)
def test_commands_are_entry_points_of_the_wheel(where: str, spec: Document) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert container(spec)["command"][0] in scripts, where


# What catalogues show


def schema_of(api_version: str, kind: str) -> Document:
    group, _, version = api_version.rpartition("/")
    for document in INSTALL:
        if document["kind"] == "CustomResourceDefinition":
            spec = document["spec"]
            if (spec["group"], spec["names"]["kind"]) == (group, kind):
                [found] = [v for v in spec["versions"] if v["name"] == version]
                return dict(found["schema"]["openAPIV3Schema"])
    raise AssertionError(f"no CRD of {api_version} {kind}")


def closed(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Refuse fields that the API server would prune."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    if "properties" in inner and inner.get("type") == "object":
        inner.setdefault("additionalProperties", False)
    return inner


EXAMPLES = json.loads(CSV["metadata"]["annotations"]["alm-examples"])


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e['kind']}-{e['metadata']['name']}")
def test_examples_satisfy_the_schema_of_their_kind(example: Document) -> None:
    schema = closed(schema_of(example["apiVersion"], example["kind"]))
    schema["properties"]["metadata"] = {}
    jsonschema.validate(example, schema)


def test_every_version_that_is_owned_has_an_example() -> None:
    owned = SPEC["customresourcedefinitions"]["owned"]
    shown = {(example["apiVersion"].split("/")[1], example["kind"]) for example in EXAMPLES}
    assert {(entry["version"], entry["kind"]) for entry in owned} == shown
    assert len(EXAMPLES) == len(owned) == len(KINDS)


@pytest.mark.parametrize(
    "entry",
    SPEC["customresourcedefinitions"]["owned"],
    ids=lambda entry: f"{entry['name']}-{entry['version']}",
)
def test_an_owned_kind_is_described_field_by_field(entry: Document) -> None:
    group = entry["name"].partition(".")[2]
    properties = schema_of(f"{group}/{entry['version']}", entry["kind"])["properties"]
    for part in ("spec", "status"):
        fields = properties.get(part, {}).get("properties", {})
        described = entry.get(f"{part}Descriptors", [])
        assert {descriptor["path"] for descriptor in described} == set(fields)
        assert all(d["displayName"] and d["description"] for d in described)
    assert entry["displayName"]
    assert entry["description"]
    assert entry["resources"]


def test_the_csv_has_what_catalogues_ask_for() -> None:
    annotations = CSV["metadata"]["annotations"]
    assert len(annotations["description"]) <= 135
    for key in ("capabilities", "categories", "createdAt", "repository", "support"):
        assert annotations[key]
    for key in (
        *("displayName", "description", "icon", "maintainers", "provider", "links", "keywords"),
        *("maturity", "minKubeVersion"),
    ):
        assert SPEC[key]
    modes = {mode["type"]: mode["supported"] for mode in SPEC["installModes"]}
    assert modes["OwnNamespace"]
    assert set(modes) == {"OwnNamespace", "SingleNamespace", "MultiNamespace", "AllNamespaces"}


def test_the_suggested_namespace_is_the_manifests() -> None:
    annotations = CSV["metadata"]["annotations"]
    suggested = json.loads(annotations["operatorframework.io/suggested-namespace-template"])
    assert suggested == one("Namespace", "metallb-system")
    assert annotations["operatorframework.io/suggested-namespace"] == "metallb-system"


def test_labels_of_the_bundle_image_are_its_annotations() -> None:
    [metadata] = read(BUNDLE / "metadata" / "annotations.yaml")
    lines = (BUNDLE / "bundle.Dockerfile").read_text().splitlines()
    labels = dict(
        line.removeprefix("LABEL ").split("=", 1) for line in lines if line.startswith("LABEL ")
    )
    assert labels == metadata["annotations"]
