"""Composition: everything the desk needs, wired by hand in one place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiohttp import ClientSession, web

from cities.loading import load_pack
from dispatch_desk.cases import Case
from dispatch_desk.desk import Desk, Reckon
from dispatch_desk.returns import Returns
from dispatch_desk.web import errors, look, pages
from dispatch_desk.web.events import EventDoor
from dispatch_desk.web.health import Health, Metrics
from groundwork.addresses import PROXIES, Proxies
from groundwork.clock import Clock, clock_from
from groundwork.database import Pool, open_pool
from groundwork.outbox import LANE_POOL, Outbox
from groundwork.settings import Settings, webhook_key
from groundwork.vault import Vault
from hotline.citypack import CityPack
from hotline.deadlines import Due, due_moments
from staff.accounts import Accounts
from staff.pages import DOOR, StaffDoor
from staff.sessions import Sessions

PROGRAM = "desk"


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What one desk process runs."""

    pool: Pool
    app: web.Application
    outbox: Outbox


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Everything the process needs, alive for exactly as long as it needs it."""
    url = settings.desk_database_url
    pack = load_pack(settings.city, on=clock_from(settings.clock)().date())
    # A lane keeps its connection while it waits for the gateway; pages must not wait for that.
    async with (
        open_pool(url, clears=False) as pool,
        open_pool(url, size=LANE_POOL) as lanes,
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
) -> Services:
    """Wire a desk for ``pack`` over open pools; ``clock`` stands in for the one of the settings."""
    # Signatures go by the real time: moved clocks start anew in each process and would disagree.
    clock, real_time = clock or clock_from(settings.clock), clock_from(None)
    vault, key = Vault.from_settings(settings), webhook_key(settings.dispatch_secret)
    desk = Desk(pool, vault, clock=clock, source=f"urn:huying:desk:{settings.city}", reckon=reckoner(pack))
    returns = Returns(http, settings.gateway_url, key, real_time)
    metrics = Metrics()
    page = look.Look(city=pack.name, hotline=pack.hotline)
    accounts, sessions = Accounts(pool, vault, clock=clock), Sessions(pool, vault, clock=clock)
    door = StaffDoor(accounts, sessions, program=PROGRAM, brand=page.brand)
    app = web.Application(middlewares=[errors.errors])
    app[DOOR], app[look.LOOK], app[pages.DESK], app[pages.METRICS] = door, page, desk, metrics
    app[PROXIES] = Proxies(settings.trusted_proxies)
    app.on_response_prepare.append(look.set_headers)
    app.add_routes(routes(EventDoor(desk, key, metrics, real_time=real_time), Health(pool, metrics), door))
    return Services(pool=pool, app=app, outbox=Outbox(lanes or pool, vault, returns.carry, clock=clock))


def routes(events: EventDoor, health: Health, door: StaffDoor) -> list[web.AbstractRouteDef]:
    """Return every route of the desk."""
    return [
        web.post("/api/events", events.post),
        web.get("/healthz", health.live),
        web.get("/readyz", health.ready),
        web.get("/metrics", health.metrics),
        *door.routes(),
        web.get("/", pages.inbox),
        web.get("/cases/{number}", pages.case),
        web.post("/cases/{number}/sign", pages.sign),
        web.static("/static", look.STATIC),
    ]


def reckoner(pack: CityPack) -> Reckon:
    """Return how this city reckons the dates of a case from its signing on."""

    def reckon(case: Case, signed_at: datetime) -> tuple[Due, ...]:
        return due_moments(
            pack,
            kind=case.ticket["kind"],
            ticket_class=case.ticket["class"],
            channel=case.ticket["channel"],
            at=case.filed_at,
            happened={"signing": signed_at, "receipt": signed_at},
            assignment=case.assignment,
            matters=case.matters,
            cases=case.turned_out,
        )

    return reckon
