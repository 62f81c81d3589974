"""What citizens add to a ticket or letter of theirs: by program here, by page wherever it is shown."""

import json
import re
import secrets
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from channels.base import ChannelParts, FieldError, Received, TooLongError
from channels.webchat.adapter import ANSWER_WITHIN, WebChat, require_owned, wired
from channels.webchat.codec import MAX_TEXT, attachments_of
from gateway.web.pages.proving import LONGEST_TYPED, Proof, Typed
from gateway.web.ports import Registers
from hotline.message import InboundMessage, clean

LARGEST = 256 * 1024  #: bytes of a request
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Supplements:
    """``POST /api/tickets/{number}/supplements``; an answered or refused letter becomes a ticket by it."""

    def __init__(self, parts: ChannelParts, registers: Registers, proof: Proof, webchat: WebChat) -> None:
        self._parts, self._registers, self._proof, self._webchat = parts, registers, proof, webchat

    def api_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for programs."""
        return (web.post("/api/tickets/{number}/supplements", self.take),)

    async def take(self, request: web.Request) -> web.Response:
        """Add what the body says and return what is said to it."""
        data = await _object(request)
        typed = Typed(number=request.match_info["number"][:LONGEST_TYPED], query_code=_code(data))
        text, ids = _text(data), attachments_of(data)
        if not (text.strip() or ids):
            raise FieldError("text", "nothing was added")
        given = request.headers.get("Idempotency-Key", "").strip('" ') or secrets.token_urlsafe(12)
        received = await self.add(request, typed, id=given, text=text, attachments=ids)
        status = 201 if received.settled else 202
        headers = {"Cache-Control": "no-store"}
        return web.json_response({"replies": wired(received.replies)}, status=status, headers=headers)

    async def add(
        self,
        request: web.Request,
        typed: Typed,
        *,
        id: str,
        text: str = "",
        option: str | None = None,
        attachments: Sequence[str] = (),
    ) -> Received:
        """Add to the ticket or letter that ``typed`` proves; the same ``id`` again adds nothing.

        Raises ``NoSuchTicketError`` and ``TooManyTriesError`` as a look-up does.
        """
        if not _ID.fullmatch(id):
            raise FieldError("id", "1 to 100 letters, digits, hyphens or underscores")
        thread = await self._proof.found(typed, request, self._registers.thread)
        session = self._webchat.session_of(request)
        owners = [thread.sender] + ([self._parts.pseudonym(session)] if session else [])
        await require_owned(self._parts.files, attachments, *owners)
        message = InboundMessage(
            key=f"{thread.conversation}:add:{thread.number}:{id}", city=self._parts.city, channel=thread.channel,
            conversation=thread.conversation, sender=thread.sender, received_at=self._parts.clock(), text=text,
            option=option, attachments=tuple(attachments), about=thread.number,
        )  # fmt: skip
        return await self._parts.receive.receive(message, within=ANSWER_WITHIN)


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


def _text(data: dict[str, Any]) -> str:
    text = data.get("text", "")
    if not isinstance(text, str):
        raise FieldError("text", "must be a string")
    text = clean(text)
    if len(text) > MAX_TEXT:
        raise TooLongError(MAX_TEXT, len(text))
    return text
