"""The staff's side of the gateway: its door under ``/staff``, ``/kb`` for the answers, ``/ops`` for operations."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from gateway import PROGRAM
from gateway.files import Files
from gateway.store.call_ins import CallIns
from gateway.store.callbacks import Callbacks
from gateway.store.catalogue import Catalogue
from gateway.store.dissuasions import Dissuasions
from gateway.store.drafts import Drafts
from gateway.store.feedback import Feedback
from gateway.store.links import Links
from gateway.store.polls import Polls
from gateway.store.questions import Questions
from gateway.store.reminders import Reminders
from gateway.store.repeats import Repeats
from gateway.store.tickets import Tickets
from gateway.store.unsealings import Unsealings
from gateway.store.usage import Usage
from gateway.web.context import PageContext
from gateway.web.files import Assets
from gateway.web.health import Check
from gateway.web.pages.answers import AnswerPages
from gateway.web.pages.asked import AskedPages
from gateway.web.pages.call_ins import CallInPages
from gateway.web.pages.callbacks import CallbackPages
from gateway.web.pages.dissuasions import DissuasionPages
from gateway.web.pages.duties import DutyPages, DutyParts
from gateway.web.pages.editing import EditingPages, EditingParts
from gateway.web.pages.enclosing import EnclosingPages, PublicFiles
from gateway.web.pages.ops import OpsPages
from gateway.web.pages.polling import PollingPages
from gateway.web.pages.repeats import RepeatPages
from gateway.web.pages.sealed import SealedPages
from gateway.web.pages.usage import UsagePages
from gateway.web.rendering import WORDS, Pages
from groundwork.audit import Audit
from groundwork.clock import Clock
from groundwork.database import Pool
from groundwork.vault import Vault
from hotline.call_in import call_in_rules
from hotline.citypack import CityPack
from hotline.polls import poll_rule
from kb.library import Library
from staff.accounts import Role
from staff.audience import add_routes, staff
from staff.guard import DOOR
from staff.look import Look
from staff.pages import DoorParts, StaffDoor
from staff.provider import Provider
from staff.site import add_staff_routes

PREFIX = "/staff"
TEMPLATES = Path(__file__).with_name("staff_templates")
HOMES = {Role.EDITOR: "/kb", Role.REVIEWER: "/kb", Role.ADMIN: "/ops", Role.DISPATCHER: "/ops/callbacks",
         Role.UNIT: "/kb/review"}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffParts:
    """What the staff's side is made of."""

    pool: Pool
    vault: Vault
    audit: Audit
    clock: Clock
    real_time: Clock
    pack: CityPack
    catalogue: Catalogue
    reminders: Reminders
    files: Files
    drafts: Drafts
    questions: Questions
    feedback: Feedback
    library: Library
    public_url: str
    tickets: Tickets
    links: Links
    repeats: Repeats
    callbacks: Callbacks
    call_ins: CallIns
    polls: Polls
    checks: Sequence[Check]
    assets: Assets
    secure: bool
    factor_required: bool
    provider: Provider | None


