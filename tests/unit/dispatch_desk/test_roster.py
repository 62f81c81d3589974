"""Days on duty as they are entered."""

from datetime import date

import pytest

from dispatch_desk.people import days_of


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("2026-11-20", "", 1), ("2026-11-20", "2026-12-20", 31), ("2026-11-20", "2026-12-21", 0), ("2026-11-20", "2026-11-19", 0),
        ("x", "", 0), ("", "2026-11-20", 0), ("9999-12-31", "9999-12-31", 1),
    ],
)  # fmt: skip
def test_a_span_of_days_is_a_month_at_most(first: str, last: str, days: int) -> None:
    found = days_of(first, last)
    assert len(found) == days and (not days or found[0] == date.fromisoformat(first))
