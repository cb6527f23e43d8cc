"""The chart with helm and without the operator: it stands alone, and its values are strict."""

import base64
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cluster.binaries import binary
from metallb_crds.backend import Backend
from metallb_crds.operator_v1beta1 import LOG_LEVELS, MetalLBSpec
from metallb_operator.chart import FOLDER, Chart
from metallb_operator.errors import ChartError
from metallb_operator.releases import DEFAULT_RELEASE, RELEASES, Release
from metallb_operator.values import values
from support.rendering import BACKENDS, EVERYTHING, Rendered, render_values
from support.samples import NAMESPACE

SCHEMA: dict[str, Any] = orjson.loads((FOLDER / "values.schema.json").read_bytes())
DEFAULTS: dict[str, Any] = yaml.safe_load((FOLDER / "values.yaml").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)


def test_helm_finds_nothing_to_complain_about() -> None:
    done = subprocess.run(
        [binary("helm"), "lint", "--strict", FOLDER], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("backend", BACKENDS)
def test_everything_that_pods_need_is_rendered(backend: str) -> None:
    rendered = render_values({"backend": backend, "frrK8s": {"namespace": "elsewhere"}})
    for workload in rendered.workloads():
        pod = workload["spec"]["template"]["spec"]
        account = pod["serviceAccountName"]
        assert f"ServiceAccount/{account}" in rendered.names
        assert f"RoleBinding/{account}" in rendered.names
        assert f"ClusterRoleBinding/{NAMESPACE}:{account}" in rendered.names
        for volume in pod.get("volumes") or ():
            if "secret" in volume:
                assert f"Secret/{volume['secret']['secretName']}" in rendered.names


def test_bindings_bind_roles_and_accounts_that_are_there() -> None:
    rendered = render_values({})
    for binding in rendered.of_kind("RoleBinding", "ClusterRoleBinding"):
        assert f"{binding['roleRef']['kind']}/{binding['roleRef']['name']}" in rendered.names
        for subject in binding["subjects"]:
            assert f"ServiceAccount/{subject['name']}" in rendered.names
            assert subject["namespace"] == NAMESPACE


def test_secrets_hold_what_their_readers_expect() -> None:
    rendered = render_values({})
    key = _decoded(rendered, "metallb-memberlist", "secretkey")
    assert len(_from_base64(key.decode())) == 16
    certificate = load_pem_x509_certificate(
        _decoded(rendered, "frr-k8s-webhook-server-cert", "tls.crt")
    )
    assert "statuscleaner" in certificate.subject.rfc4514_string()


def test_external_frr_k8s_needs_a_namespace() -> None:
    with pytest.raises(ChartError, match=r"frrK8s\.namespace must name the namespace"):
        render_values({"backend": "frr-k8s-external"})


def test_two_kinds_of_monitors_are_one_too_many() -> None:
    on = {"enabled": True}
    with pytest.raises(ChartError, match="would scrape everything twice: enable one"):
        render_values({"monitoring": {"serviceMonitor": on, "podMonitor": on}})


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"logLevle": "debug"}, "logLevle"),
        ({"speaker": {"tolerance": []}}, "tolerance"),
        ({"memberlist": {"bindPort": 0}}, "/memberlist/bindPort"),
        ({"backend": "bird"}, "/backend"),
        ({"monitoring": {"podMonitor": {"interval": 30}}}, "/monitoring/podMonitor/interval"),
        ({"speaker": {"updateStrategy": {"maxUnavailable": "0%"}}}, "maxUnavailable"),
    ],
)
def test_wrong_values_are_refused_by_name(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ChartError, match=named):
        render_values(given)


def test_every_map_of_values_is_closed() -> None:
    for path, part in _objects(SCHEMA):
        assert part["additionalProperties"] is False, path


def test_values_and_schema_name_the_same() -> None:
    assert set(_leaves(DEFAULTS)) == set(_schema_leaves(SCHEMA)) - {"global"}


def test_defaults_are_those_of_the_default_release() -> None:
    made = values(MetalLBSpec(), DEFAULT_RELEASE, Backend.FRR_K8S, {})
    created = {"rbac", "serviceAccounts", "secrets"}
    for path, value in _flat(made):
        if path.partition(".")[0] not in created:
            assert _at(DEFAULTS, path) == value, path


@pytest.mark.parametrize("helm", ["no-such-helm", "/no/such/helm", str(Path(__file__))])
def test_missing_helm_is_said_with_the_remedy(helm: str) -> None:
    with pytest.raises(ChartError, match=r"there is no executable .*; set HELM to its path"):
        Chart(helm)


def test_helm_that_cannot_start_is_said_with_the_remedy(tmp_path: Path) -> None:
    broken = tmp_path / "helm"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    with pytest.raises(ChartError, match=r"helm cannot be run: .*; set HELM to its path"):
        Chart(broken)