def add_staff_side(app: web.Application, parts: StaffParts) -> StaffDoor:
    """Add the staff's routes to ``app``, each with whom it is for; return their door."""
    pack = parts.pack
    styles = [parts.assets.url("tabler.css"), parts.assets.url("staff.css")]
    more = {
        "city": pack.name,
        "hotline": pack.hotline,
        "provider": parts.provider is not None,
        "dissuades": pack.on_misconduct is not None,
        "figures": parts.assets.url("figures.js"),
        "calls_in": call_in_rules(pack) is not None,
        "polls_people": poll_rule(pack) is not None,
    }
    look = Look(TEMPLATES, styles=styles, door=PREFIX, more=more)
    door = StaffDoor(
        DoorParts(
            pool=parts.pool, vault=parts.vault, audit=parts.audit, look=look, clock=parts.clock,
            real_time=parts.real_time, program=PROGRAM, prefix=PREFIX, homes=HOMES,
            units=[unit.name for unit in pack.units], secure=parts.secure, factor_required=parts.factor_required,
            provider=parts.provider,
        )
    )  # fmt: skip
    app[DOOR] = door
    add_staff_routes(app, door)
    _add_knowledge(app, parts, look, door)
    operations = OpsPages(look, parts.pool, parts.audit, parts.checks, parts.links, clock=parts.clock)
    add_routes(app, staff(Role.ADMIN), operations.routes())
    unsealings = Unsealings(parts.pool, parts.tickets, parts.audit, clock=parts.clock)
    sealed = SealedPages(look, unsealings, clock=parts.clock)
    add_routes(app, staff(Role.DISPATCHER), sealed.routes())
    dissuasions = DissuasionPages(look, Dissuasions(parts.pool, city=pack.code), pack)
    add_routes(app, staff(Role.DISPATCHER), dissuasions.routes())
    call_ins = CallInPages(look, parts.call_ins, pack)
    add_routes(app, staff(Role.DISPATCHER), call_ins.routes())
    add_routes(app, staff(Role.DISPATCHER), RepeatPages(look, parts.repeats).routes())
    callbacks = CallbackPages(
        look, parts.callbacks, parts.files, pack, script=parts.assets.url("callbacks.js"), clock=parts.clock
    )
    add_routes(app, staff(Role.DISPATCHER), callbacks.routes())
    polling = PollingPages(look, parts.polls, pack, clock=parts.clock)
    add_routes(app, staff(Role.DISPATCHER), polling.routes())
    return door


def _add_knowledge(app: web.Application, parts: StaffParts, look: Look, door: StaffDoor) -> None:
    """Add the pages of the knowledge base: readers, those who take an article on, those who write."""
    pack = parts.pack
    context = PageContext.of(pack, WORDS, today=parts.clock().date())
    answers = AnswerPages(
        look,
        parts.catalogue,
        parts.drafts,
        parts.feedback,
        parts.reminders,
        city=pack.code,
        clock=parts.clock,
    )
    editing_parts = EditingParts(
            look=look, pages=Pages(context, parts.assets), pack=pack, public_url=parts.public_url, drafts=parts.drafts,
            questions=parts.questions, feedback=parts.feedback, library=parts.library, names=door.accounts.names,
            clock=parts.clock,
    )  # fmt: skip
    editing = EditingPages(editing_parts)
    asked = AskedPages(
        look, parts.questions, parts.feedback, parts.library, parts.tickets,
        units=[unit.name for unit in pack.units], clock=parts.clock,
    )  # fmt: skip
    enclosing = EnclosingPages(editing_parts, editing, parts.files)
    usage = Usage(parts.pool, city=pack.code, clock=parts.clock)
    used = UsagePages(look, usage, parts.catalogue, clock=parts.clock)
    duties = DutyPages(
        DutyParts(
            look=look, drafts=parts.drafts, catalogue=parts.catalogue, questions=parts.questions, feedback=parts.feedback,
            reminders=parts.reminders, library=parts.library, clock=parts.clock,
        )
    )  # fmt: skip
    centre = staff(Role.EDITOR, Role.REVIEWER)
    writers = staff(Role.EDITOR, Role.REVIEWER, Role.UNIT)
    add_routes(
        app,
        staff(Role.EDITOR, Role.REVIEWER, Role.ADMIN),
        (*answers.routes(), *asked.reading_routes(), *used.routes()),
    )
    add_routes(app, centre, (*answers.writing_routes(), *asked.writing_routes(), *editing.centre_routes()))
    add_routes(app, writers, (*editing.writing_routes(), *enclosing.writing_routes(), *duties.routes()))
    add_routes(app, staff(Role.UNIT), duties.unit_routes())
    everybody = staff(Role.EDITOR, Role.REVIEWER, Role.UNIT, Role.ADMIN)
    add_routes(app, everybody, (*editing.reading_routes(), *enclosing.reading_routes()))
    add_routes(app, "public", PublicFiles(parts.library, parts.files).routes())
    add_routes(app, staff(), asked.api_routes())
