"""JSON names and the meaning of absent fields, kind by kind."""

from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo

from metallb_crds import (
    config_v1beta1,
    config_v1beta2,
    core,
    frrk8s_v1beta1,
    meta,
    operator_v1beta1,
)
from metallb_crds.base import CRD_DEFAULT, Model
from metallb_crds.config_v1beta1 import BFDProfileSpec, BGPPeerV1Beta1Spec, ServiceAllocation
from metallb_crds.config_v1beta1 import BGPAdvertisementSpec as Advertisement
from metallb_crds.config_v1beta1 import IPAddressPoolSpec as PoolSpec
from metallb_crds.config_v1beta1 import IPAddressPoolStatus as PoolStatus
from metallb_crds.config_v1beta1 import L2AdvertisementSpec as L2Spec
from metallb_crds.config_v1beta2 import BGPPeerSpec, SecretReference
from metallb_crds.core import ResourceRequirements, Toleration
from metallb_crds.frrk8s_v1beta1 import AllowedIn, AllowedOut, Neighbor, Router
from metallb_crds.meta import LabelSelector
from metallb_crds.operator_v1beta1 import Images, MetalLBSpec, Metrics, SpeakerUpdateStrategy

MODULES = (config_v1beta1, config_v1beta2, core, frrk8s_v1beta1, meta, operator_v1beta1)
MODELS = sorted(
    {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Model) and value is not Model
    },
    key=lambda model: (model.__module__, model.__name__),
)


@pytest.mark.parametrize(
    ("model", "name", "value", "attribute"),
    [
        # Names that are no plain camelCase of ours.
        (PoolSpec, "avoidBuggyIPs", True, "avoid_buggy_ips"),
        (PoolStatus, "assignedIPv4", 4, "assigned_ipv4"),
        (PoolStatus, "availableIPv6", 6, "available_ipv6"),
        (Advertisement, "ipAddressPools", ["a"], "ip_address_pools"),
        (Advertisement, "aggregationLengthV6", 64, "aggregation_length_v6"),
        (L2Spec, "ipAddressPoolSelectors", [{}], "ip_address_pool_selectors"),
        (BFDProfileSpec, "minimumTtl", 9, "minimum_ttl"),
        (BGPPeerSpec, "myASN", 1, "my_asn"),
        (BGPPeerSpec, "peerASN", 1, "peer_asn"),
        (BGPPeerSpec, "localASN", 1, "local_asn"),
        (BGPPeerSpec, "dynamicASN", "internal", "dynamic_asn"),
        (BGPPeerSpec, "routerID", "10.0.0.1", "router_id"),
        (BGPPeerSpec, "ebgpMultiHop", True, "ebgp_multi_hop"),
        (BGPPeerSpec, "disableMP", True, "disable_mp"),
        (BGPPeerSpec, "vrf", "red", "vrf"),
        (BGPPeerV1Beta1Spec, "routerID", "10.0.0.1", "router_id"),
        (Neighbor, "sourceaddress", "10.0.0.1", "sourceaddress"),
        (Neighbor, "dynamicASN", "external", "dynamic_asn"),
        (MetalLBSpec, "frrk8sConfig", {}, "frrk8s_config"),
        (MetalLBSpec, "ignoreExcludeLB", True, "ignore_exclude_lb"),
        (MetalLBSpec, "bgpBackend", "frr", "bgp_backend"),
        (Images, "frrK8s", "example.test/image", "frr_k8s"),
        # Numbers or texts.
        (SpeakerUpdateStrategy, "maxUnavailable", 1, "max_unavailable"),
        (SpeakerUpdateStrategy, "maxUnavailable", "25%", "max_unavailable"),
        (ResourceRequirements, "limits", {"cpu": 1, "memory": "1Gi"}, "limits"),
        (Toleration, "tolerationSeconds", 0, "toleration_seconds"),
    ],
)
def test_names(model: type[Model], name: str, value: object, attribute: str) -> None:
    read, absent = (getattr(model.parse(m), attribute) for m in ({name: value}, {}))
    assert read != absent
    if isinstance(value, str | int | bool | dict) and value != {}:
        assert read == value


@pytest.mark.parametrize(
    ("model", "attribute", "value"),
    [
        (PoolSpec, "auto_assign", True),
        (PoolSpec, "avoid_buggy_ips", False),
        (PoolSpec, "service_allocation", None),
        (ServiceAllocation, "priority", 0),
        (Advertisement, "aggregation_length", 32),
        (Advertisement, "aggregation_length_v6", 128),
        (BFDProfileSpec, "receive_interval", None),
        (BGPPeerSpec, "peer_port", 179),
        (BGPPeerSpec, "hold_time", None),
        (BGPPeerSpec, "enable_graceful_restart", None),
        (BGPPeerSpec, "password_secret", SecretReference()),
        (BGPPeerV1Beta1Spec, "peer_port", 0),
        (Router, "asn", 0),
        (Neighbor, "port", None),
        (AllowedIn, "mode", "filtered"),
        (AllowedOut, "mode", "filtered"),
        (MetalLBSpec, "bgp_backend", ""),
        (MetalLBSpec, "paused", False),
        (MetalLBSpec, "node_selector", {}),
        (Metrics, "port", None),
        (LabelSelector, "match_labels", {}),
    ],
)
def test_absent_fields(model: type[Model], attribute: str, value: object) -> None:
    assert getattr(model.parse({}), attribute) == value


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_empty_object_can_be_read(model: type[Model]) -> None:
    # Go decodes it to zero values; a stored object that lacks something must be readable.
    assert model.parse({}) == model()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_absent_field_means_what_the_api_server_would_fill_in(model: type[Model]) -> None:
    declared = {
        name: keywords[CRD_DEFAULT]
        for name, field in model.model_fields.items()
        if CRD_DEFAULT in (keywords := _keywords(field))
    }
    assert declared == {name: getattr(model(), name) for name in declared}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_lists_can_be_read_from_json(model: type[Model]) -> None:
    lists = {
        field.alias or name: name
        for name, field in model.model_fields.items()
        if any(base is tuple for base in _origins(field.annotation))
    }
    assert model.parse({alias: [] for alias in lists}) == model()


def _keywords(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _origins(annotation: Any) -> set[Any]:  # noqa: ANN401 - a type of any form
    return {getattr(part, "__origin__", part) for part in (annotation, *get_args(annotation))}
