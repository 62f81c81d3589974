"""Where a ticket stands, for whoever holds its number and query code."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Self

import segno
from aiohttp import web
from markupsafe import Markup

from channels.base import KeepsFiles
from channels.mailbox.codec import FILE
from channels.multipart import BrokenFormError, Fault, Rules
from channels.uploads import Form
from channels.uploads import read_form as read_files
from channels.webchat.adapter import wired
from channels.webchat.codec import MAX_TEXT
from gateway.web.faults import told
from gateway.web.floods import TooManyMessagesError, flooded
from gateway.web.forms import read_form
from gateway.web.pages.mailbox import OFFERED, receipt_at, with_options
from gateway.web.pages.mine import Mine, Shelf
from gateway.web.pages.outcomes import PLACE, Acted, Outcome, Outcomes, redirect, waits
from gateway.web.pages.portal import keep_mode
from gateway.web.pages.proving import LONGEST_TYPED, NoSuchTicketError, Proof, TooManyTriesError, Typed
from gateway.web.pages.supplements import Supplements
from gateway.web.ports import Change, Limits, Registers, TicketStatus
from gateway.web.rendering import WORDS, Pages, city_day, iso
from groundwork.clock import Clock
from groundwork.problems import ProblemError
from hotline.calendar import CITY_TIME, Calendar
from hotline.deadlines import Due
from hotline.message import SOLVED, Act, clean
from hotline.ticket import normalised

GRADES = ("1", "2", "3", "4", "5")
#: what the forms under the timeline may hold; a text that is too long comes back to whoever typed it
RULES = Rules(
    fields=dict.fromkeys(("number", "query_code", "id", "do", "grade", "solved"), 1000)
    | {"text": MAX_TEXT * 16},
    file=FILE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What one of the forms under the timeline holds."""

    typed: Typed
    doing: str
    id: str
    text: str
    grade: str
    solved: str
    files: Form

    @classmethod
    def of(cls, form: Mapping[str, str], files: Form) -> Self:
        """Return it as it was typed."""
        return cls(
            typed=_typed_in(form), doing=form.get("do", ""), id=form.get("id", "") or secrets.token_urlsafe(12),
            text=form.get("text", "").strip(), grade=form.get("grade", ""),
            solved=form.get("solved", ""), files=files,
        )  # fmt: skip

    @property
    def rating(self) -> dict[str, Any]:
        """What a rating says; empty where something else is done, whatever is sent along."""
        if self.doing != Act.RATE or self.grade not in GRADES:
            return {}
        return {"grade": int(self.grade), "solved": self.solved if self.solved in SOLVED else ""}

    @property
    def lacks(self) -> bool:
        """What is needed was not given."""
        needs = {"add": bool(self.text or self.files.files), "rate": self.grade in GRADES}
        return not needs.get(self.doing, self.doing in ("urge", "withdraw"))


