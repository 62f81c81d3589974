"""The chat page: rendered here with its history, every form usable without JavaScript."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from aiohttp import web

from channels.base import TooLongError, Uttered
from channels.webchat.adapter import WebChat, bearer_of, described, token_offered
from channels.webchat.codec import conversation_of, decode_form
from channels.webchat.session import LIFE
from channels.webchat.socket import Manner
from gateway.web.errors import STORED, problem_of
from gateway.web.floods import TooManyMessagesError
from gateway.web.forms import read_form
from gateway.web.ports import History, InboundText, Received, Said, SentReply
from gateway.web.rendering import WORDS, Destination, Pages, city_day
from groundwork.problems import ProblemError
from hotline.conversation import Option
from hotline.errors import KeyReusedError, NotAMessageError, StorageAwayError
from hotline.message import InboundMessage

COOKIE = "huying_chat"
#: what this page may ask a person for, each time at the press of a button
MAY_ASK = "camera=(), microphone=(self), geolocation=(self), payment=()"
SHOWN = 100  #: things said that a page shows again


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing said as the log shows it."""

    said: Said
    text: str  #: what the citizen said or chose; empty for replies
    new_day: date | None  #: set on the first line of a day
    live: bool  #: whether its options may still be chosen


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """Why something was not sent, with what was typed."""

    status: int
    title: str
    form: Mapping[str, str]
    again: bool  #: whether sending the same again can help
    wait: str  #: seconds after which it can


