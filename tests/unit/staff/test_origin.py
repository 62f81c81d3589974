"""Which requests come from our own pages."""

import pytest

from staff.origin import is_same_origin

HERE = {"Host": "desk.example:8090"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://desk.example:8090"},
        {"Origin": "https://desk.example:8090"},
        {"Origin": "https://DESK.example:8090"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    ],
    ids=str,
)
def test_our_own_forms_pass(headers: dict[str, str]) -> None:
    assert is_same_origin(HERE | headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://desk.example"},
        {"Origin": "http://desk.example:8080"},
        {"Origin": "http://evil.example:8090"},
        {"Origin": "http://desk.example:8090@evil.example"},
        {"Origin": "http://["},
        {"Origin": "file://desk.example:8090"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://desk.example:8090"},
        {"Referer": "http://desk.example:8090/"},
    ],
    ids=str,
)
def test_everything_else_does_not(headers: dict[str, str]) -> None:
    assert not is_same_origin(HERE | headers)


def test_without_a_host_nothing_is_ours() -> None:
    assert not is_same_origin({"Origin": "http://"})
