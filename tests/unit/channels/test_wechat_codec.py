"""What the platform pushes, read; what is not the platform's, refused. Shapes come from tests/wechat/pushes.py."""

import random
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.base import ForgedError
from channels.wechat.codec import Arrival, Ignored, Left, Push, Quota, answer, decode
from channels.wechat.envelope import FRESH, Account, open_push, read_xml, seal_answer, signature
from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.errors import NotAMessageError
from hotline.message import MAX_TEXT, InboundMessage, Location
from hotline.returning import ReturnPath
from tests.wechat import pushes
from tests.wechat.aes_client import AesClient, encoding_key

PACK = load_pack("_example")
NOW = datetime(2026, 9, 29, 6, 30, tzinfo=UTC)
APPID, TOKEN = "wx0123456789abcdef", "a-token"
KEY, OLD_KEY = encoding_key(b"current"), encoding_key(b"previous")
PLAIN = Account(appid=APPID, token=TOKEN)
SEALED = Account(appid=APPID, token=TOKEN, keys=(KEY, OLD_KEY))
ARRIVAL = Arrival(
    city="_example",
    appid=APPID,
    received_at=datetime(2026, 9, 29, 14, 30, tzinfo=CITY_TIME),
    pseudonym=lambda who: f"p{abs(hash(who)):x}",
    say=PACK.say,
    message_quota=Quota.read("5/48h"),
    event_quota=Quota.read("3/1min"),
)


def read(xml: str) -> Push:
    return decode(read_xml(xml.encode()), ARRIVAL)


def message(xml: str) -> InboundMessage:
    push = read(xml)
    assert isinstance(push, InboundMessage)
    return push


# Kinds


def test_a_text_is_a_message_with_a_way_back() -> None:
    said = message(pushes.text("路灯坏了"))
    assert (said.text, said.channel, said.numbered) == ("路灯坏了", "wechat", True)
    assert said.key == f"wechat:{APPID}:{pushes.OPENID}:{pushes.MSG_ID}"
    assert said.conversation == f"wechat:{said.sender}"
    assert said.reply_to == ReturnPath(address=pushes.OPENID, messages=5, seconds=48 * 3600)


def test_only_the_key_and_the_way_back_name_the_citizen() -> None:
    said = message(pushes.voice("media", "有人占道经营"))
    shown = repr(replace(said, key="k", reply_to=None))
    assert pushes.OPENID not in shown


@pytest.mark.duty("BD-15")
def test_a_voice_is_its_words_and_the_recording() -> None:
    said = message(pushes.voice("media_id", "腾讯微信团队"))
    assert said.text == "腾讯微信团队"
    (recording,) = said.media
    assert said.attachments == (recording.id,) and recording.reference == "media_id"
    assert recording.name.endswith(".amr")


@pytest.mark.parametrize(
    "xml",
    [
        pushes.voice("media_id"),
        pushes.image("media_id"),
        pushes.video("media_id"),
        pushes.video("media_id", "shortvideo"),
    ],
)
def test_what_has_no_words_is_an_attachment_that_lies_with_the_platform(xml: str) -> None:
    said = message(xml)
    (media,) = said.media
    assert said.text == "" and said.option is None
    assert said.attachments == (media.id,) and media.reference == "media_id"
    assert message(xml).attachments == said.attachments, "a push that is repeated names the same attachment"


def test_two_citizens_who_send_the_same_file_name_two_attachments() -> None:
    ids = {message(pushes.image("media_id", openid=openid)).attachments for openid in ("oA", "oB")}
    assert len(ids) == 2


def test_a_place_is_latitude_longitude_and_label() -> None:
    assert message(pushes.location()).location == Location(lat=23.134521, lon=113.358803, label="位置信息")


def test_a_link_is_its_title_description_and_address() -> None:
    said = message(pushes.link("示例标题", "示例说明", "https://www.example.com/a"))
    assert said.text == "示例标题\n示例说明\nhttps://www.example.com/a"


@pytest.mark.parametrize(
    "xml",
    [
        pushes.push("sticker"),
        pushes.push(""),
        pushes.text(" \n　"),
        pushes.image(""),
        pushes.voice("", ""),
        pushes.location(lat="north"),
        pushes.location(lat="nan"),
        pushes.location(lat="91"),
        pushes.link("", "", ""),
    ],
)
def test_what_cannot_be_read_is_a_message_all_the_same(xml: str) -> None:
    assert message(xml).option == "unreadable"