def test_what_helm_says_is_one_line_without_its_advice() -> None:
    with pytest.raises(ChartError) as caught:
        render_values({"backend": "frr-k8s-external"})
    text = str(caught.value)
    assert text.startswith("helm cannot render MetalLB: ")
    assert "\n" not in text
    assert "Error:" not in text
    assert "--debug" not in text


async def test_values_seen_before_run_no_helm() -> None:
    chart = Chart(binary("helm"))
    first = await chart.render({"logLevel": "warn"}, namespace=NAMESPACE)
    assert await chart.render({"logLevel": "warn"}, namespace=NAMESPACE) is first
    await chart.render({"logLevel": "warn"}, namespace="elsewhere")
    assert chart.runs == 2


def _text(*choices: str) -> st.SearchStrategy[str]:
    return st.sampled_from(choices)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict(fields))


PORTS = st.integers(1, 65535)
MAPS = st.dictionaries(_text("a", "b.example/c"), _text("", "x"), max_size=2)
TOLERATIONS = st.lists(
    _some(key=_text("a"), operator=_text("Exists", "Equal"), tolerationSeconds=st.integers(0, 9)),
    max_size=2,
)
COMPONENTS = _some(
    priorityClassName=_text("", "high"),
    runtimeClassName=_text("", "crun"),
    annotations=MAPS,
    affinity=_some(nodeAffinity=st.just({}), podAntiAffinity=st.just({})),
    resources=_some(requests=MAPS, limits=st.just({"cpu": 1, "memory": "1Gi"})),
)
MONITORS = _some(enabled=st.booleans(), labels=MAPS, interval=_text("", "30s", "1m30s"))
SPECS = _some(
    logLevel=_text(*LOG_LEVELS),
    loadBalancerClass=_text("", "a.b/c"),
    nodeSelector=MAPS,
    controllerNodeSelector=MAPS,
    speakerTolerations=TOLERATIONS,
    controllerTolerations=TOLERATIONS,
    controllerConfig=COMPONENTS,
    speakerConfig=COMPONENTS,
    frrk8sConfig=_some(namespace=_text("x"), alwaysBlock=st.lists(_text("::/0"), max_size=2)),
    images=_some(
        registry=_text("", "r/x"),
        controller=_text("", "c:v1"),
        frr=_text("", "f:v1"),
        pullPolicy=_text("Always", "Never"),
        pullSecrets=st.lists(_text("a", "b"), max_size=2),
    ),
    updateStrategy=_some(
        speaker=_some(
            type=_text("RollingUpdate", "OnDelete"),
            maxUnavailable=st.one_of(st.integers(1, 9), _text("1%", "50%", "100%")),
            sessionTimeoutSeconds=st.integers(0, 120),
            minReadySeconds=st.integers(0, 600),
        )
    ),
    ignoreExcludeLB=st.booleans(),
    excludeInterfaces=_some(enabled=st.booleans(), patterns=st.lists(_text("^x"), max_size=2)),
    memberlist=_some(enabled=st.booleans(), bindPort=PORTS, wanConfig=st.booleans()),
    bgpDebounceTimeout=st.integers(1, 600000),
    metrics=_some(port=PORTS, serviceMonitor=MONITORS, podMonitor=MONITORS),
    tls=_some(minVersion=_text("VersionTLS12"), curvePreferences=st.lists(_text("29"))),
    networkPolicies=_some(
        enabled=st.booleans(), defaultDeny=st.booleans(), apiServerPorts=st.lists(PORTS, max_size=8)
    ),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(spec=SPECS, release=st.sampled_from(RELEASES), backend=st.sampled_from(Backend))
def test_values_of_every_spec_are_as_the_schema_wants_them(
    spec: dict[str, Any], release: Release, backend: Backend
) -> None:
    made = values(MetalLBSpec.parse(spec), release, backend, {})
    assert [error.message for error in VALIDATOR.iter_errors(made)] == []
    assert orjson.loads(orjson.dumps(made)) == made


def test_values_of_everything_at_once_are_as_the_schema_wants_them() -> None:
    made = values(MetalLBSpec.parse(EVERYTHING), DEFAULT_RELEASE, Backend.FRR_K8S, {})
    VALIDATOR.validate(made)


def _decoded(rendered: Rendered, secret: str, key: str) -> bytes:
    return _from_base64(rendered.object(f"Secret/{secret}")["data"][key])


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _objects(part: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "properties" in part:
        yield path, part
    for name, child in part.get("properties", {}).items():
        yield from _objects(child, f"{path}.{name}")


def _schema_leaves(part: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for name, child in part["properties"].items():
        if "properties" in child:
            yield from _schema_leaves(child, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def _leaves(values: Mapping[str, Any]) -> Iterator[str]:
    return (path for path, _ in _flat(values))


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    known = set(_schema_leaves(SCHEMA))
    for name, value in values.items():
        here = f"{path}{name}"
        if here in known:
            yield here, value
        else:
            yield from _flat(value, f"{here}.")


def _at(values: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    for part in path.split("."):
        values = values[part]
    return values
