"""Names of accounts and addresses to go on to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staff.accounts import canonical
from staff.pages import _LOCAL_PATH


@pytest.mark.parametrize("typed", ["Zhao", " zhao ", "ZHAO", "ｚｈａｏ", "zh\x00ao"])
def test_a_name_is_the_same_however_it_is_typed(typed: str) -> None:
    assert canonical(typed) == "zhao"


@given(st.text(st.characters(codec=None)))
def test_every_name_can_be_stored(typed: str) -> None:
    name = canonical(typed)
    assert "\x00" not in name
    name.encode()


@pytest.mark.parametrize(
    "path", ["/", "/cases/20261120ABCDEFGHJ", "/?view=late&page=2", "/cases/x?done=signed"]
)
def test_a_path_of_this_host_may_follow_sign_in(path: str) -> None:
    assert _LOCAL_PATH.fullmatch(path)


@pytest.mark.parametrize(
    "path", ["", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "/a\r\nSet-Cookie: x", "x"]
)  # fmt: skip
def test_no_other_address_may(path: str) -> None:
    assert not _LOCAL_PATH.fullmatch(path)
