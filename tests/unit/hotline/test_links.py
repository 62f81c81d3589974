"""Links that citizens share are told apart from what they say."""

import pytest

from hotline.links import is_shared, without_addresses, without_links
from hotline.screening import screen_acceptance, screen_emergency
from tests.dialogue import pack_of

PAGE = "样例花园小区\n示例路12号\nhttps://map.example.com/p/12"


@pytest.mark.parametrize(
    "text", [PAGE, "https://example.com", "www.example.com/a?b=c#d", "标题\nHTTP://EXAMPLE.COM/"]
)
def test_an_address_alone_or_under_its_title_is_a_page_passed_on(text: str) -> None:
    assert is_shared(text)


@pytest.mark.parametrize("text", [
    "", "凌云路12号", "你看 https://example.com", "https://example.com\n这里的垃圾没人清", "一\n二\n三\nhttps://example.com",
])  # fmt: skip
def test_what_somebody_says_about_a_page_is_what_they_say(text: str) -> None:
    assert not is_shared(text)


def test_words_are_left_without_the_address() -> None:
    assert without_links(PAGE) == "样例花园小区 示例路12号"
    assert without_links("https://example.com/a。路灯坏了") == "路灯坏了"
    assert without_addresses("看https://example.com/着火了") == "看 着火了"


@pytest.mark.parametrize("city", ["kaifeng", "pingdingshan"])
def test_the_letters_of_an_address_are_neither_a_danger_nor_a_ground(city: str) -> None:
    for number in range(12):
        text = f"https://news.example.com/{number}"
        assert (
            screen_emergency(text, pack_of(city)) is None and screen_acceptance(text, pack_of(city)) is None
        )
    assert screen_emergency("https://example.com/1我家着火了", pack_of(city))
