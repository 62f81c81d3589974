"""What we send is taken by libraries that are not ours, and what they refuse we refuse too."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.exceptions import GenericException
from cloudevents.http import from_http, from_json
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from dispatch_client import payloads
from dispatch_client.guard import LOOPBACK, InternalTargetError, check
from groundwork.settings import webhook_key
from hotline.errors import NotAnEventError
from hotline.events import CONTENT_TYPE, TO_DESK, read_event
from hotline.signing import signed_headers, verify
from tests.dispatch import FILED_AT, KEY, SECRET, a_number, a_ticket, an_event, filed

OLDER = "whsec_b2xkZXJvbGRlcm9sZGVyb2xkZXJvbGRlcm9sZGVyb2w="
EVENT = filed(a_ticket())
BODY = EVENT.body()


def sent(at: datetime | None = None) -> dict[str, str]:
    keys = (KEY, webhook_key(OLDER))
    return signed_headers(keys, id=EVENT.id, at=at or datetime.now(UTC), body=BODY)


@pytest.mark.parametrize("secret", [SECRET, OLDER])
def test_the_reference_library_takes_our_signatures_under_either_secret(secret: str) -> None:
    assert Webhook(secret).verify(BODY, sent())["id"] == EVENT.id


@pytest.mark.parametrize("name", ["filed", "supplemented", "urged", "rated", "withdrawn"])
def test_the_reference_library_reads_our_events(name: str) -> None:
    data = {
        "filed": payloads.ticket_data(a_ticket()),
        "supplemented": payloads.supplement_data("还有灰尘", at=FILED_AT, attachments=("ab12",)),
        "urged": payloads.urge_data(at=FILED_AT),
        "rated": payloads.rating_data(2, at=FILED_AT),
        "withdrawn": payloads.withdrawal_data(at=FILED_AT),
    }[name]
    event = an_event(name, data, number=a_number())
    read = from_http({"content-type": CONTENT_TYPE}, event.body())
    assert (read["id"], read["source"], read["subject"]) == (event.id, event.source, event.subject)
    assert (read["type"], read["sequence"]) == (f"huying.ticket.{name}.v1", "0000000001")
    assert datetime.fromisoformat(read["time"]) == event.at and read.get_data() == data


def theirs_refuse(headers: dict[str, str], body: bytes) -> bool:
    try:
        Webhook(SECRET).verify(body, headers)
    except (WebhookVerificationError, ValueError, KeyError, UnicodeError):
        return True
    return False


def we_refuse(headers: dict[str, str], body: bytes) -> bool:
    try:
        verify(KEY, headers, body, now=datetime.now(UTC))
    except NotAnEventError:
        return True
    return False


TEXT = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=12)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "webhook-id": TEXT,
        "webhook-timestamp": TEXT | st.integers(-(10**12), 10**13).map(str) | st.integers(-700, 700).map(
            lambda off: str(int(datetime.now(UTC).timestamp()) + off)
        ),
        "webhook-signature": TEXT | st.sampled_from(["v1,", "v1", "v1a,AAAA", "v2," + "A" * 44]),
    },
)  # fmt: skip


@settings(print_blob=True, max_examples=200)
@given(changes=CHANGES, missing=st.sets(st.sampled_from(sorted(sent()))), tail=st.binary(max_size=2))
def test_we_refuse_every_request_that_the_reference_library_refuses(
    changes: dict[str, str], missing: set[str], tail: bytes
) -> None:
    headers = {name: value for name, value in (sent() | changes).items() if name not in missing}
    if theirs_refuse(headers, BODY + tail):
        assert we_refuse(headers, BODY + tail), headers
    elif not tail and not changes:
        assert not we_refuse(headers, BODY)


def refused_by_cloudevents(body: bytes) -> bool:
    try:
        from_json(body)
    except (GenericException, ValueError, TypeError, AttributeError, RecursionError):
        return True
    return False


def refused_by_us(body: bytes) -> bool:
    try:
        read_event(body, names=TO_DESK)
    except NotAnEventError:
        return True
    return False


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
@pytest.mark.parametrize("value", ["absent", None, "", "0.2", 7, [], {}])
def test_we_refuse_every_event_that_the_reference_library_refuses(name: str, value: Any) -> None:
    envelope = EVENT.envelope()
    if value == "absent":
        del envelope[name]
    else:
        envelope[name] = value
    body = json.dumps(envelope).encode()
    assert refused_by_us(body) or not refused_by_cloudevents(body)
    if name == "specversion" or value == "absent":
        assert refused_by_us(body)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff"])
def test_we_refuse_what_is_no_event_to_either(body: bytes) -> None:
    assert refused_by_cloudevents(body) and refused_by_us(body)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
     "2002:7f00:1::", "ff02::1", "255.255.255.255"],
)  # fmt: skip
def test_an_internal_address_is_known_in_every_writing(address: str) -> None:
    with pytest.raises(InternalTargetError):
        check(address, ())


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_a_public_address_is_let_through(address: str) -> None:
    check(address, ())


def test_what_is_allowed_is_let_through_and_nothing_beside_it() -> None:
    check("127.0.0.1", LOOPBACK)
    check("::ffff:127.0.0.1", LOOPBACK)
    with pytest.raises(InternalTargetError):
        check("10.0.0.1", LOOPBACK)
