"""Whichever way an object is written, what is stored was judged.

Once as installed from the manifest, and once as Operator Lifecycle Manager has it, which knows no
matchConditions.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import yaml

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_webhooks.paths import PATHS
from support.admitting import SERVICE, Admitting
from support.reviews import stored
from support.samples import NAMESPACE
from support.waiting import wait_for

Spec: TypeAlias = dict[str, Any]

CONFIGURATION: Final = ObjectRef(
    "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", None, SERVICE
)
JSON_PATCH: Final = "application/json-patch+json"
LONG_AGO: Final = "2026-01-01T00:00:00Z"
FINALIZER: Final = "example.com/keeps"
TENANT: Final = "tenant"
NAMESAKES: Final = ("speaker", "metallb-operator", "metallb-webhooks")
"""ServiceAccounts of the tenant, called as those of MetalLB's namespace are."""
BAD_LABEL: Final = {"matchExpressions": [{"key": "a b", "operator": "Exists"}]}
PEER: Final = {"myASN": 64500, "peerASN": 64501}
GOOD_AND_BAD: Final[dict[tuple[str, str], tuple[Spec, Spec]]] = {
    ("metallb.io/v1beta1", "IPAddressPool"): (
        {"addresses": ["192.0.2.0/28"]},
        {"addresses": ["bad"]},
    ),
    ("metallb.io/v1beta1", "L2Advertisement"): ({}, {"nodeSelectors": [BAD_LABEL]}),
    ("metallb.io/v1beta1", "BGPAdvertisement"): ({}, {"communities": ["0:0:0:0"]}),
    ("metallb.io/v1beta1", "Community"): (
        {"communities": [{"name": "a", "value": "64500:1"}]},
        {"communities": [{"name": "a", "value": "bad"}]},
    ),
    ("metallb.io/v1beta2", "BGPPeer"): (
        PEER | {"peerAddress": "192.0.2.1"},
        PEER | {"peerAddress": "bad"},
    ),
    ("metallb.io/v1beta1", "BGPPeer"): (
        PEER | {"peerAddress": "192.0.2.1"},
        PEER | {"peerAddress": "bad"},
    ),
    ("frrk8s.metallb.io/v1beta1", "FRRConfiguration"): (
        {"bgp": {"routers": [{"asn": 64500}]}},
        {"bgp": {"routers": [{"asn": 64500, "neighbors": [{"address": "bad", "asn": 64501}]}]}},
    ),
    ("metallb.io/v1beta1", "MetalLB"): ({}, {"version": "9.9.9"}),
}
NOTHING_BAD_IN_ITSELF: Final = {("metallb.io/v1beta1", "BFDProfile")}
"""What is wrong with one depends on what else is stored."""

Kind: TypeAlias = tuple[str, str]


def made(kind: Kind, spec: Spec, **metadata: Any) -> Manifest:  # noqa: ANN401 - as JSON has it
    name = "metallb" if kind[1] == "MetalLB" else "written"
    manifest = stored(kind[1], name, **spec) | {"apiVersion": kind[0]}
    manifest["metadata"] |= metadata
    return manifest


# Ways to create, and to change what is stored already


async def post(client: KubeClient, wanted: Manifest) -> None:
    await client.create(wanted)


async def apply(client: KubeClient, wanted: Manifest) -> None:
    await client.apply(wanted, field_manager="somebody")


async def apply_as_if_going(client: KubeClient, wanted: Manifest) -> None:
    await client.apply(_going(wanted), field_manager="somebody")


async def post_as_if_going(client: KubeClient, wanted: Manifest) -> None:
    await client.create(_going(wanted))


async def put(client: KubeClient, wanted: Manifest) -> None:
    there = await client.get(ref_of(wanted)) or {}
    await client.replace(there | {"spec": wanted["spec"]})


async def put_as_if_going(client: KubeClient, wanted: Manifest) -> None:
    there = await client.get(ref_of(wanted)) or {}
    await client.replace(_going(there) | {"spec": wanted["spec"]})


async def merge(client: KubeClient, wanted: Manifest) -> None:
    await client.patch(ref_of(wanted), {"spec": wanted["spec"]})


async def merge_as_if_going(client: KubeClient, wanted: Manifest) -> None:
    going = {"deletionTimestamp": LONG_AGO, "finalizers": [FINALIZER]}
    await client.patch(ref_of(wanted), {"metadata": going, "spec": wanted["spec"]})


async def json_patch(client: KubeClient, wanted: Manifest) -> None:
    change = [{"op": "add", "path": "/spec", "value": wanted["spec"]}]
    await client.patch(ref_of(wanted), change, content_type=JSON_PATCH)


async def status(client: KubeClient, wanted: Manifest) -> None:
    await client.patch(ref_of(wanted), {"spec": wanted["spec"]}, subresource="status")


async def scale(client: KubeClient, wanted: Manifest) -> None:
    await client.patch(ref_of(wanted), {"spec": wanted["spec"]}, subresource="scale")


async def two_steps(client: KubeClient, wanted: Manifest) -> None:
    """Make it going first, by a finalizer and a deletion; then nobody looks any more."""
    await client.patch(ref_of(wanted), {"metadata": {"finalizers": [FINALIZER]}})
    await client.delete(ref_of(wanted))
    await merge(client, wanted)


