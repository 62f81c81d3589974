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
from gateway import PROGRAM
from gateway.carrying import Carrier, event_of
from gateway.cells import RedisCells
from gateway.courier import Courier
from gateway.figures import Figures
from gateway.files import Files
from gateway.front import Front
from gateway.gate import Gate
from gateway.intake import Intake
from gateway.limits import Limits
from gateway.noted import Noted
from gateway.spool import Spool
from gateway.store.articles import Articles
from gateway.store.catalogue import Catalogue
from gateway.store.drafts import Drafts
from gateway.store.feedback import Feedback
from gateway.store.ledger import Ledger
from gateway.store.questions import Questions
from gateway.store.tickets import Tickets
from groundwork.audit import Audit
from groundwork.clock import Clock, clock_from
from groundwork.database import Pool, open_pool
from groundwork.outbox import LANE_POOL, Outbox
from groundwork.settings import Settings, webhook_key
from groundwork.vault import Vault
from hotline.citypack import CityPack
from hotline.errors import HotlineError
from hotline.ports import Understands
from hotline.screening import screen_acceptance, screen_emergency
from kb.library import Library

log = logging.getLogger(__name__)

REFRESH_EVERY = 0.5  #: seconds; how old a change to an article may be before it answers
SPOOL_EVERY, SWEEP_EVERY = 2.0, 5.0
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
    drafts: Drafts
    questions: Questions
    feedback: Feedback
    noted: Noted
    library: Library
    tickets: Tickets
    ledger: Ledger
    spool: Spool
    intake: Intake
    front: Front
    limits: Limits
    outbox: Outbox
    figures: Figures
    files: Files
    cells: RedisCells


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
        pool = await stack.enter_async_context(open_pool(settings.database_url, size=12, clears=False))
        # A lane keeps its connection while the centre thinks; what citizens wait for must not wait for that.
        lanes = await stack.enter_async_context(open_pool(settings.database_url, size=LANE_POOL))
        redis = _redis(settings)
        stack.push_async_callback(redis.aclose)
        audit = Audit(vault, PROGRAM, clock=clock)
        articles = Articles(pool, audit, clock=clock)
        questions = Questions(pool, vault, audit, city=settings.city, clock=clock)
        feedback = Feedback(pool, vault, city=settings.city, clock=clock)
        noted = Noted(questions, feedback, pack)
        library = Library(articles, city=settings.city, now=clock, golden=questions.golden)
        tickets = Tickets(pool, vault, pack=pack, clock=clock)
        ledger = Ledger(pool, vault, tickets, city=settings.city, clock=clock)
        files = Files(settings.files_dir, vault, ledger.attachments)
        spool = Spool(settings.state_dir / "spool", vault)
        cells = RedisCells(redis)
        limits = Limits(
            redis, figures, key=vault.derived("limits"), limits=settings.limits, on=settings.rate_limits
        )
        parts = SenderParts(http=http, cells=cells, say=pack.say, settings=channel_settings(settings))
        senders = {name: make(parts) for name, make in SENDERS.items()}
        intake = Intake(ledger, spool, pack, _understanding(settings, http, figures), library,
                        clock=clock, figures=figures, noted=noted)  # fmt: skip
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
            catalogue=Catalogue(pool, city=settings.city, clock=clock),
            drafts=Drafts(pool, audit, city=settings.city, clock=clock),
            questions=questions,
            feedback=feedback,
            noted=noted,
            library=library,
            tickets=tickets,
            ledger=ledger,
            spool=spool,
            intake=intake,
            front=Front(intake, ledger, tickets, pack, Gate(limits)),
            limits=limits,
            outbox=_outbox(settings, lanes, vault, audit, http, clock, ledger, senders, files),
            figures=figures,
            files=files,
            cells=cells,
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


def _understanding(settings: Settings, http: ClientSession, figures: Figures) -> Understands:
    keywords = KeywordUnderstanding.load()
    if not settings.rasa_url:
        return keywords
    rasa = RasaUnderstanding(http, settings.rasa_url, settings.rasa_token, wording=Wording.load())
    both = WithFallback(rasa, keywords)
    figures.understood.labels("keywords").set_function(lambda: both.fallbacks)
    return both


def channel_settings(settings: Settings) -> Mapping[str, str]:
    """Return the settings that channels are given, by name."""
    return {
        field.name: str(getattr(settings, field.name))
        for field in fields(settings)
        if field.name.startswith("wechat_") or field.name == "public_url"
    }


def _outbox(
    settings: Settings, pool: Pool, vault: Vault, audit: Audit, http: ClientSession, clock: Clock, ledger: Ledger,
    senders: Mapping[str, Sends], files: Files,
) -> Outbox:  # fmt: skip
    key = webhook_key(settings.dispatch_secret)
    dispatch = DispatchClient(http, settings.dispatch_url, key, real_time, settings.public_url)
    courier = Courier(ledger.deliveries, senders)
    carrier = Carrier(
        {
            "event": lambda body: dispatch.deliver(event_of(body, source=settings.public_url)),
            "replies": lambda body: courier.deliver(body["conversation"]),
            "fetch": lambda body: files.fetch(body["attachment"], senders[body["channel"]]),
        }
    )
    return Outbox(pool, vault, carrier.carry, clock=clock, audit=audit)


async def keep_library_fresh(library: Library) -> None:
    """Load the library, then follow its changes; the database being away is no news."""
    while True:
        try:
            await library.refresh()
        except HotlineError:
            pass
        except Exception as error:  # noqa: BLE001 — a bad article must not stop the following of others
            log.error("library.failed", extra={"error_type": type(error).__name__})
        await asyncio.sleep(REFRESH_EVERY)
