"""A number is found however somebody types it."""

import pytest

from hotline.ticket import is_ticket_number, normalised

NUMBER = "202611265PAJHYTKF"


@pytest.mark.parametrize(
    "typed",
    [
        NUMBER,
        NUMBER.lower(),
        f" {NUMBER[:8]} {NUMBER[8:]}\n",
        f"{NUMBER[:8]}-{NUMBER[8:]}",
        "".join(chr(ord(letter) + 0xFEE0) for letter in NUMBER),
        f"\u200b{NUMBER}\ufeff",
    ],
)
def test_blanks_case_width_and_invisible_marks_do_not_matter(typed: str) -> None:
    assert is_ticket_number(NUMBER) and normalised(typed) == NUMBER