class ProgressPage:
    """``/progress`` and ``/api/progress``."""

    def __init__(
        self,
        pages: Pages,
        registers: Registers,
        proof: Proof,
        supplements: Supplements,
        mine: Mine,
        outcomes: Outcomes,
        files: KeepsFiles,
        limits: Limits,
        *,
        calendar: Calendar,
        clock: Clock,
        secure: bool,
        public_url: str,
    ) -> None:
        self._pages, self._registers, self._proof, self._supplements = pages, registers, proof, supplements
        self._mine, self._outcomes, self._files, self._limits = mine, outcomes, files, limits
        self._calendar, self._clock, self._secure = calendar, clock, secure
        self._public_url = public_url

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes of the page."""
        return (
            web.get("/progress", self.ask),
            web.post("/progress", self.show),
            web.post("/progress/mine", self.remember),
            web.get(f"{PLACE}/{{id}}", self.seen),
            web.get(r"/progress/{number:[0-9]{8}[0-9A-Z]{9}}", self.again),
            web.post("/progress/act", self.act),
            web.post("/progress/receipt", self.receipt),
        )

    def api_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for programs."""
        return (web.post("/api/progress", self.answer),)

    async def ask(self, request: web.Request) -> web.Response:
        """Show the form, with the number filled in when a link gave it."""
        number = request.query.get("number", "")[:LONGEST_TYPED]
        response = self._form(request, Outcome(page="form", typed=Typed(number=number)))
        if not self._mine.of(request).known:
            self._mine.keep(response, Shelf())  # what comes back tells that a redirect loses nothing
        return response

    async def show(self, request: web.Request) -> web.Response:
        """Show the timeline, or the form again with what was typed."""
        form = await read_form(request)
        typed, mode = _typed_in(form), form.get("mode")
        missing = tuple(name for name in ("number", "query_code") if not getattr(typed, name).strip())
        if missing:
            return await self._later(request, Outcome(page="form", typed=typed, status=422, missing=missing))
        try:
            found = await self._found(request, typed)
        except (NoSuchTicketError, TooManyTriesError) as error:
            return await self._later(request, Outcome.of(typed, error))
        if found.confidential:  # remembered nowhere
            return await self._later(request, Outcome(page="timeline", typed=typed), found, mode=mode)
        return self._remembered(request, found, typed, mode=mode)

    def _remembered(
        self, request: web.Request, found: TicketStatus, typed: Typed, *, mode: str | None
    ) -> web.Response:
        """Return the timeline as a page of its own that this device remembers, or at once where that cannot be."""
        shelf = self._mine.of(request)
        if shelf.known:
            response = self._with_mode(redirect(f"/progress/{found.number}"), mode)
        else:  # the browser may keep no cookies at all
            response = self._timeline(request, found, Outcome(page="timeline", typed=typed), mode=mode)
        shown = Typed(number=found.number, query_code=normalised(typed.query_code))
        self._mine.keep(response, shelf.plus(shown))
        return response

    async def again(self, request: web.Request) -> web.Response:
        """Show the timeline of a ticket that this device remembers, or the form with its number."""
        number = request.match_info["number"]
        typed = Typed(number=number, query_code=self._mine.of(request).code_of(number))
        if not typed.query_code:
            return self._form(request, Outcome(page="form", typed=typed))
        return await self._page(request, Outcome(page="timeline", typed=typed))

    async def seen(self, request: web.Request) -> web.Response:
        """Show what a form led to, as often as it is asked for; the empty form when that is gone."""
        outcome = await self._outcomes.seen(request, request.match_info["id"])
        return await self.ask(request) if outcome is None else await self._page(request, outcome)

    async def _later(
        self,
        request: web.Request,
        outcome: Outcome,
        found: TicketStatus | None = None,
        *,
        mode: str | None = None,
    ) -> web.Response:
        """Send the browser to ``outcome`` by an address of its own, which Back shows again, or show it at once."""
        address = await self._outcomes.address_of(request, outcome)
        if address:
            return self._with_mode(redirect(address), mode)
        return await self._page(request, outcome, found, mode=mode)

    async def _page(
        self,
        request: web.Request,
        outcome: Outcome,
        found: TicketStatus | None = None,
        *,
        mode: str | None = None,
    ) -> web.Response:
        if outcome.page == "form":
            return self._form(request, outcome)
        try:
            found = found or await self._found(request, outcome.typed)
        except (NoSuchTicketError, TooManyTriesError) as error:
            return self._form(request, Outcome.of(outcome.typed, error))
        if outcome.page == "receipt" and found.mark:
            return self._receipt(request, found, outcome, mode=mode)
        return self._timeline(request, found, outcome, mode=mode)

    def _with_mode(self, response: web.Response, mode: str | None) -> web.Response:
        if mode is not None:
            keep_mode(response, mode, secure=self._secure)
        return response

    async def remember(self, request: web.Request) -> web.Response:
        """Let this device remember its tickets for thirty days, or forget them now."""
        form, shelf = await read_form(request), self._mine.of(request)
        response = redirect("/progress")
        self._mine.keep(response, replace(shelf, long=True) if form.get("do") == "keep" else Shelf())
        return response

    async def act(self, request: web.Request) -> web.Response:
        """Do what one of the forms under the timeline asks for, then show the timeline with what is said to it."""
        files = Form()
        try:
            outcome = await self._acted(request, await self._asked(request, files))
        except BrokenFormError as error:
            typed = Typed(number=files.one("number"))
            outcome = Outcome(page="form", typed=typed, status=422, broken=told(error.faults))
        finally:
            await files.drop(self._files)
        return await self._later(request, outcome)

    async def _asked(self, request: web.Request, files: Form) -> Asked:
        if request.content_type != "multipart/form-data":
            return Asked.of(await read_form(request), files)
        await read_files(request, RULES, self._files, files)
        return Asked.of({name: files.one(name) for name in RULES.fields}, files)

    async def _acted(self, request: web.Request, asked: Asked) -> Outcome:
        acted, wait = Acted(
            doing=asked.doing, text=asked.text, grade=asked.grade, solved=asked.solved, lacks=asked.lacks,
            long=len(asked.text) > MAX_TEXT, faults=told(asked.files.faults),
        ), ""  # fmt: skip
        try:
            if not acted.undone:
                acted = await self._done(request, asked, acted)
        except (NoSuchTicketError, TooManyTriesError) as error:
            return Outcome.of(asked.typed, error)
        except TooManyMessagesError as error:
            acted, wait = replace(acted, flood=error.title), waits(error)
        status = 429 if acted.flood else 422 if acted.undone else 200
        return Outcome(page="timeline", typed=asked.typed, status=status, wait=wait, acted=acted)

    async def _done(self, request: web.Request, asked: Asked, acted: Acted) -> Acted:
        if await flooded(self._limits, request, len(asked.files.files)):
            return replace(
                acted,
                faults=told([Fault(field=FILE, reason="flood", name=one.name) for one in asked.files.files]),
            )
        if asked.doing == "add":
            received = await self._supplements.add(
                request, asked.typed, id=asked.id, text=asked.text, sent=asked.files
            )
        else:
            received = await self._supplements.act(
                request, asked.typed, Act(asked.doing), id=asked.id, text=asked.text, **asked.rating
            )
        return replace(acted, said=tuple(received.replies))

    async def receipt(self, request: web.Request) -> web.Response:
        """Show the receipt of the filing, to be printed; who has none sees where the ticket stands."""
        typed = _typed_in(form := await read_form(request))
        outcome = Outcome(page="receipt", typed=typed)
        try:
            found = await self._found(request, typed)
        except (NoSuchTicketError, TooManyTriesError) as error:
            return await self._later(request, Outcome.of(typed, error))
        return await self._later(request, outcome, found, mode=form.get("mode"))

    def _receipt(
        self, request: web.Request, found: TicketStatus, outcome: Outcome, *, mode: str | None
    ) -> web.Response:
        response = self._pages.respond(
            request,
            "receipt.html",
            personal=True,
            care=None if mode is None else mode == "care",
            ticket=found,
            typed=outcome.typed,
            code=qr_code(f"{self._public_url}/progress?number={found.number}"),
        )
        return self._with_mode(response, mode)

    async def answer(self, request: web.Request) -> web.Response:
        """Return the public timeline as JSON."""
        found = await self._proof.found(await _typed_json(request), request, self._registers.look_up)
        return web.json_response(public(found), headers={"Cache-Control": "no-store"})

    def _form(self, request: web.Request, outcome: Outcome) -> web.Response:
        mine = self._mine.of(request)
        response = self._pages.respond(
            request,
            "progress_form.html",
            status=outcome.status,
            personal=bool(outcome.typed.query_code or mine.tickets),
            typed=outcome.typed,
            mine=mine,
            outcome=outcome,
        )
        return self._ended(request, response, outcome)

    def _timeline(
        self, request: web.Request, found: TicketStatus, outcome: Outcome, *, mode: str | None
    ) -> web.Response:
        today = self._clock().astimezone(CITY_TIME).date()
        last = city_day(found.shown_due.at) if found.shown_due else None
        done = found.state in WORDS["state_done"] or found.state == "withdrawn"
        response = self._pages.respond(
            request,
            "progress.html",
            status=outcome.status,
            personal=True,
            acted=outcome.acted,
            id=secrets.token_urlsafe(12),
            longest=MAX_TEXT,
            care=None if mode is None else mode == "care",
            ticket=replace(found, replies=tuple(with_options(sent, OFFERED) for sent in found.replies)),
            at=receipt_at(found.number, outcome.typed.query_code),
            typed=outcome.typed,
            done=done,
            late=last is not None and last < today and not done,
            days_left=_working_days_left(self._calendar, today, last) if last and not done else None,
        )
        return self._with_mode(self._ended(request, response, outcome), mode)

    def _ended(self, request: web.Request, response: web.Response, outcome: Outcome) -> web.Response:
        self._outcomes.greet(request, response)
        if outcome.wait:
            response.headers["Retry-After"] = outcome.wait
        return response

    async def _found(self, request: web.Request, typed: Typed) -> TicketStatus:
        return await self._proof.found(typed, request, self._registers.look_up)