# Events


@pytest.mark.parametrize("xml", [pushes.SUBSCRIBE, pushes.SUBSCRIBE_BY_CODE, pushes.SCAN])
def test_whoever_follows_or_scans_is_greeted(xml: str) -> None:
    said = message(xml)
    assert said.option == "greet"
    assert said.reply_to == ReturnPath(address=pushes.OPENID, messages=3, seconds=60)


def test_an_event_s_key_is_its_tuple() -> None:
    keys = {message(xml).key for xml in (pushes.SUBSCRIBE, pushes.SUBSCRIBE_BY_CODE, pushes.SCAN)}
    prefix = f"wechat:{APPID}:{pushes.OPENID}:{pushes.AT}"
    assert keys == {f"{prefix}:subscribe:", f"{prefix}:subscribe:qrscene_123123", f"{prefix}:SCAN:123123"}


@pytest.mark.parametrize(
    ("key", "option"), [("progress", "progress"), ("V1001_TODAY", "unreadable"), ("", "unreadable")]
)
def test_a_tap_on_the_menu_chooses_an_option(key: str, option: str) -> None:
    assert message(pushes.event("CLICK", key)).option == option


def test_who_leaves_has_left() -> None:
    assert read(pushes.UNSUBSCRIBE) == Left(sender=message(pushes.text("你好")).sender)


@pytest.mark.parametrize(
    "xml",
    [
        pushes.PLACE_REPORT, pushes.VIEW, pushes.TEMPLATE_SENT, pushes.PUBLISHED, pushes.event("of_tomorrow", "x"),
        pushes.event(""),
    ],
)  # fmt: skip
def test_events_that_nobody_waits_for_are_only_acknowledged(xml: str) -> None:
    assert read(xml) == Ignored()


@pytest.mark.parametrize("field", ["FromUserName", "ToUserName", "MsgId"])
def test_a_message_without_sender_account_or_id_is_refused(field: str) -> None:
    fields = read_xml(pushes.text("你好").encode())
    for value in ("", "a b", "<>]]>"):
        with pytest.raises(NotAMessageError):
            decode(fields | {field: value}, ARRIVAL)


def test_fifteen_senders_with_one_id_are_fifteen_messages() -> None:
    assert len({message(pushes.text("你好", openid=f"o{n}")).key for n in range(15)}) == 15


def test_a_text_beyond_every_limit_is_refused() -> None:
    assert len(message(pushes.text("路" * MAX_TEXT)).text) == MAX_TEXT
    with pytest.raises(NotAMessageError):
        read(pushes.text("路" * (MAX_TEXT + 1)))


# XML


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"   ",
        b"{}",
        b"<xml>",
        b"<xml/><xml/>",
        b"<html><body/></html>",
        b"<xml><MsgType>text</MsgType>\x00</xml>",
        b"<xml><a>\xff\xfe</a></xml>",
        b"<xml><a>\xed\xa0\x80</a></xml>",
        "<xml><a>您好</a></xml>".encode("gbk"),
        '<?xml version="1.0" encoding="GBK"?><xml><a>您好</a></xml>'.encode("gbk"),
        b"<xml><a>&#0;</a></xml>",
        b"<xml><a>&#xD800;</a></xml>",
        b"<xml><a>&unknown;</a></xml>",
        b'<!DOCTYPE xml [<!ENTITY a "aa"><!ENTITY b "&a;&a;&a;">]><xml><a>&b;</a></xml>',
        b'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/hostname">]><xml><a>&a;</a></xml>',
        b'<!DOCTYPE xml SYSTEM "http://127.0.0.1:9/x.dtd"><xml><a>a</a></xml>',
        b"<xml>" + b"<a>" * 20_000 + b"</a>" * 20_000 + b"</xml>",
        b"<xml>" + b"".join(b"<f%d/>" % n for n in range(1000)) + b"</xml>",
        b"<xml><MsgType>text</MsgType><MsgType>event</MsgType></xml>",
    ],
    ids=lambda xml: ascii(xml[:40]),
)
def test_what_is_not_a_push_is_refused(xml: bytes) -> None:
    with pytest.raises(NotAMessageError):
        read_xml(xml)


