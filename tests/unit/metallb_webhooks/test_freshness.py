import pytest

from metallb_webhooks.followed import FOLLOWED
from metallb_webhooks.freshness import concerned
from metallb_webhooks.reading import REVIEWED
from metallb_webhooks.rules.base import Operation

KINDS = sorted({kind for _, kind in REVIEWED})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", [Operation.CREATE, Operation.UPDATE])
def test_a_write_depends_on_what_is_stored_of_its_kind(kind: str, operation: Operation) -> None:
    others = {"BFDProfile": "BGPPeer"}  # profiles have nothing to do with each other
    assert others.get(kind, kind) in concerned(kind, operation)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", Operation)
def test_only_objects_that_are_reviewed_are_read_once_more(kind: str, operation: Operation) -> None:
    for other in concerned(kind, operation):
        assert (FOLLOWED[other].api_version, other) in REVIEWED


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("BFDProfile", ("BGPPeer",)), ("Community", ("BGPAdvertisement",)), ("IPAddressPool", ())],
)
def test_a_deletion_depends_on_who_refers_to_the_object(
    kind: str, expected: tuple[str, ...]
) -> None:
    assert concerned(kind, Operation.DELETE) == expected
