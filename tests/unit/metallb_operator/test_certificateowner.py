"""Who owns the certificate that OLM makes for the webhooks."""

from typing import Any

import pytest

from metallb_operator.certificateowner import is_olms, owned_by

CSV = {"apiVersion": "operators.coreos.com/v1alpha1", "kind": "ClusterServiceVersion", "uid": "1"}
DEPLOYMENT = {"metadata": {"name": "metallb-webhooks", "uid": "2"}}
OWNER = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "metallb-webhooks", "uid": "2"}


def secret(*owners: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": "7", "ownerReferences": list(owners)}}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(secret(CSV), True, id="by-olm"),
        pytest.param(secret(OWNER), False, id="by-others"),
        pytest.param({"metadata": {}}, False, id="by-nobody"),
    ],
)
def test_whose_it_is(found: dict[str, Any], *, expected: bool) -> None:
    assert is_olms(found) == expected


@pytest.mark.parametrize(
    ("owners", "written"),
    [
        pytest.param([CSV], [CSV, OWNER], id="added"),
        pytest.param([CSV, OWNER], None, id="there"),
        # A Deployment of that name which is gone keeps nothing.
        pytest.param([CSV, OWNER | {"uid": "0"}], [CSV, OWNER | {"uid": "0"}, OWNER], id="older"),
    ],
)
def test_what_is_written(
    owners: list[dict[str, Any]], written: list[dict[str, Any]] | None
) -> None:
    patch = owned_by(secret(*owners), DEPLOYMENT)
    expected = written and {"metadata": {"resourceVersion": "7", "ownerReferences": written}}
    assert patch == expected
