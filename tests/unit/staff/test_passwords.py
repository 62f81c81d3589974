"""Which passwords may be chosen."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staff.passwords import LEAST, MOST, WeakPasswordError, check_choice, one_time_password, written


@pytest.mark.parametrize(
    "password",
    [
        "three unrelated rivers", "a long enough password", "correct horse battery staple", "今天下雨我没有带伞出门去买菜",
        "kettle-lamp-otter", "xK4pQ9vLm2Zt", "12 Angry Men, one window",
    ],
)  # fmt: skip
def test_long_passwords_of_any_characters_may_be_chosen(password: str) -> None:
    check_choice(password, name="zhao")


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "Password2026!!", "P@ssw0rd2026", "123456789012", "abcdefghijkl", "zyxwvutsrqpo", "aaaaaaaaaaaa",
        "abcabcabcabc", "qwertyuiop12", "1qaz2wsx2026", "admin1234567", "zhao-zhao-zhao", "zhao20261126", "huying12345!!",
        "ｐａｓｓｗｏｒｄ１２３４", "woaini5201314", "............", "Beijing2026!",
    ],
)  # fmt: skip
def test_what_is_guessed_first_may_not(password: str) -> None:
    with pytest.raises(WeakPasswordError) as refused:
        check_choice(password, name="zhao")
    assert refused.value.why == "guessable"


@pytest.mark.parametrize(
    ("password", "why"), [("x" * (LEAST - 1), "short"), ("", "short"), ("x" * (MOST + 1), "long")]
)
def test_length_is_the_first_thing(password: str, why: str) -> None:
    with pytest.raises(WeakPasswordError) as refused:
        check_choice(password, name="zhao")
    assert refused.value.why == why


@given(st.text(min_size=0, max_size=200), st.text(max_size=64))
def test_every_text_is_judged_and_nothing_else_is_raised(password: str, name: str) -> None:
    with suppress(WeakPasswordError):
        check_choice(password, name=name)


def test_one_time_passwords_are_good_ones_and_never_the_same() -> None:
    made = {one_time_password() for _ in range(1_000)}
    assert len(made) == 1_000
    for password in made:
        check_choice(password, name="zhao")


def test_full_width_letters_of_an_input_method_are_the_usual_ones() -> None:
    assert written("ｋｅｔｔｌｅ　１２") == "kettle 12"
