"""Names of BGP backends."""

import pytest

from metallb_crds.backend import DEFAULT_BACKEND, Backend, backend_of


@pytest.mark.parametrize(
    ("text", "backend"),
    [
        ("native", Backend.NATIVE),
        ("frr", Backend.FRR),
        ("frr-k8s", Backend.FRR_K8S),
        ("frr-k8s-external", Backend.FRR_K8S_EXTERNAL),
        # Nobody chose.
        ("", DEFAULT_BACKEND),
        (None, DEFAULT_BACKEND),
        # No backend.
        ("FRR", None),
        ("frr ", None),
        ("bird", None),
    ],
)
def test_backend_of(text: str | None, backend: Backend | None) -> None:
    assert backend_of(text) is backend


def test_the_default_is_that_of_metallb_itself() -> None:
    assert DEFAULT_BACKEND is Backend.FRR_K8S


@pytest.mark.parametrize("backend", Backend)
def test_all_but_native_use_frr(backend: Backend) -> None:
    assert backend.uses_frr is (backend.value != "native")
