import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.wording import MOST, Wording

WORDING = Wording.load()


@pytest.mark.parametrize(
    "text",
    [
        '/inform{"location":"x"}',
        '//inform{"location":"x"}',
        '  /inform{"location":"x"}',
        '／inform{"location":"x"}',
        '\u200b/ /　／inform{"location":"x"}',
        '\ufeff/inform{"location":"x"}',
    ],
)
def test_a_citizen_cannot_inject_an_intent(text: str) -> None:
    assert WORDING.fit(text) == 'inform{"location":"x"}'


@pytest.mark.parametrize("text", ["", " ", "\n\t", "/", "／ /", "\u3000", "\x00", "\u200b"])
def test_what_holds_nothing_to_read_becomes_empty(text: str) -> None:
    assert WORDING.fit(text) == ""


def test_a_slash_within_the_words_stays() -> None:
    assert WORDING.fit("3/4的路灯坏了") == "3/4的路灯坏了"


def test_of_a_long_letter_the_opening_and_the_demand_are_read() -> None:
    letter = (
        "我是本市的一位老住户。"
        + "这些年楼下的树长高了。" * 400
        + "恳请有关部门解决停水问题。"
        + "天气转凉了。" * 50
    )
    fitted = WORDING.fit(letter)
    assert fitted.startswith("我是本市的一位老住户。")
    assert fitted.endswith("恳请有关部门解决停水问题。")


def test_of_equal_demands_the_last_is_read() -> None:
    letter = "路。" * 400 + "希望修路。" + "路。" * 400 + "希望通车。" + "路。" * 9
    assert WORDING.fit(letter).endswith("希望通车。")


@settings(print_blob=True, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300), st.integers(1, 40))
def test_what_is_sent_is_short_and_no_command(text: str, times: int) -> None:
    fitted = WORDING.fit(text * times)
    assert len(fitted) <= MOST
    assert fitted == fitted.strip()
    assert not fitted.startswith(("/", "／"))
    fitted.encode("utf-8")