def test_what_is_nested_is_left_out() -> None:
    fields = read_xml(pushes.PUBLISHED.encode())
    assert fields["Event"] == "PUBLISHJOBFINISH"
    assert fields["PublishEventInfo"] == "" and "count" not in fields


# Signature and encryption


def query(account: Account, *more: str, at: datetime = NOW, name: str = "signature") -> dict[str, str]:
    timestamp, nonce = str(int(at.timestamp())), "486452656"
    return {name: signature(account.token, timestamp, nonce, *more), "timestamp": timestamp, "nonce": nonce}


def sealed(
    xml: str, *, key: str = KEY, appid: str = APPID, at: datetime = NOW
) -> tuple[dict[str, str], bytes]:
    encrypted = AesClient(token=TOKEN, appid=appid, key=key).seal(xml)
    asked = query(SEALED, encrypted, at=at, name="msg_signature") | {"encrypt_type": "aes"}
    return asked, f"<xml><ToUserName>gh_1</ToUserName><Encrypt>{encrypted}</Encrypt></xml>".encode()


def test_the_signature_is_the_one_of_the_platform_s_own_example() -> None:
    # developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption, looked up on 2026-11-25 in a stored copy
    right = "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    assert signature("AAAAA", "1714037059", "486452656") == right


def test_plain_pushes_are_read_where_no_key_is_set() -> None:
    xml = pushes.text("你好").encode()
    assert open_push(PLAIN, query(PLAIN), xml, now=NOW).fields["Content"] == "你好"
    assert open_push(PLAIN, query(PLAIN) | {"encrypt_type": "raw"}, xml, now=NOW).key == ""


def test_compatible_pushes_are_read_plain_without_a_key_and_decrypted_with_one() -> None:
    asked, body = sealed(pushes.text("密文"))
    both = pushes.text("明文").replace("</xml>", body.decode().partition("</ToUserName>")[2]).encode()
    plainly = query(PLAIN) | asked
    assert open_push(PLAIN, plainly, both, now=NOW).fields["Content"] == "明文"
    assert open_push(SEALED, asked, both, now=NOW).fields["Content"] == "密文"


def test_with_a_key_set_a_plain_push_is_refused() -> None:
    with pytest.raises(ForgedError):
        open_push(SEALED, query(SEALED), pushes.text("你好").encode(), now=NOW)


@pytest.mark.parametrize("key", [KEY, OLD_KEY])
def test_the_current_and_the_previous_key_decrypt_and_the_answer_takes_the_same(key: str) -> None:
    asked, body = sealed(pushes.text("你好"), key=key)
    opened = open_push(SEALED, asked, body, now=NOW)
    assert opened.fields["Content"] == "你好"
    answered = seal_answer(SEALED, opened, "<xml>好</xml>", nonce="n", now=NOW)
    assert AesClient(token=TOKEN, appid=APPID, key=key).open_answer(answered) == "<xml>好</xml>"


def refused(account: Account, asked: Mapping[str, str], body: bytes, now: datetime = NOW) -> None:
    with pytest.raises(ForgedError):
        open_push(account, asked, body, now=now)


@pytest.mark.parametrize("name", ["signature", "timestamp", "nonce"])
def test_every_part_of_a_plain_signature_counts(name: str) -> None:
    right, body = query(PLAIN), pushes.text("你好").encode()
    refused(PLAIN, {**right, name: right[name] + "0"}, body)
    refused(PLAIN, {**right, name: ""}, body)
    refused(PLAIN, {each: value for each, value in right.items() if each != name}, body)
    refused(PLAIN, {**right, name: "您好"}, body)


@pytest.mark.parametrize("name", ["msg_signature", "timestamp", "nonce"])
def test_every_part_of_an_encrypted_push_s_signature_counts(name: str) -> None:
    right, body = sealed(pushes.text("你好"))
    refused(SEALED, {**right, name: right[name] + "0"}, body)
    refused(SEALED, {each: value for each, value in right.items() if each != name}, body)


def test_the_plain_signature_does_not_vouch_for_an_encrypted_push() -> None:
    right, body = sealed(pushes.text("你好"))
    refused(SEALED, right | {"msg_signature": query(SEALED)["signature"]}, body)


def test_another_body_under_the_same_signature_is_refused() -> None:
    right, _ = sealed(pushes.text("你好"))
    _, other = sealed(pushes.text("别的"))
    refused(SEALED, right, other)


