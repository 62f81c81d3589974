"""What a push comes wrapped in: signature, encryption, XML. Pure; the time is an argument.

Rules: the platform's pages on message encryption
(developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption) and on customers' messages.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self
from xml.parsers import expat

from wechatpy.crypto import PrpCrypto, WeChatCrypto

from channels.base import ForgedError
from hotline.errors import NotAMessageError

FRESH = timedelta(minutes=5)  #: how far an encrypted push's timestamp may be from now, either way
MOST_FIELDS = 60
DEEPEST = 8  #: levels of XML; pushes have two, pictures chosen from a menu have five


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The official account that we answer for, and what proves that a push comes from the platform."""

    appid: str
    token: str = field(repr=False)
    keys: tuple[str, ...] = field(default=(), repr=False)  #: EncodingAESKeys, the current one first

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> Self | None:
        """Return the account of the settings, or ``None`` where none is set."""
        token, appid = settings.get("wechat_token", ""), settings.get("wechat_appid", "")
        if not (token and appid):
            return None
        names = ("wechat_aes_key", "wechat_aes_key_previous")
        return cls(appid=appid, token=token, keys=tuple(filter(None, (settings.get(name) for name in names))))


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """The fields of a push that was proved to be the platform's."""

    fields: Mapping[str, str] = field(repr=False)
    key: str = field(default="", repr=False)  #: the AES key that decrypted it; the answer takes the same


def signature(*parts: str) -> str:
    """Return the platform's signature over ``parts``: SHA-1 of them sorted and joined."""
    joined = "".join(sorted(parts)).encode("utf-8", "replace")
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()  # the platform's choice, not ours


def check_address(account: Account, query: Mapping[str, str]) -> None:
    """Raise ``ForgedError`` unless ``query`` carries a valid ``signature`` of timestamp and nonce."""
    _check(account, query, "signature")


def open_push(account: Account, query: Mapping[str, str], body: bytes, *, now: datetime) -> Opened:
    """Verify and read a push in plain, compatible or encrypted mode.

    With an AES key set, only what is encrypted counts: a plain push could be anybody's who once saw a
    signature, for that covers neither the body nor a time limit. ``now`` is the real time. Raises
    ``ForgedError`` for what is not the platform's, ``NotAMessageError`` for what cannot be read.
    """
    if not account.keys:
        check_address(account, query)
        return Opened(fields=read_xml(body))
    if query.get("encrypt_type") != "aes":
        raise ForgedError("a plain push, though an AES key is set")
    sealed = read_xml(body).get("Encrypt", "")
    _check(account, query, "msg_signature", sealed)
    timestamp = query["timestamp"]
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise ForgedError("no timestamp")
    if abs(now.timestamp() - int(timestamp)) > FRESH.total_seconds():
        raise ForgedError("a stale timestamp")
    for key in account.keys:
        xml = _decrypted(key, sealed, account.appid)
        if xml is not None:
            return Opened(fields=read_xml(xml), key=key)
    raise ForgedError("no key decrypts it for this account")


def seal_answer(account: Account, opened: Opened, xml: str, *, nonce: str, now: datetime) -> str:
    """Return ``xml`` as the answer to ``opened``: encrypted with its key, plain where it came plain."""
    if not opened.key:
        return xml
    crypto = WeChatCrypto(account.token, opened.key, account.appid)
    return str(crypto.encrypt_message(xml, nonce, str(int(now.timestamp()))))


def _check(account: Account, query: Mapping[str, str], name: str, *more: str) -> None:
    given, timestamp, nonce = (query.get(each, "") for each in (name, "timestamp", "nonce"))
    if not (given and timestamp and nonce):
        raise ForgedError("no signature")
    right = signature(account.token, timestamp, nonce, *more)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), right.encode()):
        raise ForgedError("a wrong signature")


def _decrypted(key: str, sealed: str, appid: str) -> bytes | None:
    """Return the XML under ``sealed``, or ``None`` unless ``key`` decrypts it and it names ``appid``."""
    try:
        xml = PrpCrypto(base64.b64decode(key + "=")).decrypt(sealed, appid)
    except Exception:  # noqa: BLE001 — base64, padding, length, UTF-8, AppID: each fails in its own way
        return None
    return str(xml).encode()


class _Reader:
    """Collects the text of the elements right below the root; anything but a push is refused on sight."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self._depth, self._name = 0, ""

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST or len(self.fields) > MOST_FIELDS or (self._depth == 1 and name != "xml"):
            raise NotAMessageError("wechat: not a push")
        if self._depth == 2:
            if name in self.fields:
                raise NotAMessageError("wechat: a field is given twice")  # readers differ in which one wins
            self._name = name
            self.fields[name] = ""

    def text(self, data: str) -> None:
        if self._depth == 2:
            self.fields[self._name] += data

    def end(self, name: str) -> None:
        self._depth -= 1

    def doctype(self, *declared: object) -> None:
        raise NotAMessageError("wechat: a document type")  # the door to entities; no push has one


def read_xml(xml: bytes) -> dict[str, str]:
    """Read the flat XML of a push, or raise ``NotAMessageError``; no entity is declared, none is fetched."""
    reader, parser = _Reader(), expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.begin, reader.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = reader.text, reader.doctype
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise NotAMessageError("wechat: not XML in UTF-8") from error
    return reader.fields
