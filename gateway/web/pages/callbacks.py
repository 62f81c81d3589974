"""``/ops/callbacks``: who asked for a person, with the whole talk; taken by one, answered by phone or in writing."""

import secrets
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from gateway.enclosures import ending
from gateway.files import Files
from gateway.front import said_of
from gateway.store.callbacks import OUTCOMES, Callback, CallbackError, Callbacks, Context
from gateway.web.pages.chat import lines_of
from groundwork.addresses import address_of
from groundwork.audit import Author
from groundwork.clock import Clock
from hotline.citypack import CityPack
from hotline.filing import ground_of
from hotline.message import clean
from hotline.replies import options_of
from hotline.returning import Allowance
from hotline.steps import GREETING_OPTIONS
from staff.guard import account_of, form_token_of, text_of
from staff.look import Look
from staff.signing_in import author

LONGEST = 1_000  #: characters that staff write at once; two messages of WeChat at most
CHAT = "webchat"
SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})  #: by the browser
#: What is sent by citizens runs nothing and loads nothing, whatever it turns out to be.
FILE_POLICY = "default-src 'none'; img-src 'self'; frame-ancestors 'none'; sandbox"
FIELDS = ("text", "outcome", "note", "result", "key")  #: of the forms, shown again where something failed
_ONE = r"/ops/callbacks/{id:\d{1,17}}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What could not be done, and what was typed for it."""

    why: str
    who: str = ""  #: the colleague who has taken it
    typed: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How what is written reaches the citizen."""

    way: str  #: chat, push or page
    left: int = 0  #: messages that may still be pushed now
    until: datetime | None = None  #: when the last window ends

    @classmethod
    def of(cls, context: Context, now: datetime) -> "Reach":
        """Return how the citizen of ``context`` is reached at that moment."""
        if context.allowance is None:
            return cls(way="chat" if context.callback.channel == CHAT else "page")
        return _pushed(context.allowance, now)


def _pushed(allowance: Allowance, now: datetime) -> Reach:
    open_ = [window for window in allowance.windows.values() if window.until > now and window.left]
    until = max((window.until for window in open_), default=None)
    return Reach(way="push", left=sum(window.left for window in open_), until=until)


class CallbackPages:
    """The pages for dispatchers."""

    def __init__(
        self, look: Look, callbacks: Callbacks, files: Files, pack: CityPack, *, script: str, clock: Clock
    ) -> None:
        self._look, self._callbacks, self._files, self._pack = look, callbacks, files, pack
        self._script, self._clock = script, clock
        self._first_options = options_of(pack, *GREETING_OPTIONS)
        self._channels = {rule.id: rule.label for rule in pack.channels}

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for dispatchers."""
        return (
            web.get("/ops/callbacks", self.show),
            web.get(_ONE, self.one),
            web.get(rf"{_ONE}/files/{{place:\d{{1,4}}}}", self.file),
            web.post(f"{_ONE}/take", self.take),
            web.post(f"{_ONE}/say", self.say),
            web.post(f"{_ONE}/call", self.call),
            web.post(f"{_ONE}/phone", self.phone),
            web.post(f"{_ONE}/back", self.give_back),
            web.post(f"{_ONE}/close", self.close),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show what waits for a person."""
        now, found = self._clock(), await self._callbacks.listed()
        return self._look.page(
            "callbacks.html",
            account=account_of(request),
            form_token=form_token_of(request),
            script=self._script,
            now=now,
            rows=[(one, self._title(one), _minutes(now, one.asked_at), one.holder(now)) for one in found],
            channels=self._channels,
            done=request.query.get("done", ""),
        )

    async def one(self, request: web.Request) -> web.StreamResponse:
        """Show one conversation; that it was looked at is on record."""
        return await self._page(request)

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Send what the citizen sent along, after noting who opens it; a picture is shown, everything else is saved."""
        try:
            place = int(request.match_info["place"])
            id = await self._callbacks.attachment(_id(request), place, by=_by(request))
        except CallbackError:
            raise web.HTTPNotFound from None
        found = [one for one in await self._files.described([id]) if one.type]
        if not found:  # still with the platform, or refused
            raise web.HTTPNotFound
        response = web.StreamResponse(headers=_file_headers(place, found[0].type))
        await response.prepare(request)
        async for chunk in self._files.open(id):
            await response.write(chunk)
        await response.write_eof()
        return response

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Take a conversation for oneself."""
        return await self._done(request, self._callbacks.take(_id(request), by=_by(request)), "taken")

    async def say(self, request: web.Request) -> web.StreamResponse:
        """Say something to the citizen; what cannot be said comes back whole."""
        typed = await _typed(request, "text", "key")
        if not 0 < len(typed["text"]) <= LONGEST:
            return await self._page(request, Failure(why="text", typed=typed))
        saying = self._callbacks.say(_id(request), typed["key"], typed["text"], by=_by(request))
        return await self._done(request, saying, "said", typed)

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Note what came of a call."""
        typed = await _typed(request, "outcome", "note", "key")
        if typed["outcome"] not in OUTCOMES or len(typed["note"]) > LONGEST:
            return await self._page(request, Failure(why="call", typed=typed))
        calling = self._callbacks.called(
            _id(request), typed["key"], typed["outcome"], typed["note"], by=_by(request)
        )
        return await self._done(request, calling, "called", typed)

    async def phone(self, request: web.Request) -> web.StreamResponse:
        """Show the number to whoever has taken the conversation; the look is on record before it is shown."""
        try:
            phone = await self._callbacks.phone(_id(request), by=_by(request))
        except CallbackError as error:
            return await self._failed(request, error, {})
        return await self._page(request, phone=phone)

    async def give_back(self, request: web.Request) -> web.StreamResponse:
        """Let the conversation go to the others and to the bot."""
        return await self._done(request, self._callbacks.give_back(_id(request), by=_by(request)), "back")

    async def close(self, request: web.Request) -> web.StreamResponse:
        """End it, with what came of it."""
        typed = await _typed(request, "result")
        if not 0 < len(typed["result"]) <= LONGEST:
            return await self._page(request, Failure(why="result", typed=typed))
        closing = self._callbacks.close(_id(request), typed["result"], by=_by(request))
        return await self._done(request, closing, "closed", typed)

    async def _done(
        self, request: web.Request, act: Awaitable[None], done: str, typed: Mapping[str, str] | None = None
    ) -> web.StreamResponse:
        try:
            await act
        except CallbackError as error:
            return await self._failed(request, error, typed or {})
        over = done in ("back", "closed")
        raise web.HTTPSeeOther(f"/ops/callbacks{'' if over else f'/{_id(request)}'}?done={done}")

    async def _failed(
        self, request: web.Request, error: CallbackError, typed: Mapping[str, str]
    ) -> web.StreamResponse:
        if error.why == "gone":
            raise web.HTTPSeeOther("/ops/callbacks?done=gone")
        return await self._page(request, Failure(why=error.why, who=error.who, typed=typed))

    async def _page(
        self, request: web.Request, failure: Failure | None = None, *, phone: str | None = None
    ) -> web.StreamResponse:
        account, now = account_of(request), self._clock()
        try:
            context = await self._callbacks.open(_id(request), by=_by(request))
        except CallbackError:
            raise web.HTTPSeeOther("/ops/callbacks?done=gone") from None
        callback = context.callback
        holder = callback.holder(now)
        return self._look.page(
            "callback.html",
            status=422 if failure else 200,
            account=account,
            form_token=form_token_of(request),
            script=self._script,
            callback=callback,
            kept_back=context.kept_back,
            title=self._title(callback),
            channel=self._channels.get(callback.channel, callback.channel),
            lines=lines_of(said_of(context.said), self._first_options),
            attachments=len(context.attachments),
            refused=self._refused(callback),
            calls=context.calls,
            call_words={one: self._pack.words[f"call_{one}"] for one in OUTCOMES},
            reach=Reach.of(context, now),
            undelivered=context.undelivered,
            waited=_minutes(now, callback.asked_at),
            mine=bool(holder) and callback.taken_by == account.id,
            holder=holder,
            key=secrets.token_urlsafe(12),
            longest=LONGEST,
            phone=phone,
            failed=failure.why if failure else "",
            failure=failure,
            typed=dict.fromkeys(FIELDS, "") | dict(failure.typed if failure else {}),
            done=request.query.get("done", ""),
        )

    def _title(self, callback: Callback) -> str:
        ticket = callback.tickets[-1]
        return self._pack.words["confidential_title"] if ticket.contact.confidential else ticket.title

    def _refused(self, callback: Callback) -> Sequence[str]:
        """Return by which articles a demand was refused before a person was asked for."""
        grounds = (ground_of(self._pack, ticket.refused_by) for ticket in callback.tickets)
        return [
            f"{ground.citation.instrument}{ground.citation.article}：{ground.citation.reason}"
            for ground in grounds
            if ground
        ]


def _id(request: web.Request) -> int:
    return int(request.match_info["id"])


def _by(request: web.Request) -> Author:
    return author(account_of(request), address_of(request))


async def _typed(request: web.Request, *names: str) -> dict[str, str]:
    form = await request.post()
    return {name: clean(text_of(form, name)).strip() for name in names}


def _file_headers(place: int, kind: str) -> Mapping[str, str]:
    shown = kind in SHOWN
    return {
        "Content-Type": kind if shown else "application/octet-stream",
        "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{place}{ending(kind)}"',
        "Content-Security-Policy": FILE_POLICY,
        "Cache-Control": "no-store",
    }


def _minutes(now: datetime, since: datetime) -> int:
    return max(0, int((now - since).total_seconds() // 60))
