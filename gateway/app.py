"""The two gateway programs: the server that talks to citizens, the worker behind it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiohttp import web

from channels.base import ChannelParts
from gateway import PROGRAM
from gateway.bootstrap import (
    FILES_EVERY,
    NOTED_EVERY,
    REMINDERS_EVERY,
    REPEATS_EVERY,
    SPOOL_EVERY,
    SWEEP_EVERY,
    Services,
    channel_settings,
    keep_past_fresh,
    open_services,
    real_time,
)
from gateway.files import sweep_for_ever as sweep_files_for_ever
from gateway.freshness import keep_library_fresh
from gateway.front import PublicArticles
from gateway.intake import sweep_for_ever
from gateway.link import PULLED, watch_for_ever
from gateway.proposing import proposed
from gateway.sheets import RedisSheets
from gateway.spool import drain_for_ever
from gateway.store.call_ins import CallIns
from gateway.store.published import Published
from gateway.store.receipts import anchor_for_ever as anchor_receipts
from gateway.store.receipts import folder_of
from gateway.store.reminders import remind_for_ever
from gateway.store.repeats import look_for_ever
from gateway.web.dispatch import Centre, CentreParts
from gateway.web.errors import problem_of
from gateway.web.files import Assets
from gateway.web.floods import origin_of
from gateway.web.health import Check
from gateway.web.open311 import Open311
from gateway.web.site import SiteParts, make_site
from gateway.web.staff import PREFIX, StaffParts, add_staff_side
from groundwork.addresses import PROXIES, Proxies
from groundwork.headers import is_https
from groundwork.inspection import anchor_for_ever, anchors_of
from groundwork.memory import give_back_for_ever
from groundwork.outbox import backlog
from groundwork.serving import Runner
from groundwork.settings import Settings, webhook_keys
from groundwork.worker import run_worker
from hotline.call_in import call_in_rules
from staff.audience import add_routes
from staff.provider import Provider

log = logging.getLogger(__name__)

FIGURES_EVERY = 10.0


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Answer HTTP until ``stop`` is set; what is under way is finished first."""
    async with open_services(settings) as services, running(_server_chores(services)):
        runner = Runner(make_app(services))
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.host, settings.port, reuse_address=True).start()
            log.info("gateway.serving", extra={"port": settings.port})
            await stop.wait()
        finally:
            await runner.cleanup()


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Carry out what is owed and take over what a dead process left, until ``stop`` is set."""
    async with open_services(settings) as services, running(_worker_chores(services)):
        log.info("worker.working")
        await run_worker(settings.database_url, services.outbox, stop)


def make_app(services: Services) -> web.Application:
    """Return the citizens' site with the dispatch centre's way back."""
    settings, vault = services.settings, services.vault
    channel = ChannelParts(
        city=settings.city,
        receive=services.front,
        clock=services.clock,
        key=vault.derived,
        pseudonym=lambda who: vault.digest(who, purpose="sender").hex()[:32],
        say=services.pack.say,
        deliveries=services.ledger.deliveries,
        follows=services.following,
        problem=lambda error: problem_of(error).document(),
        files=services.files,
        origin=origin_of,
        settings=channel_settings(settings),
    )
    app = make_site(
        SiteParts(
            pack=services.pack,
            channel=channel,
            history=services.front,
            registers=services.front,
            articles=PublicArticles(services.library, services.feedback, services.noted),
            news=services.notices,
            polls=services.polls,
            limits=services.limits,
            sheets=RedisSheets(services.redis, vault),
            checks=_checks(services),
            metrics=services.figures.registry,
            public_url=settings.public_url,
            assets=Assets.load(),
            embed_origins=settings.embed_origins,
            call_ins=_call_ins(services) if call_in_rules(services.pack) else None,
        )
    )
    app[PROXIES] = Proxies(settings.trusted_proxies)
    add_routes(app, "platform", _centre(services).routes())
    open311 = Open311(
        services.pack,
        channel,
        services.front,
        Published(services.pool, services.vault, pack=services.pack),
        services.limits,
        keys=settings.open311_keys,
        public_url=settings.public_url,
    )
    add_routes(app, "public", open311.reading())
    add_routes(app, "platform", open311.writing())
    add_staff_side(app, _staff_parts(services))
    return app


def _centre(services: Services) -> Centre:
    settings = services.settings
    secrets = filter(None, (settings.dispatch_secret, settings.dispatch_secret_previous))
    return Centre(
        CentreParts(
            register=services.intake,
            notices=services.notices,
            feed=services.feed,
            enclosures=services.enclosures,
            keys=webhook_keys(settings),
            secrets=tuple(secrets),
            now=real_time,
            propose=partial(proposed, services.library),
            source=settings.public_url,
        )
    )


def _staff_parts(services: Services) -> StaffParts:
    settings, pack = services.settings, services.pack
    return StaffParts(
        pool=services.pool,
        vault=services.vault,
        audit=services.audit,
        clock=services.clock,
        real_time=real_time,
        pack=pack,
        catalogue=services.catalogue,
        reminders=services.reminders,
        files=services.files,
        drafts=services.drafts,
        questions=services.questions,
        feedback=services.feedback,
        library=services.library,
        public_url=settings.public_url,
        tickets=services.tickets,
        links=services.links,
        repeats=services.repeats,
        callbacks=services.callbacks,
        call_ins=_call_ins(services),
        polls=services.polls,
        checks=_checks(services),
        assets=Assets.load(),
        secure=is_https(settings.public_url),
        factor_required=settings.second_factor_required,
        provider=Provider.from_settings(
            services.http,
            services.vault,
            settings,
            public_url=settings.public_url,
            prefix=PREFIX,
            real_time=real_time,
        ),
    )


def _call_ins(services: Services) -> CallIns:
    return CallIns(services.pool, services.audit, city=services.settings.city, clock=services.clock)


def _checks(services: Services) -> Sequence[Check]:
    settings, http = services.settings, services.http

    async def answers(url: str) -> None:
        async with http.get(url) as answer:
            answer.raise_for_status()

    async def outbox_in_time() -> None:
        figures = await backlog(services.pool)
        if figures["late"] or figures["gave_up"]:
            raise RuntimeError("effects wait for a person")

    async def hears() -> None:
        if services.pack.hearing is None or services.pack.grounds is None:
            raise RuntimeError("nothing learnt: word lists judge alone")

    checks = [
        Check(name="database", probe=lambda: services.pool.fetchval("SELECT 1"), required=True),
        Check(name="redis", probe=services.redis.ping),
        Check(name="outbox", probe=outbox_in_time),
        Check(name="hearing", probe=hears),
    ]
    if settings.rasa_url:
        checks.append(Check(name="rasa", probe=lambda: answers(f"{settings.rasa_url}/version")))
    if settings.dispatch_url and settings.dispatch_url != PULLED:
        checks.append(Check(name="dispatch", probe=services.link.check))
    return checks


def _server_chores(services: Services) -> list[Coroutine[Any, Any, None]]:
    return [
        keep_library_fresh(services.library, services.settings.database_url),
        keep_past_fresh(services.past),
        services.noted.flush_for_ever(NOTED_EVERY),
        drain_for_ever(services.spool, services.intake.keep, SPOOL_EVERY),
        services.following.notify_for_ever(),
        services.following.listen_for_ever(),
        services.following.look_for_ever(),
        _count_backlog(services),
        give_back_for_ever(),
    ]


def _worker_chores(services: Services) -> list[Coroutine[Any, Any, None]]:
    anchors = anchors_of(services.settings, PROGRAM, services.audit)
    return [
        keep_library_fresh(services.library, services.settings.database_url),
        keep_past_fresh(services.past),
        services.noted.flush_for_ever(NOTED_EVERY),
        sweep_for_ever(services.intake, SWEEP_EVERY),
        services.following.notify_for_ever(),
        anchor_for_ever(services.pool, anchors, clock=services.clock),
        sweep_files_for_ever(services.files, FILES_EVERY),
        watch_for_ever(services.link, services.pool),
        anchor_receipts(services.ledger.receipts, services.pool, folder_of(services.settings.state_dir)),
        look_for_ever(services.repeats, REPEATS_EVERY),
        remind_for_ever(services.reminders, REMINDERS_EVERY),
        give_back_for_ever(),
    ]


async def _count_backlog(services: Services) -> None:
    while True:
        try:
            for state, count in (await backlog(services.pool)).items():
                services.figures.backlog.labels(state).set(count)
            services.figures.link(await services.links.state(), services.clock())
        except Exception as error:  # noqa: BLE001 — figures never stop the server
            log.debug("figures.failed", extra={"error_type": type(error).__name__})
        await asyncio.sleep(FIGURES_EVERY)


@asynccontextmanager
async def running(chores: Sequence[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Keep ``chores`` running for as long as the body runs."""
    tasks = [asyncio.create_task(chore) for chore in chores]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
