"""Everything a gateway process needs, wired by hand, alive for exactly as long as it is needed."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from aiohttp import ClientSession
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bots.fallback import WithFallback
from bots.keyword_understanding import KeywordUnderstanding
from bots.rasa_understanding import RasaUnderstanding
from bots.wording import Wording
from channels.base import SenderParts, Sends
from channels.registry import SENDERS
from cities.loading import load_pack
from dispatch_client.client import DispatchClient
from dispatch_client.guard import LOOPBACK, Networks, guarded_session
from gateway import PROGRAM
from gateway.carrying import Carrier
from gateway.cells import RedisCells
from gateway.courier import Courier
from gateway.enclosures import Enclosures
from gateway.fanout import Following
from gateway.figures import Figures
from gateway.files import Files
from gateway.front import Front
from gateway.gate import Gate
from gateway.intake import Intake
from gateway.limits import Limits
from gateway.link import KIND, PULLED, DispatchLink
from gateway.noted import Noted
from gateway.routing import RoutingInUse, RoutingVersions
from gateway.spool import Spool
from gateway.store.articles import Articles
from gateway.store.callbacks import Callbacks
from gateway.store.catalogue import Catalogue
from gateway.store.drafts import Drafts
from gateway.store.feed import Feed
from gateway.store.feedback import Feedback
from gateway.store.ledger import Ledger
from gateway.store.links import Links
from gateway.store.notices import Notices
from gateway.store.polls import Polls
from gateway.store.questions import Questions
from gateway.store.reminders import Reminders
from gateway.store.repeats import Repeats
from gateway.store.texts import Texts
from gateway.store.tickets import Tickets
from groundwork.audit import Audit
from groundwork.clock import Clock, clock_from
from groundwork.database import Pool, open_pool
from groundwork.outbox import LANE_POOL, Outbox
from groundwork.settings import Settings, webhook_keys
from groundwork.vault import Vault
from hotline.citypack import CityPack
from hotline.identity import Finder
from hotline.ports import Understands
from hotline.screening import screen_acceptance, screen_emergency
from kb.library import Library

log = logging.getLogger(__name__)

SPOOL_EVERY, SWEEP_EVERY = 2.0, 5.0
REPEATS_EVERY = 5.0
REMINDERS_EVERY = 3600.0
PAST_EVERY = 5.0  #: seconds; how old a change of the routing in use may be
NOTED_EVERY = 5.0
FILES_EVERY = 600.0  #: seconds between two looks for files that nobody needs


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The parts of one gateway process."""

    settings: Settings
    clock: Clock
    pool: Pool
    vault: Vault
    audit: Audit
    redis: Redis
    http: ClientSession
    pack: CityPack
    articles: Articles
    catalogue: Catalogue
    reminders: Reminders
    drafts: Drafts
    questions: Questions
    feedback: Feedback
    noted: Noted
    library: Library
    tickets: Tickets
    repeats: Repeats
    callbacks: Callbacks
    ledger: Ledger
    spool: Spool
    intake: Intake
    front: Front
    following: Following
    limits: Limits
    outbox: Outbox
    figures: Figures
    files: Files
    cells: RedisCells
    links: Links
    link: DispatchLink
    feed: Feed
    notices: Notices
    polls: Polls
    enclosures: Enclosures
    past: RoutingInUse


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open everything; nothing here needs the database, Redis, Rasa or the desk to be up."""
    clock, vault, figures = clock_from(settings.clock), Vault.from_settings(settings), Figures()
    pack = load_pack(settings.city, on=clock().date(), own_units=settings.units_file)
    screen_emergency(pack.name, pack)  # compiles the patterns, so that no citizen waits for it
    screen_acceptance(pack.name, pack)
    for instrument in pack.drafts:
        log.warning("law.draft", extra={"instrument": instrument})
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(ClientSession())
        outward = await stack.enter_async_context(guarded_session(_centre_networks(settings)))
        pool = await stack.enter_async_context(open_pool(settings.database_url, size=12, clears=False))
        # A lane keeps its connection while the centre thinks; what citizens wait for must not wait for that.
        # What it notes as done may be forgotten with a crash of the server: then it is done again, which is harmless.
        lanes = await stack.enter_async_context(
            open_pool(settings.database_url, size=LANE_POOL, clears=False, durable=False)
        )
        redis = _redis(settings)
        stack.push_async_callback(redis.aclose)
        audit = Audit(vault, PROGRAM, clock=clock)
        articles = Articles(pool, audit, clock=clock)
        catalogue = Catalogue(pool, city=settings.city, clock=clock)
        questions = Questions(pool, vault, audit, city=settings.city, clock=clock)
        feedback = Feedback(pool, vault, city=settings.city, clock=clock)
        noted = Noted(questions, feedback, pack)
        library = Library(articles, city=settings.city, now=clock, golden=questions.golden)
        tickets = Tickets(pool, vault, pack=pack, clock=clock)
        texts = Texts(vault, pack=pack, clock=clock, public_url=settings.public_url)
        ledger = Ledger(
            pool, vault, tickets, city=settings.city, clock=clock, texts=texts if settings.sms_url else None
        )
        files = Files(settings.files_dir, vault, ledger.attachments)
        links = Links(pool, clock=clock)
        enclosures = Enclosures(
            files, vault, at=settings.gateway_url or settings.public_url, real_time=real_time
        )
        link = DispatchLink(_client(settings, outward), links, audit, enclosures.complete, clock=clock)
        spool = Spool(settings.state_dir / "spool", vault)
        cells = RedisCells(redis)
        limits = Limits(
            redis, figures, key=vault.derived("limits"), limits=settings.limits, on=settings.rate_limits
        )
        parts = SenderParts(http=http, cells=cells, say=pack.say, settings=channel_settings(settings))
        senders = {name: make(parts) for name, make in SENDERS.items()}
        following = Following(
            redis, ledger, city=settings.city, clock=clock,
            digest=lambda conversation: vault.digest(conversation, purpose="notices"),
        )  # fmt: skip
        figures.sockets.set_function(lambda: following.readers)
        past = RoutingInUse(RoutingVersions(settings.state_dir))
        intake = Intake(ledger, spool, pack, _understanding(settings, http, figures, pack.finder), library,
                        clock=clock, figures=figures, past=past, noted=noted,
                        told=following.told)  # fmt: skip
        stack.push_async_callback(noted.flush)
        stack.push_async_callback(intake.close)
        yield Services(
            settings=settings,
            clock=clock,
            pool=pool,
            vault=vault,
            audit=audit,
            redis=redis,
            http=http,
            pack=pack,
            articles=articles,
            catalogue=catalogue,
            reminders=Reminders(pool, catalogue, city=settings.city, clock=clock),
            drafts=Drafts(pool, audit, city=settings.city, clock=clock),
            questions=questions,
            feedback=feedback,
            noted=noted,
            library=library,
            tickets=tickets,
            repeats=Repeats(pool, vault, tickets, audit, pack=pack, clock=clock),
            callbacks=Callbacks(pool, ledger, tickets, audit, pack=pack, clock=clock, told=following.told),
            ledger=ledger,
            spool=spool,
            intake=intake,
            following=following,
            front=Front(intake, ledger, tickets, pack, Gate(limits)),
            limits=limits,
            outbox=_outbox(settings, lanes, vault, audit, clock, ledger, senders, files, link),
            figures=figures,
            files=files,
            cells=cells,
            links=links,
            link=link,
            feed=Feed(pool, vault),
            notices=Notices(pool, city=settings.city),
            polls=Polls(pool, audit, city=settings.city),
            enclosures=enclosures,
            past=past,
        )


def real_time() -> datetime:
    """Return now by the real clock, which signatures are compared with."""
    return datetime.now(UTC)


def _redis(settings: Settings) -> Redis:
    # No retries: what Redis does for us is worth less than the time that trying again takes.
    return Redis.from_url(
        settings.redis_url or "redis://127.0.0.1:6379",
        socket_connect_timeout=0.3,
        socket_timeout=0.5,
        retry=Retry(NoBackoff(), 0),
    )


def _understanding(settings: Settings, http: ClientSession, figures: Figures, finder: Finder) -> Understands:
    keywords = KeywordUnderstanding.load(finder)
    if not settings.rasa_url:
        return keywords
    rasa = RasaUnderstanding(
        http, settings.rasa_url, settings.rasa_token, wording=Wording.load(), finder=finder
    )
    both = WithFallback(rasa, keywords)
    figures.understood.labels("keywords").set_function(lambda: both.fallbacks)
    return both


def channel_settings(settings: Settings) -> Mapping[str, str]:
    """Return the settings that channels are given, by name."""
    return {
        field.name: str(getattr(settings, field.name))
        for field in fields(settings)
        if field.name.startswith(("wechat_", "sms_")) or field.name == "public_url"
    }


def _client(settings: Settings, http: ClientSession) -> DispatchClient | None:
    if settings.dispatch_url == PULLED:
        return None
    return DispatchClient(http, settings.dispatch_url, webhook_keys(settings), real_time, settings.public_url)


def _centre_networks(settings: Settings) -> Networks:
    """Return the internal networks that the centre may be in; on loopback it may be on this machine."""
    return settings.dispatch_networks + (LOOPBACK if settings.on_loopback else ())


def _outbox(
    settings: Settings, pool: Pool, vault: Vault, audit: Audit, clock: Clock, ledger: Ledger,
    senders: Mapping[str, Sends], files: Files, link: DispatchLink,
) -> Outbox:  # fmt: skip
    courier = Courier(ledger.deliveries, senders)
    carrier = Carrier(
        {
            KIND: link.deliver,
            "replies": lambda body: courier.deliver(body["conversation"]),
            "fetch": lambda body: files.fetch(body["attachment"], senders[body["channel"]]),
        }
    )
    schedules = {KIND: settings.dispatch_schedule}
    return Outbox(pool, vault, carrier.carry, clock=clock, audit=audit, schedules=schedules)


async def keep_past_fresh(past: RoutingInUse) -> None:
    """Take up the version that was put into use, again and again."""
    while True:
        await asyncio.sleep(PAST_EVERY)
        await asyncio.to_thread(past.refresh)
