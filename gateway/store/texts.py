"""What petitioners are told by text message where nothing else reaches them, and the question that a bare grade answers."""

from dataclasses import dataclass
from datetime import datetime

from channels.sms.codec import NAME, conversation_of, path_to, sender_of
from gateway.web.ports import Thread
from groundwork.clock import Clock
from groundwork.database import Connection, lock
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.events import Event
from hotline.reply import Reply
from hotline.returning import ReturnPath
from hotline.texting import ANSWERABLE, TOLD, Question, asks_by_text, mobile_to_text, news_of
from hotline.ticket import Ticket
from hotline.withholding import is_kept_back


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What is said by text, and with whom; ``path`` is the way there, none where the telephone wrote to us itself."""

    thread: Thread
    reply: Reply
    path: ReturnPath | None


class Texts:
    """The texts of one city's gateway; there is none where no platform is set."""

    def __init__(self, vault: Vault, *, pack: CityPack, clock: Clock, public_url: str) -> None:
        self._vault, self._pack, self._clock, self._public_url = vault, pack, clock, public_url

    async def news(self, connection: Connection, ticket: Ticket, thread: Thread, event: Event) -> News | None:
        """Note and return what the petitioner of ``ticket`` is told by text of a new event; ``None`` where they are told nothing.

        In a transaction that takes each event once. One telephone is asked one question at a time, so that a bare
        grade is never taken for another ticket's.
        """
        if event.name not in TOLD or is_kept_back(ticket.contact):
            return None
        path = None if thread.channel == NAME else _path(ticket)
        if path is None and thread.channel != NAME:
            return None
        target = self._thread(thread.number, path) if path else thread
        await lock(connection, f"texts:{target.conversation}")
        asks = event.name == "replied" and asks_by_text(
            self._pack.on(self._clock().astimezone(CITY_TIME).date())
        )
        asks = asks and not await self._is_asked(connection, target.conversation, thread.number)
        await connection.execute(
            "INSERT INTO texts (city, number, conversation, event, asks, at) VALUES ($1, $2, $3, $4, $5, $6)",
            self._pack.code, thread.number, target.conversation, event.name, asks, self._clock(),
        )  # fmt: skip
        reply = news_of(self._pack, thread.number, event, public_url=self._public_url, asks=asks)
        return News(thread=target, reply=reply, path=path)

    async def question(
        self, connection: Connection, conversation: str, *, before: datetime
    ) -> Question | None:
        """Return what a telephone was asked last before that moment, as far as it can still be answered by a bare grade."""
        row = await connection.fetchrow(
            "SELECT x.number, x.at, EXISTS (SELECT FROM ticket_events e WHERE e.number = x.number AND e.name = 'rated'"
            " AND e.received_at >= x.at) AS rated FROM texts x JOIN tickets t ON t.number = x.number"
            " WHERE x.conversation = $1 AND x.asks AND x.at <= $2 AND x.at > $3 AND t.state <> 'withdrawn'"
            " ORDER BY x.id DESC LIMIT 1",
            conversation,
            before,
            before - ANSWERABLE,
        )
        return None if row is None else Question(**row)

    async def _is_asked(self, connection: Connection, conversation: str, number: str) -> bool:
        """Tell whether the telephone has a question about another ticket that nobody answered."""
        now = self._clock()
        question = await self.question(connection, conversation, before=now)
        return question is not None and not question.rated and question.number != number

    def _thread(self, number: str, path: ReturnPath) -> Thread:
        sender = sender_of(path.address, lambda who: self._vault.digest(who, purpose="sender").hex()[:32])
        return Thread(number=number, conversation=conversation_of(sender), channel=NAME, sender=sender)


def _path(ticket: Ticket) -> ReturnPath | None:
    mobile = mobile_to_text(ticket.contact)
    return path_to(mobile) if mobile else None
