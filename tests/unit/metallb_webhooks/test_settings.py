from dataclasses import replace
from pathlib import Path

import pytest

from metallb_crds.backend import Backend
from metallb_webhooks.settings import Settings, SettingsError

BASE = Settings("metallb-system")


@pytest.mark.parametrize(
    ("environment", "options", "expected"),
    [
        ({}, {"namespace": "a"}, Settings("a")),
        ({"POD_NAMESPACE": "b"}, {}, Settings("b")),
        ({"POD_NAMESPACE": "b"}, {"namespace": "a"}, Settings("a")),
        ({"POD_NAMESPACE": "b"}, {"namespace": None, "port": None}, Settings("b")),
        ({}, {"namespace": "a", "backend": "frr"}, Settings("a", backend=Backend.FRR)),
        (
            {"METALLB_BGP_TYPE": "native"},
            {"namespace": "a"},
            Settings("a", backend=Backend.NATIVE),
        ),
        (
            {"METALLB_BGP_TYPE": "native"},
            {"namespace": "a", "backend": Backend.FRR_K8S},
            Settings("a", backend=Backend.FRR_K8S),
        ),
        ({"METALLB_BGP_TYPE": ""}, {"namespace": "a"}, Settings("a")),
        (
            {"METALLB_ALLOWED_REGISTRIES": "quay.io, a.example/b"},
            {"namespace": "a"},
            Settings("a", allowed_registries=("quay.io", "a.example/b")),
        ),
        (
            {"METALLB_ALLOWED_REGISTRIES": "quay.io"},
            {"namespace": "a", "allowed_registries": "a.example"},
            Settings("a", allowed_registries=("a.example",)),
        ),
        ({"METALLB_ALLOWED_REGISTRIES": ""}, {"namespace": "a"}, Settings("a")),
        (
            {},
            {
                "namespace": "a",
                "port": 1,
                "host": "::",
                "tls_dir": Path("x"),
                "address": "192.0.2.7",
            },
            Settings("a", port=1, host="::", tls_dir=Path("x"), address="192.0.2.7"),
        ),
    ],
)
def test_options_win_over_the_environment(
    environment: dict[str, str], options: dict[str, object], expected: Settings
) -> None:
    assert Settings.build(environment, **options) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "pass --namespace"),
        ({"namespace": ""}, "pass --namespace"),
        ({"namespace": "a", "port": 65536}, "no TCP port 65536"),
        ({"namespace": "a", "port": -1}, "no TCP port -1"),
        ({"namespace": "a", "backend": "bird"}, "no BGP backend 'bird'; choose one of native, frr"),
        ({"namespace": "a", "allowed_registries": "https://x"}, "'https://x' in METALLB_ALLOWED"),
        ({"namespace": "a", "colour": "red"}, "no setting colour"),
        ({"namespace": "a", "drain_seconds": 0}, "drain_seconds must be more than 0"),
        ({"namespace": "a", "quiet_seconds": -1.0}, "must not be negative"),
    ],
)
def test_what_cannot_be_used_is_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.build({}, **options)


def test_no_pause_before_the_end_is_fine() -> None:
    assert replace(BASE, quiet_seconds=0.0).quiet_seconds == 0
