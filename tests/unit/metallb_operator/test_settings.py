from pathlib import Path

import pytest

from metallb_crds.backend import Backend
from metallb_operator.settings import Settings, SettingsError, images_from


def test_settings_are_made_of_options_and_environment() -> None:
    made = Settings.build(
        {"HELM": "/opt/helm", "RELATED_IMAGE_FRR": "mirror/frr:1"},
        namespace="metallb-system",
        kubeconfig=Path("/k"),
        default_backend=Backend.NATIVE,
        resync_seconds=None,
    )
    assert made == Settings(
        namespace="metallb-system",
        kubeconfig=Path("/k"),
        default_backend=Backend.NATIVE,
        helm="/opt/helm",
        images={"frr": "mirror/frr:1"},
    )


@pytest.mark.parametrize(
    ("environment", "options", "helm"),
    [
        ({}, {}, "helm"),
        ({"HELM": ""}, {}, "helm"),
        ({"HELM": "/opt/helm"}, {}, "/opt/helm"),
        ({"HELM": "/opt/helm"}, {"helm": "/usr/bin/helm"}, "/usr/bin/helm"),
        ({"HELM": "/opt/helm"}, {"helm": None}, "/opt/helm"),
    ],
)
def test_helm_is_the_option_or_the_variable_or_on_path(
    environment: dict[str, str], options: dict[str, str | None], helm: str
) -> None:
    assert Settings.build(environment, namespace="x", **options).helm == helm


@pytest.mark.parametrize(
    ("variable", "role"),
    [
        ("RELATED_IMAGE_CONTROLLER", "controller"),
        ("RELATED_IMAGE_SPEAKER", "speaker"),
        ("RELATED_IMAGE_FRR", "frr"),
        ("RELATED_IMAGE_FRR_K8S", "frr-k8s"),
        ("RELATED_IMAGE_FRR_K8S_FRR", "frr-k8s-frr"),
    ],
)
def test_variable_replaces_the_image_of_a_role(variable: str, role: str) -> None:
    assert images_from({variable: "mirror/x:1", "PATH": "/bin"}) == {role: "mirror/x:1"}
    assert images_from({variable: ""}) == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"namespace": ""}, "the namespace is empty; pass --namespace"),
        ({"resync_seconds": 0.0}, "resync_seconds must be more than 0 seconds"),
        ({"poll_seconds": -1.0}, "poll_seconds must be more than 0 seconds"),
        ({"progress_deadline_seconds": 0.0}, "progress_deadline_seconds must be more than"),
        ({"images": {"frr": "a", "bird": "b", "quagga": "c"}}, "no image for bird, quagga"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.build({}, **{"namespace": "metallb-system", **options})


@pytest.mark.parametrize(
    ("environment", "options", "expected"),
    [
        ({}, {}, ()),
        ({"METALLB_ALLOWED_REGISTRIES": ""}, {}, ()),
        ({"METALLB_ALLOWED_REGISTRIES": "quay.io, a.example/b"}, {}, ("quay.io", "a.example/b")),
        (
            {"METALLB_ALLOWED_REGISTRIES": "quay.io"},
            {"allowed_registries": "a.example"},
            ("a.example",),
        ),
    ],
)
def test_registries_are_those_of_the_option_or_of_the_variable(
    environment: dict[str, str], options: dict[str, str], expected: tuple[str, ...]
) -> None:
    made = Settings.build(environment, namespace="x", **options)
    assert made.allowed_registries == expected


def test_what_is_no_registry_keeps_the_process_from_starting() -> None:
    with pytest.raises(SettingsError, match="'https://x' in METALLB_ALLOWED_REGISTRIES"):
        Settings.build({"METALLB_ALLOWED_REGISTRIES": "https://x"}, namespace="x")