async def two_steps_and_finalizers(client: KubeClient, wanted: Manifest) -> None:
    await client.patch(ref_of(wanted), {"metadata": {"finalizers": [FINALIZER, "example.com/2"]}})
    await client.delete(ref_of(wanted))
    both = {"metadata": {"finalizers": [FINALIZER]}, "spec": wanted["spec"]}
    await client.patch(ref_of(wanted), both)


Way: TypeAlias = Callable[[KubeClient, Manifest], Awaitable[None]]
CREATING: Final[tuple[Way, ...]] = (post, apply, apply_as_if_going, post_as_if_going)
CHANGING: Final[tuple[Way, ...]] = (
    put,
    put_as_if_going,
    merge,
    merge_as_if_going,
    json_patch,
    apply,
    apply_as_if_going,
    status,
    scale,
    two_steps,
    two_steps_and_finalizers,
)


def _going(manifest: Manifest) -> Manifest:
    return manifest | {"metadata": manifest["metadata"] | {"deletionTimestamp": LONG_AGO}}


@pytest.fixture(scope="module", params=["as installed", "as OLM has it"])
def asked(admission: Admitting, request: pytest.FixtureRequest) -> Iterator[Admitting]:
    """The webhooks with and without conditions."""
    cluster = admission.cluster
    for account in NAMESAKES:
        _prepared(admission, account)
    if request.param == "as installed":
        yield admission
        return
    shipped = admission.unregister()
    bare = {
        **shipped,
        "webhooks": [
            {key: value for key, value in one.items() if key != "matchConditions"}
            for one in shipped["webhooks"]
        ],
    }
    admission.register(bare)
    # In effect once speakers are asked as well, which the conditions except.
    speaker = f"--as=system:serviceaccount:{NAMESPACE}:speaker"
    bad = made(("frrk8s.metallb.io/v1beta1", "FRRConfiguration"), {"bgp": {"routers": "none"}})
    bad["spec"] = GOOD_AND_BAD["frrk8s.metallb.io/v1beta1", "FRRConfiguration"][1]

    def refused() -> bool:
        done = cluster.try_kubectl(
            "create", "--dry-run=server", speaker, "--as-group=system:masters", "-f", "-",
            stdin=yaml.safe_dump(bad),
        )  # fmt: skip
        return "denied the request" in done.stderr

    wait_for("there are no conditions", refused)
    yield admission
    admission.unregister()
    admission.register(shipped)


def _prepared(admission: Admitting, account: str) -> None:
    """Give a namesake every right there is: what it is kept from, admission has kept it from."""
    kubectl = admission.cluster.try_kubectl
    kubectl("create", "namespace", TENANT)
    kubectl("create", "serviceaccount", account, "-n", TENANT)
    kubectl(
        "create", "clusterrolebinding", f"tenant-{account}",
        "--clusterrole=cluster-admin", f"--serviceaccount={TENANT}:{account}",
    )  # fmt: skip


@pytest.fixture(params=["the administrator", *NAMESAKES])
async def writer(
    asked: Admitting, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[KubeClient]:
    """Who writes."""
    kubeconfig = asked.cluster.kubeconfig
    if request.param in NAMESAKES:
        token = asked.cluster.kubectl("create", "token", request.param, "-n", TENANT).strip()
        config = yaml.safe_load(kubeconfig.read_text())
        for user in config["users"]:
            user["user"] = {"token": token}
        kubeconfig = tmp_path / "namesake.kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(config))
    async with KubeClient.connect(kubeconfig) as client:
        yield client


def test_every_kind_is_written() -> None:
    assert set(GOOD_AND_BAD) | NOTHING_BAD_IN_ITSELF == set(PATHS.values())


@pytest.mark.parametrize("kind", list(GOOD_AND_BAD), ids="-".join)
async def test_what_is_stored_was_judged(kind: Kind, writer: KubeClient) -> None:
    good, bad = (made(kind, spec) for spec in GOOD_AND_BAD[kind])
    for way in CREATING:
        await _tried(way, writer, bad)
        assert await writer.get(ref_of(bad)) is None, f"{way.__name__} has created it"
    for way in CHANGING:
        await writer.create(good)
        there = await writer.get(ref_of(good)) or {}
        await _tried(way, writer, bad)
        left = await writer.get(ref_of(good)) or {}
        assert left["spec"] == there["spec"], f"{way.__name__} has changed it"
        await _removed(writer, good)


@pytest.mark.parametrize("kind", list(GOOD_AND_BAD), ids="-".join)
async def test_a_dry_run_is_judged_and_stores_nothing(kind: Kind, writer: KubeClient) -> None:
    good, bad = (made(kind, spec) for spec in GOOD_AND_BAD[kind])
    for manifest in (bad, _going(bad)):
        with pytest.raises(KubeError, match="denied the request"):
            await writer.apply(manifest, field_manager="somebody", dry_run=True)
    await writer.create(good, dry_run=True)
    assert await writer.get(ref_of(good)) is None


async def _tried(way: Way, client: KubeClient, wanted: Manifest) -> None:
    with suppress(KubeError):
        await way(client, wanted)


async def _removed(client: KubeClient, manifest: Manifest) -> None:
    """Delete it; a finalizer always comes off, judged or not."""
    await client.patch(ref_of(manifest), {"metadata": {"finalizers": None}})
    with suppress(KubeError):
        await client.delete(ref_of(manifest))
    assert await client.get(ref_of(manifest)) is None
