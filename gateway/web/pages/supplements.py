"""What citizens add to a ticket or letter of theirs, and do about it: by program here, by page wherever it is shown."""

import json
import re
import secrets
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from channels.base import ChannelParts, FieldError, Received, TooLongError
from channels.uploads import Form
from channels.webchat.adapter import ANSWER_WITHIN, WebChat, require_owned, wired
from channels.webchat.codec import MAX_TEXT, attachments_of
from gateway.web.pages.proving import LONGEST_TYPED, Proof, Typed
from gateway.web.ports import Registers, Thread
from hotline.message import SOLVED, Act, InboundMessage, clean

LARGEST = 256 * 1024  #: bytes of a request
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Supplements:
    """``POST /api/tickets/{number}/…``: supplements, by which an answered or refused letter becomes a ticket, and acts."""

    def __init__(self, parts: ChannelParts, registers: Registers, proof: Proof, webchat: WebChat) -> None:
        self._parts, self._registers, self._proof, self._webchat = parts, registers, proof, webchat

    def api_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for programs."""
        at = "/api/tickets/{number}"
        return (
            web.post(f"{at}/supplements", self.take),
            web.post(f"{at}/urges", self.urge),
            web.post(f"{at}/ratings", self.rate),
            web.post(f"{at}/withdrawals", self.withdraw),
        )

    async def take(self, request: web.Request) -> web.Response:
        """Add what the body says and return what is said to it."""
        data = await _object(request)
        text, ids = _text(data), attachments_of(data)
        if not (text.strip() or ids):
            raise FieldError("text", "nothing was added")
        received = await self.add(request, _typed(request, data), id=_id(request), text=text, attachments=ids)
        return _said(received)

    async def urge(self, request: web.Request) -> web.Response:
        """Urge the ticket; ``text`` may say why."""
        data = await _object(request)
        typed = _typed(request, data)
        return _said(await self.act(request, typed, Act.URGE, id=_id(request), text=_text(data)))

    async def rate(self, request: web.Request) -> web.Response:
        """Rate how the ticket is handled, ``grade`` from 1 (worst) to 5; ``reason`` may say why, ``solved`` whether it is solved."""
        data = await _object(request)
        typed, grade, solved = _typed(request, data), _grade(data), _solved(data)
        received = await self.act(
            request, typed, Act.RATE, id=_id(request), text=_text(data, "reason"), grade=grade, solved=solved
        )
        return _said(received)

    async def withdraw(self, request: web.Request) -> web.Response:
        """Take the ticket back; ``reason`` may say why."""
        data = await _object(request)
        typed = _typed(request, data)
        return _said(
            await self.act(request, typed, Act.WITHDRAW, id=_id(request), text=_text(data, "reason"))
        )

    async def add(
        self,
        request: web.Request,
        typed: Typed,
        *,
        id: str,
        text: str = "",
        option: str | None = None,
        attachments: Sequence[str] = (),
        sent: Form | None = None,
    ) -> Received:
        """Add to the ticket or letter that ``typed`` proves, with files by id or ``sent`` along; the same ``id`` again
        adds nothing.

        Raises ``NoSuchTicketError`` and ``TooManyTriesError`` as a look-up does.
        """
        thread = await self._thread(request, typed, id)
        if sent is not None:
            stored = await sent.put(self._parts.files, owner=thread.sender)
            attachments = [*attachments, *(file.id for file in stored)]
        session = self._webchat.session_of(request)
        owners = [thread.sender] + ([self._parts.pseudonym(session)] if session else [])
        await require_owned(self._parts.files, attachments, *owners)
        message = InboundMessage(
            key=f"{thread.conversation}:add:{thread.number}:{id}", city=self._parts.city, channel=thread.channel,
            conversation=thread.conversation, sender=thread.sender, received_at=self._parts.clock(), text=text,
            option=option, attachments=tuple(attachments), about=thread.number,
        )  # fmt: skip
        origin = self._parts.origin(request)
        return await self._parts.receive.receive(message, within=ANSWER_WITHIN, origin=origin)

    async def act(
        self,
        request: web.Request,
        typed: Typed,
        act: Act,
        *,
        id: str,
        text: str = "",
        grade: int | None = None,
        solved: str = "",
    ) -> Received:
        """Do something about the ticket that ``typed`` proves; the same ``id`` again does nothing.

        Raises ``NoSuchTicketError`` and ``TooManyTriesError`` as a look-up does.
        """
        thread = await self._thread(request, typed, id)
        message = InboundMessage(
            key=f"{thread.conversation}:{act.value}:{thread.number}:{id}", city=self._parts.city, channel=thread.channel,
            conversation=thread.conversation, sender=thread.sender, received_at=self._parts.clock(), text=text,
            about=thread.number, act=act, grade=grade, solved=solved,
        )  # fmt: skip
        origin = self._parts.origin(request)
        return await self._parts.receive.receive(message, within=ANSWER_WITHIN, origin=origin)

    async def _thread(self, request: web.Request, typed: Typed, id: str) -> Thread:
        if not _ID.fullmatch(id):
            raise FieldError("id", "1 to 100 letters, digits, hyphens or underscores")
        return await self._proof.found(typed, request, self._registers.thread)


def _typed(request: web.Request, data: dict[str, Any]) -> Typed:
    return Typed(number=request.match_info["number"][:LONGEST_TYPED], query_code=_code(data))


def _id(request: web.Request) -> str:
    return request.headers.get("Idempotency-Key", "").strip('" ') or secrets.token_urlsafe(12)


def _said(received: Received) -> web.Response:
    status, headers = 201 if received.settled else 202, {"Cache-Control": "no-store"}
    return web.json_response({"replies": wired(received.replies)}, status=status, headers=headers)


def _grade(data: dict[str, Any]) -> int:
    grade = data.get("grade")
    if isinstance(grade, bool) or not isinstance(grade, int | float) or grade not in range(1, 6):
        raise FieldError("grade", "a whole number from 1 to 5")
    return int(grade)  # JSON knows no whole numbers: 2.0 is one


def _solved(data: dict[str, Any]) -> str:
    solved = data.get("solved", "")
    if solved != "" and solved not in SOLVED:
        raise FieldError("solved", f"one of {', '.join(SOLVED)}")
    return str(solved)


async def _object(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    body = await request.read()
    if len(body) > LARGEST:
        raise TooLongError(MAX_TEXT)
    try:
        data = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise FieldError("body", "not one JSON object in UTF-8") from error
    if not isinstance(data, dict):
        raise FieldError("body", "not a JSON object")
    return data


def _code(data: dict[str, Any]) -> str:
    code = data.get("query_code")
    if not isinstance(code, str):
        raise FieldError("query_code", "must be a string")
    return clean(code)[:LONGEST_TYPED]


def _text(data: dict[str, Any], name: str = "text") -> str:
    text = data.get(name, "")
    if not isinstance(text, str):
        raise FieldError(name, "must be a string")
    text = clean(text)
    if len(text) > MAX_TEXT:
        raise TooLongError(MAX_TEXT, len(text))
    return text
