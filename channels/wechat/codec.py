"""Reads what the platform pushes and writes what answers it. Pure: fields in, a message out.

Kinds and fields: the platform's pages "Receiving standard messages" and "Receiving event pushes"
(developers.weixin.qq.com/doc/service/guide/product/message).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from wechatpy.replies import TextReply

from channels.base import TooLongError
from hotline.errors import NotAMessageError
from hotline.message import MAX_TEXT, InboundMessage, Location, Media, clean
from hotline.returning import ReturnPath

NAME = "wechat"
UNREADABLE = "unreadable"  #: the option that stands for what we cannot read: it is answered politely
GREET = "greet"

_ACCOUNT = re.compile(r"[A-Za-z0-9_@.-]{1,128}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_OPTION = re.compile(r"[a-z][a-z0-9_]{0,39}")
_EXTENSION = re.compile(r"[a-z0-9]{1,8}")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """So many customer-service messages within so many seconds."""

    messages: int
    seconds: int

    @classmethod
    def read(cls, text: str) -> "Quota":
        """Read a setting such as ``5/48h`` or ``3/1min``."""
        count, _, span = text.partition("/")
        hours = span.endswith("h")
        length = (
            timedelta(hours=int(span[:-1])) if hours else timedelta(minutes=int(span.removesuffix("min")))
        )
        return cls(messages=int(count), seconds=int(length.total_seconds()))

    def path(self, openid: str) -> ReturnPath:
        """Return the way back to ``openid`` that this opens."""
        return ReturnPath(address=openid, messages=self.messages, seconds=self.seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """What is known about a push before it is read."""

    city: str
    appid: str
    received_at: datetime
    pseudonym: Callable[[str], str]
    say: Callable[..., str]
    message_quota: Quota
    event_quota: Quota


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignored:
    """Something that nobody waits for an answer to: it is acknowledged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """A citizen who no longer follows the account; by pseudonym."""

    sender: str


Push: TypeAlias = InboundMessage | Left | Ignored
Said: TypeAlias = dict[str, Any]  #: what a push says, as values of an ``InboundMessage``


def decode(fields: Mapping[str, str], arrival: Arrival) -> Push:
    """Return what a verified push is, or raise ``NotAMessageError``; nothing else gets out."""
    openid = _account(fields, "FromUserName")
    _account(fields, "ToUserName")
    sender = arrival.pseudonym(f"{NAME}:{arrival.appid}:{openid}")
    prefix = f"{NAME}:{arrival.appid}:{openid}"
    if fields.get("MsgType", "").lower() == "event":
        return _event(fields, arrival, openid=openid, sender=sender, prefix=prefix)
    key = f"{prefix}:{_number(fields, 'MsgId')}"
    said = _KINDS.get(fields.get("MsgType", "").lower(), _unreadable)(fields, arrival, key)
    return _message(arrival, said, key=key, sender=sender, path=arrival.message_quota.path(openid))


def answer(fields: Mapping[str, str], text: str, *, now: datetime) -> str:
    """Return the XML that says ``text`` to whoever sent the push ``fields``."""
    return str(
        TextReply(
            source=_account(fields, "ToUserName"),
            target=_account(fields, "FromUserName"),
            content=_NOT_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>"),
            time=int(now.timestamp()),
        ).render()
    )


def _event(fields: Mapping[str, str], arrival: Arrival, *, openid: str, sender: str, prefix: str) -> Push:
    event, event_key = fields.get("Event", ""), fields.get("EventKey", "").strip()
    key = f"{prefix}:{_number(fields, 'CreateTime')}:{event}:{event_key}"
    if len(key) > 1_000:
        raise NotAMessageError("wechat: an event with an endless key")
    match event.lower():
        case "unsubscribe":
            return Left(sender=sender)
        case "subscribe" | "scan":
            option = GREET
        case "click":
            option = event_key if _OPTION.fullmatch(event_key) else UNREADABLE
        case _:
            return Ignored()
    path = arrival.event_quota.path(openid)
    return _message(arrival, {"option": option}, key=clean(key), sender=sender, path=path)


def _message(arrival: Arrival, said: Said, *, key: str, sender: str, path: ReturnPath) -> InboundMessage:
    if len(said.get("text", "")) > MAX_TEXT:
        raise TooLongError(MAX_TEXT, len(said["text"]))
    if not any((said.get("text", "").strip(), *(value for name, value in said.items() if name != "text"))):
        said = {"option": UNREADABLE}
    return InboundMessage(
        key=key, city=arrival.city, channel=NAME, conversation=f"{NAME}:{sender}", sender=sender,
        received_at=arrival.received_at, numbered=True, reply_to=path, **said,
    )  # fmt: skip


# What each kind of message says


def _text(fields: Mapping[str, str], arrival: Arrival, key: str) -> Said:
    return {"text": clean(fields.get("Content", ""))}


def _voice(fields: Mapping[str, str], arrival: Arrival, key: str) -> Said:
    extension = fields.get("Format", "").lower()
    extension = extension if _EXTENSION.fullmatch(extension) else "amr"
    words = {"text": clean(fields.get("Recognition", ""))}
    return words | _file(fields, arrival, key, arrival.say("wechat_file_voice", extension=extension))


def _image(fields: Mapping[str, str], arrival: Arrival, key: str) -> Said:
    return _file(fields, arrival, key, arrival.say("wechat_file_image"))


def _video(fields: Mapping[str, str], arrival: Arrival, key: str) -> Said:
    return _file(fields, arrival, key, arrival.say("wechat_file_video"))


def _file(fields: Mapping[str, str], arrival: Arrival, key: str, name: str) -> Said:
    """Name what lies with the platform; it is fetched once the message is on record."""
    reference = fields.get("MediaId", "").strip()
    if not reference or len(reference) > 500:
        return {}
    id = arrival.pseudonym(f"{key}:{reference}")  # a repeated push names the same attachment
    return {"attachments": (id,), "media": (Media(id=id, reference=reference, name=name),)}


def _location(fields: Mapping[str, str], arrival: Arrival, key: str) -> Said:
    try:
        lat, lon = float(fields.get("Location_X", "")), float(fields.get("Location_Y", ""))
    except ValueError:
        return {}
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):  # not a number is neither
        return {}
    return {"location": Location(lat=lat, lon=lon, label=clean(fields.get("Label", ""))[:200].strip())}


def _link(fields: Mapping[str, str], arrival: Arrival, key: str) -> Said:
    parts = (clean(fields.get(name, "")).strip() for name in ("Title", "Description", "Url"))
    return {"text": "\n".join(filter(None, parts))}


def _unreadable(fields: Mapping[str, str], arrival: Arrival, key: str) -> Said:
    return {"option": UNREADABLE}


_KINDS: Mapping[str, Callable[[Mapping[str, str], Arrival, str], Said]] = {
    "text": _text,
    "voice": _voice,
    "image": _image,
    "video": _video,
    "shortvideo": _video,
    "location": _location,
    "link": _link,
}


def _account(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not _ACCOUNT.fullmatch(value):
        raise NotAMessageError(f"wechat: no {name}")
    return value


def _number(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not _NUMBER.fullmatch(value):
        raise NotAMessageError(f"wechat: no {name}")
    return value
