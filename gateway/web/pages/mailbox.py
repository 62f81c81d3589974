"""The mailbox: a form that loses nothing, and a receipt that says what happens now. Whole without JavaScript."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from aiohttp import web
from itsdangerous import BadSignature, URLSafeSerializer

from channels.base import Received, SentReply, StagedFile, StoredFile
from channels.mailbox import codec
from channels.mailbox.adapter import Mailbox
from channels.multipart import BrokenFormError, Fault
from channels.uploads import Form, read_form
from gateway.web.faults import Told, told
from gateway.web.floods import TooManyMessagesError, flooded
from gateway.web.forms import read_form as read_small_form
from gateway.web.pages.portal import keep_mode
from gateway.web.pages.proving import LONGEST_TYPED, Proof, Typed
from gateway.web.pages.supplements import Supplements
from gateway.web.ports import Limits, Registers, Sheets
from gateway.web.rendering import Destination, Pages
from hotline.errors import KeyReusedError, StorageAwayError
from hotline.ticket import normalised

KINDS = ("suggestion", "complaint", "consultation", "report", "other")  #: that the page offers, in this order
ORDER = ("kind", "subject", "body", "place", "name", "phone", "email", codec.FILE, *codec.FLAGS)
NEEDED = ("kind", "subject", "body", "name", "phone")
CONTACT = frozenset({"name", "phone"})
#: what a reply to a letter lets its writer do
OFFERED = frozenset({"unsolved", "review"})
RULES = codec.rules("id", "mode", "remove", "add", repeated=("kept",))
_ID = re.compile(r"[A-Za-z0-9_-]{24}(?:\.[0-9a-f]{16})?")
COOKIE = "huying_letter"  #: a random name of this browser, for as long as it is open


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A file that was put on record before the letter was sent, as the page remembers it."""

    id: str
    name: str
    size: int
    token: str  #: says that this letter's writer sent it


@dataclass(kw_only=True, slots=True)
class Sheet:
    """A letter being written: what was typed, which files are kept, what is wrong with it."""

    id: str
    values: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(codec.LONGEST, ""))
    kept: list[Kept] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    away: bool = False  #: nothing can be stored now
    flood: TooManyMessagesError | None = None  #: too much was sent lately
    urgent: Sequence[SentReply] = ()  #: what is said to a danger that could not be stored

    @property
    def key(self) -> str:
        """The key of the message that the letter will be."""
        return page_key(self.id)

    @property
    def plain(self) -> dict[str, Any]:
        """What is typed, kept and wrong, as plain data."""
        kept, faults = ([asdict(one) for one in each] for each in (self.kept, self.faults))
        return {"id": self.id, "values": dict(self.values), "kept": kept, "faults": faults}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Self:
        """Return the sheet that ``plain`` was made of."""
        kept, faults = [Kept(**one) for one in plain["kept"]], [Fault(**one) for one in plain["faults"]]
        return cls(id=plain["id"], values=plain["values"], kept=kept, faults=faults)

    @property
    def told(self) -> tuple[Told, ...]:
        """What is wrong, in words, in the order of the form."""
        places = {name: place for place, name in enumerate(ORDER)}
        return told(sorted(self.faults, key=lambda fault: places.get(fault.field, -1)))

    def told_of(self, name: str) -> tuple[Told, ...]:
        """What is wrong with one field."""
        return tuple(one for one in self.told if one.field == name)


