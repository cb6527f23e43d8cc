"""What the demo applies: the introduction's own examples, and five mistakes."""

from typing import Final

METALLB: Final = """
apiVersion: metallb.io/v1beta1
kind: MetalLB
metadata: {name: metallb, namespace: metallb-system}
"""

POOL: Final = """
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: first-pool, namespace: metallb-system}
spec: {addresses: [192.168.1.240-192.168.1.250]}
"""

ADVERTISEMENT: Final = """
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: example, namespace: metallb-system}
spec: {ipAddressPools: [first-pool]}
"""

PEER: Final = """
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: sample, namespace: metallb-system}
spec: {myASN: 64500, peerASN: 64501, peerAddress: 10.0.0.1}
"""

OVERLAPPING: Final = """
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: second-pool, namespace: metallb-system}
spec: {addresses: [192.168.1.0/24]}
"""

ACCEPTED: Final = {
    "the pool first-pool": POOL,
    "the advertisement example": ADVERTISEMENT,
    "the peer sample": PEER,
}

REFUSED: Final = {
    "a pool that overlaps first-pool": OVERLAPPING,
    "a range written backwards": """
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: backwards, namespace: metallb-system}
spec: {addresses: [192.168.7.50-192.168.7.10]}
""",
    "a pool in the wrong namespace": """
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: astray, namespace: default}
spec: {addresses: [192.168.8.0/24]}
""",
    "a peer whose address is none": """
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: typo, namespace: metallb-system}
spec: {myASN: 64500, peerASN: 64501, peerAddress: 10.0.0.256}
""",
    "a peer with a hold time of one second": """
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: hasty, namespace: metallb-system}
spec: {myASN: 64500, peerASN: 64501, peerAddress: 10.0.0.2, holdTime: 1s}
""",
}
