import base64

import pytest

from metallb_kube.objects import ObjectRef, ref_of
from metallb_operator.memberlist import inherited_ref, memberlist, memberlist_ref


def test_secret_is_the_one_that_is_referred_to() -> None:
    assert ref_of(memberlist("elsewhere")) == memberlist_ref("elsewhere")


def test_key_is_text_that_stands_for_sixteen_random_bytes() -> None:
    read = base64.b64decode(memberlist("metallb-system")["data"]["secretkey"], validate=True)
    assert len(base64.b64decode(read, validate=True)) == 16


def test_keys_differ() -> None:
    assert memberlist("metallb-system")["data"] != memberlist("metallb-system")["data"]


def test_nothing_owns_it_that_could_take_it_away() -> None:
    assert "ownerReferences" not in memberlist("metallb-system")["metadata"]


def test_a_key_is_inherited_as_it_is() -> None:
    assert memberlist("metallb-system", "a2V5")["data"] == {"secretkey": "a2V5"}


@pytest.mark.parametrize(
    ("names", "inherited"),
    [
        (["memberlist"], "memberlist"),
        (["memberlist", "metallb-memberlist"], ""),
        (["metallb-memberlist"], ""),
        ([], ""),
    ],
)
def test_whose_key_a_new_secret_has(names: list[str], inherited: str) -> None:
    observed = [ObjectRef("v1", "Secret", "metallb-system", name) for name in names]
    found = inherited_ref("metallb-system", observed)
    assert (found.name if found else "") == inherited