class ChatPage:
    """``/chat``, and the fragment that its element asks for."""

    def __init__(self, pages: Pages, webchat: WebChat, history: History, *, secure: bool) -> None:
        self._pages, self._webchat, self._history, self._secure = pages, webchat, history, secure

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes of the page."""
        return (
            web.get("/chat", self.show),
            web.post("/chat", self.post),
            web.post("/chat/say", self.say),
            web.post("/chat/files", self.take_file),
            web.get("/chat/ws", self.open_socket),
            web.get("/chat/transcript", self.transcript),
        )

    async def show(self, request: web.Request) -> web.Response:
        """Show the conversation of this browser."""
        session, token = self._session(request)
        return self._page(request, await self._said_if_here(session), token=token)

    def framed(self, request: web.Request, origins: Sequence[str]) -> web.Response:
        """Show an empty conversation for a frame on one of the sites ``origins``; its token is in the page alone."""
        mode = request.query.get("mode")
        return self._pages.respond(
            request,
            "chat_framed.html",
            personal=True,
            care=None if mode is None else mode == "care",
            lines=(),
            history_away=False,
            typed="",
            trouble=None,
            at=_at(),
            token=self._webchat.sessions.open().token,
            origins=origins,
        )

    async def post(self, request: web.Request) -> web.Response:
        """Take what a form holds, then show the page anew; a question ``q`` of another page is only put into the box."""
        form = await read_form(request)
        session, token = self._session(request)
        if "q" in form:
            return self._page(request, await self._said_if_here(session), token=token, typed=form["q"])
        try:
            message, received = await self._received(request, form, session)
        except (NotAMessageError, StorageAwayError, TooManyMessagesError) as error:
            return await self._not_sent(request, session, token, form, error)
        request[STORED] = True
        if any(sent.reply.kind == "emergency" for sent in received.replies):
            try:
                await self._said(session)
            except StorageAwayError:
                # A page shown anew could not show the number to call, so it is shown at once.
                return self._page(request, _just_said(message, received), token=token)
        return self._keep(web.Response(status=303, headers={"Location": "/chat#latest"}), token)

    async def say(self, request: web.Request) -> web.Response:
        """Take one message of the element and return its replies as a piece of the page."""
        session, token = self._session(request)
        message = decode_form(await read_form(request), self._webchat.envelope(session))
        received = await self._webchat.receive(message, request)
        request[STORED] = True
        response = web.Response(
            text=self._frame(received.replies)["html"], status=200 if received.settled else 202, content_type="text/html",
            headers={"Cache-Control": "no-store"},
        )  # fmt: skip
        return self._keep(response, token)

    async def take_file(self, request: web.Request) -> web.Response:
        """Keep one file: for the message of the element that will name it, or sent as a message of its own."""
        session, token = self._session(request)
        stored = await self._webchat.kept_file(request, session)
        if "application/json" in request.headers.get("Accept", ""):
            headers = {"Cache-Control": "no-store"}
            return self._keep(web.json_response(described(stored), status=201, headers=headers), token)
        form = {"id": _new_id(), "attachments": stored.id}
        await self._webchat.receive(decode_form(form, self._webchat.envelope(session)), request)
        return self._keep(web.Response(status=303, headers={"Location": "/chat#latest"}), token)

    async def open_socket(self, request: web.Request) -> web.StreamResponse:
        """Speak with the element of the browser whose cookie came along, or inside a frame the token of its page."""
        token = token_offered(request) or request.cookies.get(COOKIE, "")
        session = self._webchat.sessions.session_of(token)
        if session is None:
            raise web.HTTPUnauthorized
        return await self._webchat.talk(
            request, session, Manner(read=decode_form, show=self._told, urge=self._urged)
        )

    async def transcript(self, request: web.Request) -> web.Response:
        """Give out what was said as a text file."""
        session, token = self._session(request)
        lines = lines_of(await self._said(session), self._pages.context.first_options)
        text = self._pages.text("transcript.txt", lines=lines)
        headers = {"Content-Disposition": 'attachment; filename="12345.txt"', "Cache-Control": "no-store"}
        return self._keep(web.Response(text=text, charset="utf-8", headers=headers), token)

    def _told(self, uttered: Sequence[Uttered]) -> list[Mapping[str, Any]]:
        said: list[Said] = []
        for message, of_one in groupby(uttered, key=lambda one: one.message):
            asked = () if message.unasked else (InboundText.of(message),)
            said += [*asked, *(one.sent for one in of_one)]
        return [{**self._frame(said), "last": uttered[-1].sent.id}]

    def _urged(self, replies: Sequence[SentReply]) -> list[Mapping[str, Any]]:
        return [self._frame(replies)] if replies else []

    def _frame(self, said: Sequence[Said]) -> Mapping[str, Any]:
        lines = lines_of(said, self._pages.context.first_options)
        return {"type": "lines", "html": self._pages.text("fragment.html", lines=lines, at=_at())}

    async def _received(
        self, request: web.Request, form: Mapping[str, str], session: str
    ) -> tuple[InboundMessage, Received]:
        named = {"id": _new_id(), **form}
        message = decode_form(named, self._webchat.envelope(session))
        try:
            return message, await self._webchat.receive(message, request)
        except KeyReusedError:
            # The id was in the page: Back and other words make a new message, not a conflict.
            message = decode_form({**named, "id": _new_id()}, self._webchat.envelope(session))
            return message, await self._webchat.receive(message, request)

    async def _said(self, session: str) -> tuple[Said, ...]:
        return await self._history.history(conversation_of(session), limit=SHOWN)

    async def _said_if_here(self, session: str) -> tuple[Said, ...] | None:
        try:
            return await self._said(session)
        except StorageAwayError:
            return None

    async def _not_sent(
        self, request: web.Request, session: str, token: str, form: Mapping[str, str],
        error: NotAMessageError | StorageAwayError | TooManyMessagesError,
    ) -> web.Response:  # fmt: skip
        problem = problem_of(error)
        trouble = Trouble(
            status=problem.status,
            title=_title(problem, error),
            form=form,
            again=not isinstance(error, NotAMessageError),
            wait=str(error.seconds) if isinstance(error, TooManyMessagesError) else "5",
        )
        said = await self._said_if_here(session)
        return self._page(request, said, token=token, typed=form.get("text", ""), trouble=trouble)

    def _page(
        self,
        request: web.Request,
        said: Sequence[Said] | None,
        *,
        token: str,
        typed: str = "",
        trouble: Trouble | None = None,
    ) -> web.Response:
        response = self._pages.respond(
            request,
            "chat.html",
            status=trouble.status if trouble else 200,
            personal=True,
            lines=lines_of(said or (), self._pages.context.first_options),
            history_away=said is None,
            typed=typed,
            trouble=trouble,
            at=_at(),
        )
        response.headers["Permissions-Policy"] = MAY_ASK
        if trouble and trouble.again:
            response.headers["Retry-After"] = trouble.wait
        return self._keep(response, token)

    def _session(self, request: web.Request) -> tuple[str, str]:
        token = bearer_of(request) or request.cookies.get(COOKIE, "")
        session = self._webchat.sessions.session_of(token)
        if session is not None:
            return session, token
        fresh = self._webchat.sessions.open()
        return fresh.id, fresh.token

    def _keep(self, response: web.Response, token: str) -> web.Response:
        life = int(LIFE.total_seconds())
        response.set_cookie(
            COOKIE, token, max_age=life, path="/chat", httponly=True, samesite="Lax", secure=self._secure
        )
        return response


def _title(problem: ProblemError, error: Exception) -> str:
    if isinstance(error, TooLongError):
        return problem.title + str(problem.more["detail"])
    errors = problem.more.get("errors")
    return str(errors[0]["detail"]) if errors else problem.title


def _just_said(message: InboundMessage, received: Received) -> tuple[Said, ...]:
    return (InboundText.of(message), *received.replies)


def lines_of(said: Sequence[Said], first_options: Sequence[Option]) -> list[Line]:
    """Return what was said as a log shows it, choices by the labels that were offered."""
    labels = {option.id: option.label for option in first_options}
    last = max((index for index, one in enumerate(said) if isinstance(one, InboundText)), default=-1)
    lines: list[Line] = []
    for index, one in enumerate(said):
        today = city_day(one.at)
        new_day = today if index == 0 or city_day(said[index - 1].at) != today else None
        lines.append(Line(said=one, text=_shown_text(one, labels), new_day=new_day, live=index > last))
        if isinstance(one, SentReply):
            labels |= {option.id: option.label for option in one.reply.options}
    return lines


def _shown_text(said: Said, labels: Mapping[str, str]) -> str:
    if isinstance(said, SentReply):
        return ""
    if said.files and not said.text:
        return str(WORDS["some_files"].format(count=said.files))
    if said.located and not said.text:
        return str(WORDS["some_place"])
    return said.text or labels.get(said.option or "", WORDS["some_option"])


def _at() -> Destination:
    return Destination(action="/chat", values={"id": _new_id()})


def _new_id() -> str:
    return secrets.token_urlsafe(12)
