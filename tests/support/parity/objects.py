"""Objects of every kind as the API server has them: its defaults are filled in."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from support.parity import vocabulary as words
from support.parity.choosing import Chooser

Spec = dict[str, Any]

_UNREAD: Final = frozenset({"preferredNodeSelectors"})
"""Fields that MetalLB 0.16.1 does not have, and so takes of any type."""

_ANY: Final[tuple[Any, ...]] = ("text", 7, -1, 1.5, True, [], {}, ["text"], [7], [{"a": 1}])


def spec(kind: str, choose: Chooser) -> Spec:
    """Return a spec for an object of a kind; now and then a field has a wrong type."""
    made = MAKERS[kind](choose)
    fields = sorted(made.keys() - _UNREAD)
    if fields and choose.odds(choose.spice / 10):
        made[choose.one(fields)] = choose.one(_ANY)
    return made


def pool(choose: Chooser) -> Spec:
    """Return the spec of an IPAddressPool."""
    return {
        "addresses": choose.some(lambda: _entry(choose), (1, 1, 1, 2, 2, 3)),
        "autoAssign": choose.odds(0.8),
        "avoidBuggyIPs": choose.odds(0.2),
        **choose.spec(serviceAllocation=(0.2, lambda: _allocation(choose))),
        **({"addresses": []} if choose.odds(choose.spice / 10) else {}),
    }


def peer(choose: Chooser) -> Spec:
    """Return the spec of a BGPPeer; mostly one that every backend takes."""
    rich = choose.odds(0.5)
    made = {
        "myASN": choose.one((64500, 64500, 64500, 64501), (0, 4294967295, 4294967296, -1)),
        "peerPort": choose.one((179, 179, 1179), (0, 1, 16384, 16385, 65535, 65536, -1)),
        "disableMP": choose.odds(0.02),
        "dualStackAddressFamily": rich and choose.odds(0.1),
        **_peer_asn(choose, rich=rich),
        **_end(choose, rich=rich),
        **_timers(choose, rich=rich),
        **choose.spec(
            routerID=(0.15, lambda: choose.one(("10.0.0.1",), words.ODD_ADDRESSES)),
            sourceAddress=(0.2, lambda: choose.one(words.ADDRESSES, words.ODD_ADDRESSES)),
            nodeSelectors=(0.4, lambda: selectors(choose)),
            ebgpMultiHop=(0.2, lambda: choose.odds(0.5)),
            password=(0.1, lambda: choose.one(words.PASSWORDS, words.ODD_PASSWORDS)),
            passwordSecret=(0.1, lambda: {"name": "bgp"}),
        ),
    }
    return made | (_frr_fields(choose) if rich else {})


def bgp_advertisement(choose: Chooser) -> Spec:
    """Return the spec of a BGPAdvertisement."""
    return {
        "aggregationLength": choose.one((32, 32, 32, 28, 26, 24), (0, 1, 23, 25, 33, -1)),
        "aggregationLengthV6": choose.one((128, 128, 64), (0, 63, 65, 120, 129, -7)),
        **_selection(choose),
        **choose.spec(
            localPref=(
                0.5,
                lambda: choose.one((100, 100, 200), (0, -1, 2147483648, 4294967295, 4294967296)),
            ),
            communities=(0.4, lambda: _communities(choose)),
            peers=(0.3, lambda: choose.some(lambda: choose.one(words.PEERS), (0, 1, 2, 2))),
            serviceSelectors=(0.15, lambda: selectors(choose)),
        ),
    }


def l2_advertisement(choose: Chooser) -> Spec:
    """Return the spec of an L2Advertisement."""
    return _selection(choose) | choose.spec(
        interfaces=(
            0.2,
            lambda: choose.some(lambda: choose.one(words.DEVICES, words.ODD_DEVICES), (1, 2)),
        ),
        serviceSelectors=(0.2, lambda: selectors(choose)),
        preferredNodeSelectors=(
            0.2,
            lambda: choose.some(lambda: _preference(choose), (1, 2)),
        ),
    )


def bfd_profile(choose: Chooser) -> Spec:
    """Return the spec of a BFDProfile."""

    def number(*boundary: int) -> Callable[[], int]:
        return lambda: choose.one((50, 100, 200), (*boundary, -1, 0, 4294967295, 4294967296))

    return choose.spec(
        receiveInterval=(0.4, number(10, 60000)),
        transmitInterval=(0.4, number(10, 60000)),
        echoInterval=(0.3, number(10, 60000)),
        detectMultiplier=(0.3, number(2, 255)),
        minimumTtl=(0.2, number(1, 254)),
        echoMode=(0.4, lambda: choose.odds(0.5)),
        passiveMode=(0.2, lambda: choose.odds(0.5)),
    )


def community(choose: Chooser) -> Spec:
    """Return the spec of a Community."""

    def alias() -> Spec:
        value = choose.one(words.VALUES_OF_ALIASES, words.COMMUNITIES + words.ODD_COMMUNITIES)
        return {"name": choose.one(words.ALIASES, words.ODD_ALIASES), "value": value}

    return choose.spec(communities=(0.95, lambda: choose.some(alias, (0, 1, 1, 2))))


MAKERS: Final[Mapping[str, Callable[[Chooser], Spec]]] = {
    "IPAddressPool": pool,
    "BGPPeer": peer,
    "BGPAdvertisement": bgp_advertisement,
    "L2Advertisement": l2_advertisement,
    "BFDProfile": bfd_profile,
    "Community": community,
}


def selectors(choose: Chooser) -> list[Spec]:
    """Return a list of label selectors."""
    made = choose.some(lambda: _selector(choose), (0, 1, 1, 1, 2))
    return made + (made[:1] if choose.odds(choose.spice / 2) else [])


def _selector(choose: Chooser) -> Spec:
    def labels() -> dict[str, str]:
        return {
            choose.one(words.KEYS, words.BAD_KEYS): choose.one(words.VALUES, words.BAD_VALUES)
            for _ in range(choose.one((1, 1, 2)))
        }

    def expressions() -> list[Spec]:
        made = choose.some(lambda: _expression(choose), (1, 1, 2))
        return made + (made[:1] if choose.odds(choose.spice / 2) else [])

    return choose.spec(matchLabels=(0.6, labels), matchExpressions=(0.3, expressions))


def _expression(choose: Chooser) -> Spec:
    operator = choose.one(words.OPERATORS, words.BAD_OPERATORS)
    count = choose.one((1, 2)) if operator in {"In", "NotIn"} else 0
    count = choose.one((count,), (0, 1, 2, 3))
    made: Spec = {"key": choose.one(words.KEYS, words.BAD_KEYS), "operator": operator}
    if count:
        values = choose.rng.sample(words.VALUES, count)
        made["values"] = [choose.one((value,), words.BAD_VALUES) for value in values]
        made["values"] += made["values"][:1] if choose.odds(choose.spice / 2) else []
    return made


def _entry(choose: Chooser) -> str:
    return choose.one(words.PREFIXES + words.RANGES, words.ENTRIES)


def _allocation(choose: Chooser) -> Spec:
    def namespaces() -> list[str]:
        return choose.some(lambda: choose.one(("one", "two"), ("", "UPPER!")), (0, 1, 2))

    return choose.spec(
        priority=(0.5, lambda: choose.one((1, 50), (0, -1))),
        namespaces=(0.5, namespaces),
        namespaceSelectors=(0.4, lambda: selectors(choose)),
        serviceSelectors=(0.4, lambda: selectors(choose)),
    )


def _selection(choose: Chooser) -> Spec:
    """Return how an advertisement selects pools and nodes."""
    return choose.spec(
        ipAddressPools=(0.5, lambda: choose.some(lambda: choose.one(words.POOLS), (0, 1, 1, 2))),
        ipAddressPoolSelectors=(0.3, lambda: selectors(choose)),
        nodeSelectors=(0.4, lambda: selectors(choose)),
    )


def _preference(choose: Chooser) -> Spec:
    return {"weight": choose.one((1, 50, 100)), "preference": _selector(choose)}


def _communities(choose: Chooser) -> list[str]:
    made = choose.some(lambda: choose.one(words.COMMUNITIES, words.ODD_COMMUNITIES), (1, 1, 2, 3))
    return made + ([f"64501:{n}" for n in range(63)] if choose.odds(choose.spice / 10) else [])


def _peer_asn(choose: Chooser, *, rich: bool) -> Spec:
    dynamic = rich and choose.odds(0.15)
    made: Spec = {} if dynamic else {"peerASN": choose.one((64600, 64600, 64500), (0, 4294967296))}
    if dynamic or choose.odds(choose.spice / 4):
        made["dynamicASN"] = choose.one(("internal", "external"), ("", "other"))
    return made


def _end(choose: Chooser, *, rich: bool) -> Spec:
    device = rich and choose.odds(0.25)
    made: Spec = {}
    if not device or choose.odds(choose.spice / 4):
        made["peerAddress"] = choose.one(words.ADDRESSES, words.ODD_ADDRESSES)
    if device:
        made["interface"] = choose.one(words.DEVICES, words.ODD_DEVICES)
    return {} if choose.odds(choose.spice / 10) else made


def _timers(choose: Chooser, *, rich: bool) -> Spec:
    def duration() -> str:
        return choose.one(words.DURATIONS, words.ODD_DURATIONS)

    keepalive = 0.3 if rich else choose.spice / 2
    return choose.spec(holdTime=(0.3, duration), keepaliveTime=(keepalive, duration))


def _frr_fields(choose: Chooser) -> Spec:
    """Return what only FRR knows."""
    return choose.spec(
        bfdProfile=(0.3, lambda: choose.one(words.PROFILES)),
        vrf=(0.2, lambda: choose.one(words.VRFS, ("", *words.ODD_DEVICES))),
        localASN=(0.1, lambda: choose.one((64510, 64500), (1, 4294967296))),
        connectTime=(0.1, lambda: choose.one(("10s",), words.ODD_DURATIONS)),
        enableGracefulRestart=(0.2, lambda: choose.odds(0.5)),
    )
