"""Letters to the mayor over HTTP (CONTRACT, ``POST /api/mailbox/letters``)."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from aiohttp import web

from channels.base import ChannelParts, Received, StoredFile
from channels.mailbox import codec
from channels.multipart import Fault, FormRefusedError
from channels.uploads import Form, read_form
from channels.webchat.adapter import wired
from hotline.errors import StorageAwayError

ANSWER_WITHIN = 10.0  #: seconds that whoever sent a letter waits for its number


class Mailbox:
    """Takes letters as multipart forms; the page uses the same parts with a form of its own."""

    name: ClassVar[str] = "mailbox"
    audience: ClassVar[str] = "citizen"

    def __init__(self, parts: ChannelParts) -> None:
        self.parts = parts

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes that this channel answers."""
        return (web.post("/api/mailbox/letters", self.take),)

    async def take(self, request: web.Request) -> web.Response:
        """Store one letter and return its number with what is said to it: 201, or 202 while it has none."""
        if request.content_type != "multipart/form-data":
            raise web.HTTPUnsupportedMediaType
        given = request.headers.get("Idempotency-Key", "").strip('" ') or secrets.token_urlsafe(18)
        key, form = codec.letter_key(given), Form()
        try:
            await read_form(request, codec.rules(), self.parts.files, form)
            values = {name: form.one(name) for name in codec.LONGEST}
            if faults := (*form.faults, *_besides(form, codec.read(values))):
                raise FormRefusedError(faults)
            received = await self.send(request, values, form, key)
        finally:
            await form.drop(self.parts.files)
        return _answer(received, given)

    async def send(
        self,
        request: web.Request,
        values: Mapping[str, str],
        form: Form,
        key: str,
        kept: Sequence[StoredFile] = (),
    ) -> Received:
        """Put the files of a letter on record, then the letter, and wait for what is said to it.

        Nothing may be wrong with ``values``; ``kept`` are files that were put on record before.
        """
        envelope = self.envelope(key)
        try:
            put = await form.put(self.parts.files, owner=self.owner(key))
        except StorageAwayError:
            # The files cannot come along; somebody in danger is told the number all the same.
            warned = await self.parts.receive.warn(codec.letter(values, (), envelope))
            if warned is None:
                raise
            return warned
        message = codec.letter(values, [file.id for file in (*kept, *put)], envelope)
        origin = self.parts.origin(request)
        return await self.parts.receive.receive(message, within=ANSWER_WITHIN, origin=origin)

    def owner(self, key: str) -> str:
        """Return the pseudonym of whoever writes the letter ``key``."""
        return self.parts.pseudonym(key)

    def envelope(self, key: str) -> codec.Envelope:
        """Return what is known about the letter ``key`` that arrives now."""
        return codec.Envelope(
            city=self.parts.city, key=key, sender=self.owner(key), received_at=self.parts.clock()
        )


def _besides(form: Form, faults: Sequence[Fault]) -> list[Fault]:
    """Return those of ``faults`` about values that came whole: what was not read is not missing."""
    known = {fault.field for fault in form.faults}
    return [fault for fault in faults if fault.field not in known]


def _answer(received: Received, key: str) -> web.Response:
    body: dict[str, Any] = {"replies": wired(received.replies)}
    headers = {"Cache-Control": "no-store", "Idempotency-Key": key}
    if received.letter is not None:
        letter = received.letter
        body = {"number": letter.number, "query_code": letter.query_code, **body}
        return web.json_response(body, status=201, headers=headers)
    # Without a number: a danger that could not be recorded yet, or a letter that is not settled yet.
    return web.json_response(body, status=200 if received.settled else 202, headers=headers)
