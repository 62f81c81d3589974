"""Session tokens."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.webchat.session import LIFE, Sessions
from tests.web.fake_app import NOW, key_for


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def test_a_token_names_its_session_without_a_look_up() -> None:
    session = Sessions(key_for("a"), Hand()).open()
    assert Sessions(key_for("a"), Hand()).session_of(session.token) == session.id


def test_a_token_lives_thirty_days_by_the_given_clock() -> None:
    clock = Hand()
    sessions = Sessions(key_for("a"), clock)
    session = sessions.open()
    clock.now = NOW + LIFE
    assert sessions.session_of(session.token) == session.id
    clock.now = NOW + LIFE + timedelta(seconds=1)
    assert sessions.session_of(session.token) is None


def test_another_installations_token_is_not_known() -> None:
    session = Sessions(key_for("a"), Hand()).open()
    assert Sessions(key_for("b"), Hand()).session_of(session.token) is None


def test_no_two_sessions_are_alike() -> None:
    sessions = Sessions(key_for("a"), Hand())
    assert len({sessions.open().id for _ in range(100)}) == 100


@settings(print_blob=True)
@given(st.text(st.characters(codec=None)), st.data())
def test_nothing_made_up_is_a_token(made_up: str, data: st.DataObject) -> None:
    sessions = Sessions(key_for("a"), Hand())
    token = sessions.open().token
    cut = data.draw(st.integers(0, len(token) - 1))
    assert sessions.session_of(made_up) is None
    assert sessions.session_of(token[:cut]) is None
    assert sessions.session_of(token[:cut] + made_up + token[cut + 1 :]) in (None, token.split(".")[0])
