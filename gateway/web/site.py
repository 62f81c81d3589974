"""Puts pages, interfaces and operators' routes together; every route says here for whom it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web
from prometheus_client import CollectorRegistry

from channels.base import ChannelParts
from channels.mailbox.adapter import Mailbox
from channels.registry import CHANNELS
from channels.webchat.adapter import WebChat
from gateway.web.context import PageContext
from gateway.web.errors import tell_errors
from gateway.web.files import Assets
from gateway.web.floods import limit_floods
from gateway.web.health import Check, Health
from gateway.web.openapi import OpenApi
from gateway.web.pages.accessibility import AccessibilityPage
from gateway.web.pages.chat import ChatPage
from gateway.web.pages.embed import EmbedPages
from gateway.web.pages.kb import KbPages
from gateway.web.pages.mailbox import MailboxPage
from gateway.web.pages.mine import Mine
from gateway.web.pages.news import NewsPage
from gateway.web.pages.outcomes import Outcomes
from gateway.web.pages.polls import PollPages
from gateway.web.pages.portal import Portal
from gateway.web.pages.privacy import PrivacyPage
from gateway.web.pages.progress import ProgressPage
from gateway.web.pages.promises import PromisesPage
from gateway.web.pages.proving import Proof
from gateway.web.pages.supplements import Supplements
from gateway.web.ports import Articles, CallIns, History, Limits, News, Polling, Registers, Sheets
from gateway.web.rendering import WORDS, Pages
from gateway.web.security import same_origin
from groundwork.headers import headers_for, is_https
from hotline.citypack import CityPack
from staff.audience import add_routes

MAX_REQUEST = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteParts:
    """What the site is made of."""

    pack: CityPack
    channel: ChannelParts
    history: History
    registers: Registers
    articles: Articles
    news: News
    polls: Polling
    limits: Limits
    sheets: Sheets
    checks: Sequence[Check]
    metrics: CollectorRegistry
    public_url: str
    assets: Assets
    call_ins: CallIns | None = None  #: none where the city has no such days
    embed_origins: Sequence[str] = ()  #: of the sites that may show the chat in a frame


def make_site(parts: SiteParts) -> web.Application:
    """Return the application with every route of the citizens' side; others may add theirs to it."""
    clock, address = parts.channel.clock, urlsplit(parts.public_url)
    secure = is_https(parts.public_url)
    context = PageContext.of(parts.pack, WORDS, today=clock().date())
    pages = Pages(context, parts.assets)
    health = Health(parts.checks, parts.metrics)
    app = web.Application(
        middlewares=[
            health.middleware(),
            tell_errors(pages),
            same_origin(frozenset({address.netloc})),
            limit_floods(parts.limits),
        ],
        client_max_size=MAX_REQUEST,
    )
    app.on_response_prepare.append(headers_for(parts.public_url))
    channels = {name: make(parts.channel) for name, make in CHANNELS.items()}
    for channel in channels.values():
        add_routes(app, channel.audience, channel.routes())
    webchat, mailbox = channels[WebChat.name], channels[Mailbox.name]
    assert isinstance(webchat, WebChat)
    assert isinstance(mailbox, Mailbox)
    app.on_shutdown.append(webchat.close)
    proof = Proof(parts.limits)
    supplements = Supplements(parts.channel, parts.registers, proof, webchat)
    progress = ProgressPage(
        pages, parts.registers, proof, supplements, Mine(parts.channel.key("progress.mine"), secure=secure),
        Outcomes(parts.sheets, secure=secure),
        parts.channel.files, parts.limits, calendar=parts.pack.calendar, clock=clock, secure=secure, public_url=parts.public_url,
    )  # fmt: skip
    letters = MailboxPage(
        pages, mailbox, parts.registers, proof, supplements, parts.limits, parts.sheets, secure=secure
    )
    answers = KbPages(pages, parts.articles, public_url=parts.public_url)
    chat = ChatPage(pages, webchat, parts.history, secure=secure)
    embed = EmbedPages(chat, parts.assets, parts.embed_origins)
    add_routes(app, "citizen", (*chat.routes(), *embed.routes()))
    add_routes(app, "citizen", (*letters.routes(), *supplements.api_routes()))
    add_routes(app, "citizen", (*progress.routes(), *progress.api_routes()))
    add_routes(app, "public", Portal(pages, parts.articles, parts.call_ins, secure=secure).routes())
    add_routes(app, "public", PromisesPage(pages, parts.pack, clock=clock).routes())
    polls = PollPages(
        pages, parts.polls, parts.limits, key=parts.channel.key("polls"), clock=clock, secure=secure
    )
    add_routes(app, "citizen", polls.routes())
    add_routes(app, "public", NewsPage(pages, parts.news).routes())
    by_text = bool(parts.channel.settings.get("sms_url"))
    add_routes(app, "public", PrivacyPage(pages, parts.pack, clock=clock, by_text=by_text).routes())
    add_routes(app, "public", AccessibilityPage(pages).routes())
    add_routes(app, "public", (*answers.routes(), *answers.api_routes()))
    add_routes(app, "public", (*parts.assets.routes(), *OpenApi().routes()))
    add_routes(app, "ops", health.routes())
    return app
