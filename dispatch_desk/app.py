"""Composition: everything the desk needs, wired by hand in one place."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.web_routedef import AbstractRouteDef
from argon2 import PasswordHasher

from cities.loading import load_pack
from dispatch_desk.archiving import Archiving
from dispatch_desk.desk import Desk
from dispatch_desk.directory import Directory
from dispatch_desk.enclosures import Fetching
from dispatch_desk.following import Following
from dispatch_desk.followups import Followups
from dispatch_desk.gatherings import Gatherings
from dispatch_desk.inbox import Inbox
from dispatch_desk.leading import Leading
from dispatch_desk.live import Live
from dispatch_desk.papers import Papers
from dispatch_desk.publishing import Publishing
from dispatch_desk.replying import gate_of
from dispatch_desk.reporting import Reporting
from dispatch_desk.returns import Returns
from dispatch_desk.suggesting import Suggesting
from dispatch_desk.supervising import Supervising
from dispatch_desk.supervision import Supervision
from dispatch_desk.texting import KIND as TEXT
from dispatch_desk.texting import SCHEDULE, Texting, TextRelay
from dispatch_desk.web import (
    archive,
    directory,
    enclosures,
    errors,
    following,
    gatherings,
    inbox,
    leading,
    look,
    pages,
    papers,
    published,
    replies,
    reports,
    steps,
    suggesting,
    supervision,
)
from dispatch_desk.web.events import EventDoor
from dispatch_desk.web.health import Health, Metrics
from groundwork.addresses import PROXIES, Proxies
from groundwork.audit import Audit
from groundwork.clock import Clock, clock_from
from groundwork.database import Pool, open_pool
from groundwork.headers import headers_for, is_https
from groundwork.outbox import LANE_POOL, Outbox
from groundwork.settings import Settings, webhook_keys
from groundwork.vault import Vault
from hotline.citypack import CityPack
from staff.accounts import Role
from staff.audience import OPS, PLATFORM, PUBLIC, add_routes, staff
from staff.guard import DOOR
from staff.pages import DoorParts, StaffDoor
from staff.provider import Provider
from staff.site import add_staff_routes

PROGRAM = "desk"
_UNIT = r"{unit:\d{1,4}}"  #: its place in the city's list
_PAPER = r"{paper:\d{1,17}}"
HOMES = {Role.DISPATCHER: "/", Role.UNIT: "/", Role.LEADER: "/leading", Role.ADMIN: "/accounts"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What one desk process runs."""

    pool: Pool
    app: web.Application
    door: StaffDoor
    outbox: Outbox
    audit: Audit
    supervision: Supervision


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Everything the process needs, alive for exactly as long as it needs it."""
    url = settings.desk_database_url
    pack = load_pack(settings.city, on=clock_from(settings.clock)().date(), own_units=settings.units_file)
    # A lane keeps its connection while it waits for the gateway; pages must not wait for that.
    async with (
        open_pool(url, clears=False) as pool,
        open_pool(url, size=LANE_POOL, clears=False, durable=False) as lanes,
        ClientSession() as http,
    ):
        yield compose(settings, pack, pool, http, lanes=lanes)


def compose(
    settings: Settings,
    pack: CityPack,
    pool: Pool,
    http: ClientSession,
    *,
    lanes: Pool | None = None,
    clock: Clock | None = None,
    code_time: Clock | None = None,
    hasher: PasswordHasher | None = None,
) -> Services:
    """Wire a desk for ``pack`` over open pools; tests give clocks of the pages and of one-time codes, and a cheap hash."""
    # Signatures go by the real time: clocks that were moved to a moment run from each process's own start.
    clock, real_time = clock or clock_from(settings.clock), clock_from(None)
    vault, keys = Vault.from_settings(settings), webhook_keys(settings)
    audit = Audit(vault, PROGRAM, clock=clock)
    texting = Texting(vault, pack, clock=clock, desk_url=settings.desk_url) if settings.sms_url else None
    desk = Desk(
        pool, vault, audit, clock=clock, source=f"urn:huying:desk:{settings.city}", pack=pack,
        gate=gate_of(pack), texting=texting,
    )  # fmt: skip
    returns = Returns(http, settings.gateway_url, keys, real_time)
    metrics = Metrics()
    page = look.desk_look(
        city=pack.name,
        hotline=pack.hotline,
        provider=bool(settings.oidc_issuer),
        by_text=bool(settings.sms_url),
    )
    provider = Provider.from_settings(
        http, vault, settings, public_url=settings.desk_url, prefix="", real_time=code_time or real_time
    )
    door = StaffDoor(
        DoorParts(
            pool=pool, vault=vault, audit=audit, look=page, clock=clock, real_time=code_time or real_time, program=PROGRAM, prefix="",
            homes=HOMES, units=[unit.name for unit in pack.units], secure=is_https(settings.desk_url),
            factor_required=settings.second_factor_required, provider=provider, hasher=hasher,
        )
    )  # fmt: skip
    app = web.Application(middlewares=[errors.errors])
    app[DOOR], app[look.LOOK], app[pages.DESK], app[pages.METRICS] = door, page, desk, metrics
    app[directory.DIRECTORY] = Directory(pool, vault, audit, pack, clock=clock)
    app[inbox.INBOX], app[inbox.PACK] = Inbox(pool, vault, clock=clock), pack
    app[inbox.LIVE] = Live(settings.desk_database_url)
    app[enclosures.FETCHING] = Fetching(http, settings.gateway_url, settings.dispatch_secret)
    app.cleanup_ctx.append(_live)
    app.on_shutdown.append(_end_of_news)
    reporting = Reporting(pool, vault, audit, pack, clock=clock)
    app[reports.REPORTING] = reporting
    app[reports.PUBLISHING] = Publishing(pool, vault, reporting, pack, clock=clock)
    app[papers.PAPERS] = Papers(pool, vault, audit, pack, clock=clock)
    after = Following(pack)
    app[following.FOLLOWUPS] = Followups(pool, vault, after, clock=clock)
    app[archive.ARCHIVING] = Archiving(pool, vault, desk, after, clock=clock)
    app[gatherings.GATHERINGS] = Gatherings(pool, vault, pack, after, clock=clock)
    watching = Supervision(pool, vault, Supervising(after), clock=clock, texting=texting)
    app[supervision.SUPERVISION] = watching
    app[leading.LEADING] = Leading(pool, vault, pack, watching.supervising, clock=clock)
    app[suggesting.SUGGESTING] = Suggesting(
        http, pool, vault, url=settings.gateway_url, secret=settings.dispatch_secret
    )
    app[pages.PANELS] = (following.panel, supervision.panel, directory.panel, suggesting.panel)
    app[PROXIES] = Proxies(settings.trusted_proxies)
    app.on_response_prepare.append(_look_again_at_files)
    app.on_response_prepare.append(headers_for(settings.desk_url))
    for audience, some in routes(EventDoor(desk, keys, metrics, real_time=real_time), Health(pool, metrics)):
        add_routes(app, audience, some)
    add_staff_routes(app, door)
    relay = TextRelay(http, settings.sms_url, settings.sms_secret, real_time)

    async def carry(kind: str, body: Mapping[str, Any]) -> None:
        await (relay.carry(body) if kind == TEXT else returns.carry(kind, body))

    outbox = Outbox(lanes or pool, vault, carry, clock=clock, audit=audit, schedules={TEXT: SCHEDULE})
    return Services(pool=pool, app=app, door=door, outbox=outbox, audit=audit, supervision=watching)


def routes(events: EventDoor, health: Health) -> list[tuple[str, list[AbstractRouteDef]]]:
    """Return every route of the desk's own, with whom it is for."""
    return [
        (PLATFORM, [web.post("/api/events", events.post)]),
        (
            OPS,
            [
                web.get("/healthz", health.live),
                web.get("/readyz", health.ready),
                web.get("/metrics", health.metrics),
            ],
        ),
        (
            PUBLIC,
            [
                web.static("/static", look.STATIC),
                web.get("/published/figures", published.figures),
                web.get("/published/liaisons", published.liaisons),
            ],
        ),
        (
            staff(*pages.READERS),
            [
                web.get("/", inbox.inbox),
                web.get("/inbox/events", inbox.events),
                web.get("/board", directory.board),
                web.get("/files", gatherings.files),
                web.get("/cases/{number}", pages.case),
                web.get(r"/cases/{number}/files/{place:\d{1,3}}", enclosures.enclosure),
                web.get("/cases/{number}/report", archive.matter),
                web.post("/cases/{number}/person", pages.person),
                web.post("/cases/{number}/replies", replies.enter),
                web.post("/cases/{number}/wording", suggesting.take_over),
                web.post("/cases/{number}/sign", steps.sign),
                web.post("/cases/{number}/steps/{step:[A-Za-z0-9_-]{1,60}}", steps.take),
                web.post(f"/cases/{{number}}/after/{{step:{'|'.join(following.STEPS)}}}", following.take),
                web.post(f"/units/{_UNIT}/calls", directory.call),
            ],
        ),
        (
            staff(*pages.SIGNERS),
            [
                web.get("/calls", following.calls),
                web.get("/archive", archive.shelf),
                web.post("/archive", archive.run),
                web.get("/supervision", supervision.board),
                web.get("/supervision.xlsx", gatherings.abnormal_book),
                web.get("/ledgers.xlsx", gatherings.ledgers_book),
                web.get("/meeting", gatherings.meeting),
                web.get("/meeting.xlsx", gatherings.meeting_book),
                web.get("/letters", gatherings.letters),
                web.get("/letters.xlsx", gatherings.letters_book),
                web.post("/cases/{number}/supervision", supervision.note),
                web.post(r"/cases/{number}/replies/{reply:\d{1,17}}/overrule", replies.overrule),
            ],
        ),
        (
            staff(*leading.LEADERS),
            [
                web.get("/leading", leading.listed),
                web.get("/leading/{number}", leading.case),
                web.post("/leading/{number}/steps/{step:[A-Za-z0-9_-]{1,60}}", leading.take),
            ],
        ),
        (
            staff(*directory.READERS),
            [
                web.get("/units", directory.units),
                web.get(f"/units/{_UNIT}", directory.unit),
                web.post(f"/units/{_UNIT}", directory.enter),
                web.post(f"/units/{_UNIT}/turns", directory.enter_turns),
                web.post(
                    rf"/units/{_UNIT}/turns/{{day:[0-9-]{{10}}}}/{{person:\d{{1,17}}}}/remove",
                    directory.remove_turn,
                ),
                web.post(rf"/units/{_UNIT}/people/{{person:\d{{1,17}}}}/remove", directory.remove),
            ],
        ),
        (staff(*directory.KEEPERS), [web.post("/units", directory.enter_lines)]),
        (
            staff(*reports.READERS),
            [
                web.get("/reports", reports.report),
                web.get("/reports.xlsx", reports.workbook),
                web.get(f"/reports/units/{_UNIT}", reports.sheet),
            ],
        ),
        (
            staff(*papers.WRITERS),
            [
                web.get("/analysis", papers.analysis),
                web.get("/papers", papers.listed),
                web.post("/papers", papers.begin),
                web.get(f"/papers/{_PAPER}", papers.paper),
                web.get(rf"/papers/{_PAPER}.xlsx", papers.workbook),
                web.post(f"/papers/{_PAPER}", papers.write),
                web.post(f"/papers/{_PAPER}/approve", papers.approve),
            ],
        ),
        (staff(*pages.SIGNERS), [web.post(f"/papers/{_PAPER}/steps", papers.note)]),
        (
            staff(*reports.KEEPERS),
            [
                web.get("/reports/ranking", reports.ranking),
                web.post(f"/reports/units/{_UNIT}/entries", reports.enter),
                web.post(rf"/reports/units/{_UNIT}/entries/{{entry:\d{{1,17}}}}/withdraw", reports.withdraw),
                web.post(rf"/reports/units/{_UNIT}/entries/{{entry:\d{{1,17}}}}/confirm", reports.confirm),
            ],
        ),
    ]


async def _live(app: web.Application) -> AsyncIterator[None]:
    listening = asyncio.create_task(app[inbox.LIVE].run())
    yield
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def _end_of_news(app: web.Application) -> None:
    app[inbox.LIVE].end()


async def _look_again_at_files(request: web.Request, response: web.StreamResponse) -> None:
    # Their names stay the same from one version to the next.
    if request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-cache")
