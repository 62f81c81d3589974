"""A gateway whose citizens are pushed to, over the real database, and the platform's double at the other end."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from redis.asyncio import Redis

from channels.base import Parcel
from channels.wechat.api import WeChatApi
from cities.loading import load_pack
from gateway.courier import Courier
from gateway.figures import Figures
from gateway.intake import Intake, Received
from gateway.spool import Spool
from gateway.store.deliveries import Deliveries
from gateway.store.ledger import Ledger
from gateway.store.tickets import Tickets
from groundwork.database import Pool, open_pool
from groundwork.settings import Settings
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME
from hotline.message import InboundMessage
from hotline.returning import ReturnPath
from hotline.understanding import Finding, Hit, Intent, Understanding
from tests.dispatch import SettableClock
from tests.web.fake_app import HIT
from tests.wechat.platform import Platform
from tests.wechat.senders import sender

PACK = load_pack("_example")
VAULT = Vault.from_settings(
    replace(Settings(), secret_key="s" * 40, vault_keys="k1:" + base64.b64encode(b"k" * 32).decode())
)
LONG = "".join(f"示例路第{n}盏路灯坏了，没有人来修。" for n in range(1, 101))  #: three parts


class Reads:
    """Understands greetings and questions; anything else complains."""

    async def understand(self, text: str) -> Understanding:
        intent = {"你": Intent.GREET, "问": Intent.CONSULT}.get(text[:1], Intent.COMPLAIN)
        return Understanding(intent=intent, confidence=0.9)


class Finds:
    """Answers every question, a long one at length."""

    async def search(self, question: str, *, limit: int) -> Finding:
        if not question.startswith("问"):
            return Finding()
        return Finding(hits=(replace(HIT, answer=LONG if "长" in question else "答。"),), answered=True)

    def hit(self, article_id: str) -> Hit | None:
        return None


@dataclass
class Pushed:
    """One gateway, one worker's courier, one platform."""

    pool: Pool
    clock: SettableClock
    ledger: Ledger
    intake: Intake
    platform: Platform
    wechat: WeChatApi

    @property
    def deliveries(self) -> Deliveries:
        return self.ledger.deliveries

    def courier(self) -> Courier:
        """Return a worker's courier; each worker has its own."""
        return Courier(self.deliveries, {"wechat": self.wechat})

    async def receive(self, message: InboundMessage) -> Received:
        """Take a message in and decide it."""
        self.platform.wrote(message.reply_to.address if message.reply_to else "")
        received = await self.intake.receive(message, within=20)
        assert received.settled
        return received

    async def lease(self, message: InboundMessage) -> tuple[Parcel, ...]:
        """Lease what may be said in answer to the push of ``message``."""
        return await self.deliveries.lease(message.conversation, message.key)

    def parts(self, parcel: Parcel) -> tuple[str, ...]:
        """Return the messages that a parcel is sent as."""
        return self.wechat.parts(parcel.replies)

    def sent(self, openid: str = "oA") -> list[str]:
        """Return the customer-service messages that reached somebody."""
        return [one["content"] for one in self.platform.sent if one["openid"] == openid]

    async def count(self, where: str) -> int:
        """Return how many deliveries there are."""
        return int(await self.pool.fetchval(f"SELECT count(*) FROM deliveries WHERE {where}"))

    async def let_leases_end(self) -> None:
        """Let the time pass that a lease holds."""
        await self.pool.execute("UPDATE deliveries SET leased_until = now() - interval '1 second'"
                                " WHERE leased_until IS NOT NULL")  # fmt: skip


def said(
    clock: SettableClock, id: str, text: str = "你好", *, openid: str = "oA", quota: int = 5, **more: Any
) -> InboundMessage:
    """Return a message as WeChat's codec makes one."""
    who = VAULT.digest(openid, purpose="sender").hex()[:32]
    return InboundMessage(
        key=f"wechat:wx:{openid}:{id}", city="_example", channel="wechat", conversation=f"wechat:{who}", sender=who,
        received_at=clock(), text=text, numbered=True,
        reply_to=ReturnPath(address=openid, messages=quota, seconds=48 * 3600), **more,
    )  # fmt: skip


@asynccontextmanager
async def pushed(url: str, folder: Path) -> AsyncIterator[Pushed]:
    """Open everything on an empty database."""
    clock = SettableClock(datetime(2026, 9, 29, 12, tzinfo=CITY_TIME))
    away = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.3)
    platform = Platform(strict=True)
    async with open_pool(url) as pool, ClientSession() as http, platform.serving() as base:
        await pool.execute(
            "TRUNCATE messages, conversations, replies, tickets, ticket_events, effects, pgqueuer, deliveries,"
            " recipients CASCADE"
        )
        tickets = Tickets(pool, VAULT, pack=PACK, clock=clock)
        ledger = Ledger(pool, VAULT, tickets, city="_example", clock=clock)
        spool = Spool(folder / "spool", VAULT)
        intake = Intake(ledger, spool, PACK, Reads(), Finds(), clock=clock, figures=Figures())
        yield Pushed(pool, clock, ledger, intake, platform, sender(http, away, base))
    await away.aclose()
    await asyncio.sleep(0)
