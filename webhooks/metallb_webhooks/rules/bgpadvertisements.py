"""Rules on BGPAdvertisement by itself; what it lists and selects has files of its own."""

from collections.abc import Iterator
from typing import Final

from metallb_crds.config_v1beta1 import BGPAdvertisement
from metallb_webhooks.addresses import BITS
from metallb_webhooks.rules.advertisements import advertisement_rules
from metallb_webhooks.rules.announcing import IPV4, IPV6
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity
from metallb_webhooks.rules.bgpcommunities import BGP_COMMUNITY_RULES
from metallb_webhooks.rules.bgppeering import BGP_PEERING_RULES
from metallb_webhooks.rules.bgppools import BGP_POOL_RULES

INT32_MIN: Final = -(1 << 31)
INT32_MAX: Final = (1 << 31) - 1
UINT32_MAX: Final = (1 << 32) - 1


def _aggregation_length(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    for field, length, version in _lengths(request.subject):
        # Lengths below 0 fit no pool, which is for another rule to say; these cannot even be read.
        if not INT32_MIN <= length <= BITS[version]:
            message = (
                f"{length} is no length of an IPv{version} prefix; write a number from 1 to"
                f" {BITS[version]}"
            )
            yield f"spec.{field}", message


def _aggregation_services(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    for field, length, version in _lengths(request.subject):
        if request.subject.spec.service_selectors and length != BITS[version]:
            message = (
                f"serviceSelectors announce single Services, not prefixes of length {length}; leave"
                f" {field} at {BITS[version]}, or drop the selectors"
            )
            yield f"spec.{field}", message


def _lengths(adv: BGPAdvertisement) -> Iterator[tuple[str, int, int]]:
    yield "aggregationLength", adv.spec.aggregation_length, IPV4
    yield "aggregationLengthV6", adv.spec.aggregation_length_v6, IPV6


def _local_pref_range(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    local_pref = request.subject.spec.local_pref
    if not 0 <= local_pref <= UINT32_MAX:
        message = f"MetalLB cannot read {local_pref}; write a number from 0 to {INT32_MAX}"
        yield "spec.localPref", message


def _local_pref_large(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    local_pref = request.subject.spec.local_pref
    if INT32_MAX < local_pref <= UINT32_MAX:
        message = (
            f"Kubernetes from 1.36 on refuses {local_pref}, and with it every later change of the"
            f" object; use a number up to {INT32_MAX}"
        )
        yield "spec.localPref", message


BGP_ADVERTISEMENT_RULES: Final[tuple[Rule, ...]] = (
    *advertisement_rules("bgp", "ADV-01", "ADV-04"),
    Rule(
        "bgp-aggregation-length",
        "Aggregation lengths are at most 32 for IPv4 and 128 for IPv6",
        _aggregation_length,
        source="ADV-06, GEN-02",
    ),
    Rule(
        "bgp-aggregation-services",
        "With serviceSelectors nothing is aggregated",
        _aggregation_services,
        source="ADV-05",
    ),
    Rule(
        "bgp-local-pref-range",
        "localPref is such that MetalLB can read it",
        _local_pref_range,
        source="GEN-02",
    ),
    Rule(
        "bgp-local-pref-large",
        "localPref is small enough for every release of Kubernetes",
        _local_pref_large,
        Severity.WARN,
        source="GAP-37",
    ),
    *BGP_COMMUNITY_RULES,
    *BGP_POOL_RULES,
    *BGP_PEERING_RULES,
)