def test_stale_timestamps_of_encrypted_pushes_are_refused_either_way() -> None:
    for off in (-FRESH - timedelta(seconds=2), FRESH + timedelta(seconds=2)):
        refused(SEALED, *sealed(pushes.text("你好"), at=NOW + off))
    for off in (-FRESH + timedelta(seconds=2), FRESH - timedelta(seconds=2)):
        assert open_push(SEALED, *sealed(pushes.text("你好"), at=NOW + off), now=NOW).key == KEY


@pytest.mark.parametrize("timestamp", ["soon", "1e9", "１７１４０３７０５９", "9" * 40, "-1"])
def test_a_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    right, body = sealed(pushes.text("你好"))
    encrypted = read_xml(body)["Encrypt"]
    signed = signature(TOKEN, timestamp, right["nonce"], encrypted)
    refused(SEALED, right | {"timestamp": timestamp, "msg_signature": signed}, body)


def test_another_account_s_and_another_key_s_pushes_are_refused() -> None:
    refused(SEALED, *sealed(pushes.text("你好"), appid="wxffffffffffffffff"))
    refused(SEALED, *sealed(pushes.text("你好"), key=encoding_key(b"unknown")))


@pytest.mark.parametrize("encrypted", ["", "=", "AAAA", "A" * 64, "您好", "QUJD" * 100])
def test_signed_nonsense_is_refused(encrypted: str) -> None:
    asked = query(SEALED, encrypted, name="msg_signature") | {"encrypt_type": "aes"}
    refused(SEALED, asked, f"<xml><Encrypt>{encrypted}</Encrypt></xml>".encode())


def test_no_secret_shows() -> None:
    opened = open_push(SEALED, *sealed(pushes.text("家住示例路")), now=NOW)
    shown = repr((SEALED, opened))
    assert not any(secret in shown for secret in (TOKEN, KEY, OLD_KEY, "示例路"))


# Answers


def test_an_answer_goes_back_to_who_asked() -> None:
    fields = read_xml(pushes.text("你好").encode())
    said = {child.tag: child.text for child in ET.fromstring(answer(fields, "您好", now=NOW))}
    assert said == {
        "ToUserName": pushes.OPENID, "FromUserName": pushes.ACCOUNT, "MsgType": "text", "Content": "您好",
        "CreateTime": str(int(NOW.timestamp())),
    }  # fmt: skip


@given(text=st.text(min_size=1))
def test_whatever_is_said_arrives_as_it_was_said(text: str) -> None:
    fields = read_xml(pushes.text("你好").encode())
    said = ET.fromstring(answer(fields, text, now=NOW)).findtext("Content") or ""
    kept = "".join(sign for sign in text if sign in "\t\n\r" or (sign >= " " and sign not in "\ufffe\uffff"))
    assert said == kept.replace("\r\n", "\n").replace("\r", "\n")


# Anything at all


@settings(max_examples=400)
@given(body=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_bytes_are_a_push_or_one_error(body: bytes) -> None:
    with suppress(NotAMessageError):
        assert isinstance(decode(read_xml(body), ARRIVAL), InboundMessage | Left | Ignored)


FIELDS = st.sampled_from(
    [
        "ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId", "MediaId", "Format", "Recognition",
        "Location_X", "Location_Y", "Label", "Title", "Description", "Url", "Event", "EventKey",
    ]
)  # fmt: skip
KINDS = st.sampled_from(["text", "voice", "image", "video", "shortvideo", "location", "link", "event"])


@settings(max_examples=400)
@given(odd=st.dictionaries(FIELDS, st.text(max_size=60)), kind=KINDS)
def test_any_fields_are_a_push_or_one_error(odd: dict[str, str], kind: str) -> None:
    fields = read_xml(pushes.push(kind, Event="CLICK", EventKey="ask").encode())
    with suppress(NotAMessageError):
        assert isinstance(decode(fields | odd, ARRIVAL), InboundMessage | Left | Ignored)


def test_a_right_push_damaged_anywhere_is_the_platform_s_or_refused() -> None:
    seed = int(time.time())
    print(f"seed {seed}")
    draw, (asked, body) = random.Random(seed), sealed(pushes.text("你好"))
    for _ in range(300):
        damaged = bytearray(body)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        try:
            opened = open_push(SEALED, asked, bytes(damaged), now=NOW)
        except (ForgedError, NotAMessageError):
            continue
        assert opened.fields["Content"] == "你好"