def qr_code(address: str) -> Markup:
    """Return an address as an inline SVG without any style: the page's policy allows none."""
    text: str = segno.make(address, error="m").svg_inline(scale=4, border=4, dark="#000", light="#fff")
    return Markup(text)  # noqa: S704 - made by the library out of black and white squares


def _typed_in(form: Mapping[str, str]) -> Typed:
    return Typed(
        number=form.get("number", "")[:LONGEST_TYPED], query_code=form.get("query_code", "")[:LONGEST_TYPED]
    )


def public(ticket: TicketStatus) -> dict[str, Any]:
    """Return what the holder of number and code may know, as plain data."""
    return {
        "number": ticket.number,
        "title": ticket.title,
        "state": ticket.state,
        "state_label": WORDS["state"].get(ticket.state, WORDS["state_default"]),
        "lead_unit": ticket.lead_unit,
        "confidential": ticket.confidential,
        "due": [_due(due) for due in ticket.due],
        **({"letter": ticket.letter, "replies": wired(ticket.replies)} if ticket.letter else {}),
        "changes": [_change(change) for change in ticket.changes],
        "steps": [
            {"at": iso(step.at), "name": step.name, "label": _label(step.name), "text": step.text}
            for step in ticket.steps
        ],
    }


def _label(name: str) -> str:
    return str(WORDS["step"].get(name, WORDS["step_default"]))


def _due(due: Due) -> dict[str, Any]:
    article = f"{due.citation.instrument}{due.citation.article}"
    return {
        "what": due.what,
        "at": iso(due.at),
        "article": article,
        "provisional": due.provisional,
        "why": due.why,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "what": change.new.what,
        "from": iso(change.old.at),
        "to": iso(change.new.at),
        "why": change.why,
        "reason": change.reason,
    }


def _working_days_left(calendar: Calendar, today: date, last: date) -> int:
    days = (today + timedelta(days=n) for n in range(1, (last - today).days + 1))
    return sum(calendar.is_working(day) for day in days)


async def _typed_json(request: web.Request) -> Typed:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        data = json.loads((await request.read()).decode("utf-8"))
        number, code = data["number"], data["query_code"]
        if not (isinstance(number, str) and isinstance(code, str)):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        errors = [{"field": name, "detail": "要是一段文字。"} for name in ("number", "query_code")]
        raise ProblemError(422, "not-a-query", "请给出单号和查询码。", errors=errors) from error
    return Typed(number=clean(number)[:LONGEST_TYPED], query_code=clean(code)[:LONGEST_TYPED])
