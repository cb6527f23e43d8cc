"""What API servers ask webhooks about."""

import pytest

from metallb_operator.packaging.admission import configuration, definitions, service, webhooks

BY_KIND = {(hook.kind, hook.version): hook for hook in webhooks() if hook.strict}
LENIENT = {(hook.kind, hook.version): hook for hook in webhooks() if not hook.strict}

NAMES = [
    # MetalLB's and frr-k8s' own names, which dashboards and exceptions out there may mention
    ("IPAddressPool", "v1beta1", "ipaddresspoolvalidationwebhook.metallb.io"),
    ("BGPAdvertisement", "v1beta1", "bgpadvertisementvalidationwebhook.metallb.io"),
    ("L2Advertisement", "v1beta1", "l2advertisementvalidationwebhook.metallb.io"),
    ("BFDProfile", "v1beta1", "bfdprofilevalidationwebhook.metallb.io"),
    ("Community", "v1beta1", "communityvalidationwebhook.metallb.io"),
    ("BGPPeer", "v1beta2", "bgppeersvalidationwebhook.metallb.io"),
    ("FRRConfiguration", "v1beta1", "frrconfigurationsvalidationwebhook.metallb.io"),
    # ours
    ("BGPPeer", "v1beta1", "bgppeersv1beta1validationwebhook.metallb.io"),
    ("MetalLB", "v1beta1", "metallbvalidationwebhook.metallb.io"),
]


@pytest.mark.parametrize(("kind", "version", "name"), NAMES)
def test_names(kind: str, version: str, name: str) -> None:
    assert BY_KIND[kind, version].name == name


def test_there_are_no_others() -> None:
    assert set(BY_KIND) == {(kind, version) for kind, version, _ in NAMES}


@pytest.mark.parametrize(
    ("kind", "judged", "told"),
    [
        # deletions that would only be warned about go through when nobody answers
        ("IPAddressPool", ("CREATE", "UPDATE"), ("DELETE",)),
        ("MetalLB", ("CREATE", "UPDATE"), ("DELETE",)),
        # a profile in use may not be deleted
        ("BFDProfile", ("CREATE", "UPDATE", "DELETE"), None),
        # nothing is said about the deletion
        ("FRRConfiguration", ("CREATE", "UPDATE"), None),
    ],
)
def test_operations(kind: str, judged: tuple[str, ...], told: tuple[str, ...] | None) -> None:
    lenient = LENIENT.get((kind, "v1beta1"))
    assert BY_KIND[kind, "v1beta1"].operations == judged
    assert (lenient.operations if lenient else None) == told


def test_a_deletion_is_asked_about_at_the_same_path_under_a_name_of_its_own() -> None:
    pools = LENIENT["IPAddressPool", "v1beta1"]
    assert pools.path == BY_KIND["IPAddressPool", "v1beta1"].path
    assert pools.name == "ipaddresspooldeletionwebhook.metallb.io"


@pytest.mark.parametrize(
    ("kind", "version", "rule"),
    [
        ("IPAddressPool", "v1beta1", ("metallb.io", "v1beta1", "ipaddresspools")),
        ("Community", "v1beta1", ("metallb.io", "v1beta1", "communities")),
        ("BGPPeer", "v1beta2", ("metallb.io", "v1beta2", "bgppeers")),
        ("FRRConfiguration", "v1beta1", ("frrk8s.metallb.io", "v1beta1", "frrconfigurations")),
    ],
)
def test_a_rule_is_about_one_resource_and_none_of_its_subresources(
    kind: str, version: str, rule: tuple[str, str, str]
) -> None:
    found = BY_KIND[kind, version].rule
    group, version, plural = rule
    assert found["apiGroups"] == [group]
    assert found["apiVersions"] == [version]
    assert found["resources"] == [plural]


@pytest.mark.parametrize(
    ("kind", "conditions"),
    [
        ("IPAddressPool", set()),
        ("FRRConfiguration", {"is-not-a-speaker"}),
        ("MetalLB", {"is-not-the-operator"}),
    ],
)
def test_what_runs_is_never_asked_about(kind: str, conditions: set[str]) -> None:
    always = {"is-not-going-already", "is-not-cleaning-up"}
    assert set(BY_KIND[kind, "v1beta1"].conditions) == always | conditions


def test_every_webhook_calls_our_service_at_its_path() -> None:
    [port] = service()["spec"]["ports"]
    for hook in configuration()["webhooks"]:
        called = hook["clientConfig"]["service"]
        assert called["name"] == service()["metadata"]["name"]
        assert called["port"] == port["port"]
        assert called["path"] in {known.path for known in BY_KIND.values()}


def test_definitions_name_what_olm_makes_the_rest_of() -> None:
    for defined in definitions():
        assert defined["deploymentName"] == "metallb-webhooks"
        assert (defined["containerPort"], defined["targetPort"]) == (443, 9443)
        assert "clientConfig" not in defined
        assert "matchConditions" not in defined
