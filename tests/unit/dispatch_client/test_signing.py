"""Our Standard Webhooks signatures and those of the reference library are the same thing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from hotline.errors import NotAnEventError
from hotline.signing import signed_headers, verify
from tests.dispatch import KEY, SECRET

BODY = '{"标题":"路灯不亮"}'.encode()


def now() -> datetime:
    return datetime.now(UTC)


def test_the_reference_library_accepts_our_signature() -> None:
    headers = signed_headers(KEY, id="msg_1", at=now(), body=BODY)
    assert Webhook(SECRET).verify(BODY, headers) == {"标题": "路灯不亮"}


def test_we_accept_the_signature_of_the_reference_library() -> None:
    at = now()
    signature = Webhook(SECRET).sign("msg_2", at, BODY.decode())
    headers = {
        "webhook-id": "msg_2",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
    assert verify(KEY, headers, BODY, now=at) == "msg_2"


def test_one_good_signature_among_several_is_enough() -> None:
    """During a change of secrets a sender signs with both."""
    headers = signed_headers(KEY, id="m", at=now(), body=BODY)
    headers["webhook-signature"] = f"v1,AAAA v1a,BBBB {headers['webhook-signature']}"
    assert verify(KEY, headers, BODY, now=now()) == "m"


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_a_signature_dies_after_five_minutes_and_is_not_yet_born_before(age: timedelta) -> None:
    headers = signed_headers(KEY, id="m", at=now() - age, body=BODY)
    with pytest.raises(NotAnEventError):
        verify(KEY, headers, BODY, now=now())


@pytest.mark.parametrize("changed", ["id", "timestamp", "body"])
def test_nothing_that_was_signed_can_be_changed(changed: str) -> None:
    at = now()
    headers = signed_headers(KEY, id="m", at=at, body=BODY)
    if changed == "body":
        with pytest.raises(NotAnEventError):
            verify(KEY, headers, BODY + b" ", now=at)
        return
    headers[f"webhook-{changed}"] = "n" if changed == "id" else str(int(at.timestamp()) + 1)
    with pytest.raises(NotAnEventError):
        verify(KEY, headers, BODY, now=at)


HEADER = st.text(st.characters(codec="utf-8") | st.just("\udcff"), max_size=30)


@given(id=HEADER, stamp=HEADER | st.integers(0, 10**13).map(str), signature=HEADER)
def test_any_header_at_all_is_refused_in_good_order(id: str, stamp: str, signature: str) -> None:
    headers = {"webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}
    with pytest.raises(NotAnEventError):
        verify(KEY, headers, BODY, now=now())
