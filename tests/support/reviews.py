"""Reviews as API servers send them, built from the fields that matter to a test."""

from typing import Any, Final

import orjson

from metallb_webhooks.review import ReviewRequest
from support.samples import NAMESPACE

API_VERSIONS: Final = {
    "BGPPeer": "metallb.io/v1beta2",
    "FRRConfiguration": "frrk8s.metallb.io/v1beta1",
}


def stored(kind: str, name: str, space: str = NAMESPACE, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Return an object as the API server has it; the keywords are its spec."""
    return {
        "apiVersion": API_VERSIONS.get(kind, "metallb.io/v1beta1"),
        "kind": kind,
        "metadata": {"name": name, "namespace": space},
        "spec": spec,
    }


def review(
    new: dict[str, Any] | None = None,
    old: dict[str, Any] | None = None,
    *,
    operation: str = "",
    subresource: str = "",
    dry_run: bool = False,
) -> ReviewRequest:
    """Return a review: CREATE of `new`, DELETE of `old`, or UPDATE of one to the other."""
    subject: dict[str, Any] = new or old or {}
    guessed = "UPDATE" if new and old else "CREATE" if new else "DELETE"
    metadata = subject.get("metadata", {})
    return ReviewRequest(
        uid="5c5a8b0e-0000-4000-8000-000000000001",
        api_version=subject.get("apiVersion", "metallb.io/v1beta1"),
        kind=subject.get("kind", "IPAddressPool"),
        namespace=metadata.get("namespace"),
        name=metadata.get("name", ""),
        operation=operation or guessed,
        subresource=subresource,
        dry_run=dry_run,
        object=new,
        old=old,
    )


def body(request: ReviewRequest) -> bytes:
    """Return a review as it goes over the wire."""
    group, _, version = request.api_version.rpartition("/")
    return orjson.dumps(
        {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": request.uid,
                "kind": {"group": group, "version": version, "kind": request.kind},
                "namespace": request.namespace,
                "name": request.name,
                "operation": request.operation,
                "subResource": request.subresource,
                "dryRun": request.dry_run,
                "object": request.object,
                "oldObject": request.old,
                "userInfo": {"username": request.user},
            },
        }
    )
