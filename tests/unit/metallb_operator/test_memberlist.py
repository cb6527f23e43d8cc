import base64

from metallb_kube.objects import ref_of
from metallb_operator.memberlist import memberlist, memberlist_ref


def test_secret_is_the_one_that_is_referred_to() -> None:
    assert ref_of(memberlist("elsewhere")) == memberlist_ref("elsewhere")


def test_key_is_text_that_stands_for_sixteen_random_bytes() -> None:
    read = base64.b64decode(memberlist("metallb-system")["data"]["secretkey"], validate=True)
    assert len(base64.b64decode(read, validate=True)) == 16


def test_keys_differ() -> None:
    assert memberlist("metallb-system")["data"] != memberlist("metallb-system")["data"]


def test_nothing_owns_it_that_could_take_it_away() -> None:
    assert "ownerReferences" not in memberlist("metallb-system")["metadata"]