class MailboxPage:
    """``/mailbox`` and its receipt."""

    def __init__(
        self,
        pages: Pages,
        mailbox: Mailbox,
        registers: Registers,
        proof: Proof,
        supplements: Supplements,
        limits: Limits,
        sheets: Sheets,
        *,
        secure: bool,
    ) -> None:
        self._pages, self._mailbox, self._registers, self._sheets = pages, mailbox, registers, sheets
        self._proof, self._supplements, self._limits, self._secure = proof, supplements, limits, secure
        self._signing_key = mailbox.parts.key("mailbox.kept")

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes of the page."""
        return (
            web.get("/mailbox", self.show),
            web.get("/mailbox/letters/{id}", self.again),
            web.post("/mailbox", self.post),
            web.post("/mailbox/receipt", self.receipt),
        )

    async def show(self, request: web.Request) -> web.Response:
        """Show an empty sheet."""
        response = self._page(request, Sheet(id=_new_id()))
        if COOKIE not in request.cookies:
            name = secrets.token_urlsafe(18)
            response.set_cookie(
                COOKIE, name, path="/mailbox", httponly=True, samesite="Lax", secure=self._secure
            )
        return response

    async def again(self, request: web.Request) -> web.Response:
        """Show the sheet that this browser wrote, or the receipt if it was sent; otherwise an empty one."""
        id = request.match_info["id"]
        kept = await self._sheets.get(_owner(request, id)) if COOKIE in request.cookies else None
        if kept is None:
            return await self.show(request)
        if kept["sent"]:
            return await self._receipt_of(request, kept["sent"])
        sheet = Sheet.of(kept["sheet"])
        return self._page(request, sheet, status=422 if sheet.faults else 200, personal=True)

    async def _once(
        self,
        request: web.Request,
        response: web.Response,
        id: str,
        *,
        sheet: Sheet | None = None,
        sent: str = "",
    ) -> web.Response:
        """Return a redirect to ``response`` as a page of its own, which Back shows again, where that can be done."""
        if COOKIE not in request.cookies or not await self._sheets.put(
            _owner(request, id), {"sheet": sheet.plain if sheet else None, "sent": sent}
        ):
            return response
        there = web.Response(status=303, headers={"Location": f"/mailbox/letters/{id}"})
        there.cookies.update(response.cookies)
        return there

    async def post(self, request: web.Request) -> web.Response:
        """Send the letter, or show the sheet again with everything that is on it."""
        if request.content_type != "multipart/form-data":
            raise web.HTTPUnsupportedMediaType
        form, put_aside = Form(), list[StagedFile]()
        try:
            sheet = await self._read(request, form)
            put_aside += _too_many(sheet, form)
            if form.one("mode") or form.one("remove") or form.one("add"):
                await self._keep_files(request, sheet, form)
                return await self._shown_once(request, sheet, mode=form.one("mode"))
            sheet.faults += codec.read(sheet.values, needed=_needed(sheet))
            await self._check_kept(sheet)
            if sheet.faults:
                await self._keep_files(request, sheet, form)
                return await self._shown_once(request, sheet, status=422)
            return await self._send(request, sheet, form)
        finally:
            form.files += put_aside
            await form.drop(self._mailbox.parts.files)

    async def _read(self, request: web.Request, form: Form) -> Sheet:
        faults: list[Fault] = []
        try:
            await read_form(request, RULES, self._mailbox.parts.files, form)
        except BrokenFormError as error:
            faults += error.faults
        id = form.one("id")
        sheet = Sheet(id=id if _ID.fullmatch(id) else _new_id())
        sheet.values = {name: form.one(name) for name in codec.LONGEST}
        sheet.faults = [*form.faults, *faults]
        removed = form.one("remove")
        for token in form.values.get("kept", ())[: codec.MOST_FILES]:
            kept = self._known(sheet, token)
            if kept is not None and kept.id != removed:
                sheet.kept.append(kept)
        return sheet

    async def _check_kept(self, sheet: Sheet) -> None:
        """Note which of the files that the page remembers are no longer there."""
        owner = self._mailbox.owner(sheet.key)
        try:
            files = await self._mailbox.parts.files.owned([one.id for one in sheet.kept], owner=owner)
        except StorageAwayError:
            return  # sending tells, and a danger is heard there all the same
        there = {file.id for file in files}
        gone = [one for one in sheet.kept if one.id not in there]
        sheet.faults += [Fault(field=codec.FILE, reason="gone", name=one.name) for one in gone]
        sheet.kept = [one for one in sheet.kept if one.id in there]

    async def _keep_files(self, request: web.Request, sheet: Sheet, form: Form) -> None:
        """Put the files that came along on record, so that they need not be sent again."""
        if await flooded(self._limits, request, len(form.files)):
            sheet.faults += [Fault(field=codec.FILE, reason="flood", name=file.name) for file in form.files]
            return
        try:
            owner = self._mailbox.owner(sheet.key)
            stored = await form.put(self._mailbox.parts.files, owner=owner)
        except StorageAwayError:
            names = [*(file.name for file in form.files), *form.lost]
            sheet.faults += [Fault(field=codec.FILE, reason="unsaved", name=name) for name in names]
            return
        known = {one.id for one in sheet.kept}
        sheet.kept += [self._remembered(sheet, file) for file in stored if file.id not in known]

    async def _send(self, request: web.Request, sheet: Sheet, form: Form) -> web.Response:
        kept = [StoredFile(id=one.id, name=one.name, type="", size=one.size) for one in sheet.kept]
        try:
            id = sheet.id
            try:
                received = await self._mailbox.send(request, sheet.values, form, sheet.key, kept)
            except KeyReusedError:
                # Back, other words, and sent again: another letter, which sent twice is still one.
                id = f"{sheet.id[:24]}.{_print_of(sheet.values)}"
                received = await self._mailbox.send(request, sheet.values, form, page_key(id), kept)
        except StorageAwayError:
            sheet.away = True
            await self._keep_files(request, sheet, form)
            return self._page(request, sheet, status=503)
        except TooManyMessagesError as error:
            sheet.flood = error
            await self._keep_files(request, sheet, form)
            return self._page(request, sheet, status=error.status)
        if not received.settled:
            return await self._once(request, self._waiting(request, id), sheet.id, sent=id)
        if (
            received.letter is None
        ):  # a danger that could not be recorded: the number, and the letter as it is
            sheet.away, sheet.urgent = True, received.replies
            return self._page(request, sheet)
        receipt = self._receipt(request, received)
        if any(sent.reply.kind == "emergency" for sent in received.replies):
            return receipt  # a page shown anew might not show the number to call
        return await self._once(request, receipt, sheet.id, sent=id)

    async def receipt(self, request: web.Request) -> web.Response:
        """Show a receipt again, after doing what was chosen on it."""
        form = await read_small_form(request)
        if _ID.fullmatch(form.get("letter", "")):
            return await self._receipt_of(request, form["letter"])
        typed = Typed(
            number=form.get("number", "")[:LONGEST_TYPED],
            query_code=form.get("query_code", "")[:LONGEST_TYPED],
        )
        added: Received | None = None
        if form.get("option") in OFFERED:
            id = form.get("id") or _new_id()
            added = await self._supplements.add(request, typed, id=id, option=form["option"])
        status = await self._proof.found(typed, request, self._registers.look_up)
        response = self._shown(
            request,
            number=status.number,
            code=normalised(typed.query_code),
            replies=added.replies if added else status.replies,
            undone=status.letter in ("answered", "refused"),
            care=None if "mode" not in form else form["mode"] == "care",
        )
        if "mode" in form:
            keep_mode(response, form["mode"], secure=self._secure)
        return response

    async def _receipt_of(self, request: web.Request, id: str) -> web.Response:
        received = await self._registers.letter(page_key(id))
        if received is None or received.letter is None:
            return self._waiting(request, id)
        return self._receipt(request, received)

    def _receipt(self, request: web.Request, received: Received) -> web.Response:
        letter = received.letter
        if letter is None:
            raise ValueError("a receipt has a number")
        filed = any(sent.reply.ticket for sent in received.replies)
        return self._shown(
            request, number=letter.number, code=letter.query_code, replies=received.replies, undone=not filed
        )

    def _shown(
        self,
        request: web.Request,
        *,
        number: str,
        code: str,
        replies: Sequence[SentReply],
        undone: bool,
        care: bool | None = None,
    ) -> web.Response:
        offered = OFFERED if undone else frozenset()
        return self._pages.respond(
            request,
            "mailbox_receipt.html",
            personal=True,
            care=care,
            number=number,
            code=code,
            replies=[with_options(sent, offered) for sent in replies],
            filed=any(sent.reply.ticket for sent in replies),
            at=receipt_at(number, code),
        )

    def _waiting(self, request: web.Request, id: str) -> web.Response:
        return self._pages.respond(request, "mailbox_waiting.html", status=202, personal=True, letter=id)

    async def _shown_once(
        self, request: web.Request, sheet: Sheet, *, status: int = 200, mode: str = ""
    ) -> web.Response:
        page = self._page(request, sheet, status=status, mode=mode)
        return await self._once(request, page, sheet.id, sheet=sheet)

    def _page(
        self,
        request: web.Request,
        sheet: Sheet,
        *,
        status: int = 200,
        mode: str = "",
        personal: bool | None = None,
    ) -> web.Response:
        if personal is None:
            personal = request.method == "POST"
        values: dict[str, Any] = {
            "sheet": sheet,
            "typed": sheet.values,
            "kinds": KINDS,
            "longest": codec.LONGEST,
            "at": Destination(action="/mailbox/receipt", values={}),
        }
        care = mode == "care" if mode else None
        response = self._pages.respond(
            request, "mailbox.html", status=status, personal=personal, care=care, **values
        )
        if mode:
            keep_mode(response, mode, secure=self._secure)
        if sheet.away:
            response.headers["Retry-After"] = "5"
        if sheet.flood:
            response.headers["Retry-After"] = str(sheet.flood.seconds)
        return response

    def _remembered(self, sheet: Sheet, file: StoredFile) -> Kept:
        token = str(self._signer(sheet).dumps([file.id, file.name, file.size]))
        return Kept(id=file.id, name=file.name, size=file.size, token=token)

    def _known(self, sheet: Sheet, token: str) -> Kept | None:
        try:
            id, name, size = self._signer(sheet).loads(token)
        except BadSignature:
            return None
        return Kept(id=id, name=name, size=size, token=token)

    def _signer(self, sheet: Sheet) -> URLSafeSerializer:
        return URLSafeSerializer(self._signing_key, salt=f"mailbox.kept:{sheet.id}")


def _owner(request: web.Request, id: str) -> str:
    """Return the name that only this browser and this sheet together have."""
    return f"{request.cookies[COOKIE]}:{id}"


def page_key(id: str) -> str:
    """Return the key of the letter that the page with the secret ``id`` sends."""
    return codec.letter_key(f"page.{id}")


def _needed(sheet: Sheet) -> Iterable[str]:
    anonymous = sheet.values.get("anonymous") == "true"
    return [name for name in NEEDED if not (anonymous and name in CONTACT)]


def _too_many(sheet: Sheet, form: Form) -> list[StagedFile]:
    """Take out of ``form`` what is more than a letter may hold together with the files already kept."""
    taken, aside = list[StagedFile](), list[StagedFile]()
    count, size = len(sheet.kept), sum(one.size for one in sheet.kept)
    for file in form.files:
        reason = (
            "count"
            if count == codec.MOST_FILES
            else "total"
            if size + file.size > codec.LARGEST_FILES
            else ""
        )
        if reason:
            limit = codec.MOST_FILES if reason == "count" else codec.LARGEST_FILES
            sheet.faults.append(Fault(field=codec.FILE, reason=reason, limit=limit, name=file.name))
            aside.append(file)
        else:
            taken.append(file)
            count, size = count + 1, size + file.size
    form.files = taken
    return aside


def receipt_at(number: str, code: str) -> Destination:
    """Return where a choice under a reply to the letter ``number`` goes."""
    return Destination(
        action="/mailbox/receipt", values={"number": number, "query_code": code, "id": _new_id()}
    )


def with_options(sent: SentReply, offered: frozenset[str]) -> SentReply:
    """Return ``sent`` with those of its options that can be chosen where it is shown."""
    options = tuple(option for option in sent.reply.options if option.id in offered)
    return replace(sent, reply=replace(sent.reply, options=options))


def _print_of(values: Mapping[str, str]) -> str:
    return hashlib.sha256("\0".join(values.get(name, "") for name in codec.LONGEST).encode()).hexdigest()[:16]


def _new_id() -> str:
    return secrets.token_urlsafe(18)
