"""What channels and pages ask of the gateway, filled from intake, ledger, register and library."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from channels.base import Received, SentReply
from gateway.gate import Gate
from gateway.intake import Intake
from gateway.noted import Noted
from gateway.store.callbacks import CALLED, SAID
from gateway.store.feedback import Feedback
from gateway.store.ledger import Ledger, StoredReply, Utterance
from gateway.store.letters import Entry
from gateway.store.tickets import Record, Tickets
from gateway.web.ports import InboundText, Said, Step, Thread, TicketStatus
from hotline.citypack import CityPack
from hotline.dates import dates_of
from hotline.deadlines import shown_date
from hotline.events import FROM_DESK
from hotline.message import InboundMessage
from hotline.redaction import redact
from hotline.ticket import TicketIdentity
from hotline.understanding import Finding, Hit
from kb.library import Library
from kb.search import hit_of

FROM_STAFF = frozenset({SAID, CALLED})  #: what staff here did, of which the petitioner reads the words


class Front:
    """Fills the ports of channels and pages."""

    def __init__(self, intake: Intake, ledger: Ledger, tickets: Tickets, pack: CityPack, gate: Gate) -> None:
        self._intake, self._ledger, self._tickets, self._pack = intake, ledger, tickets, pack
        self._gate = gate

    async def receive(self, message: InboundMessage, *, within: float, origin: str | None = None) -> Received:
        """Store ``message`` and return what can be said within ``within`` seconds.

        Danger is looked for before anything is counted. Raises ``TooManyMessagesError``, and then nothing is stored.
        """
        if not await self._gate.is_open(message, self._intake.danger_in(message), origin):
            return await self._put_by(message)
        received = await self._intake.receive(message, within=within)
        replies = tuple(map(sent_of, received.replies))
        letter = await self._identity(message.key, replies) if message.letter and received.settled else None
        return Received(replies=replies, settled=received.settled, letter=letter)

    async def _put_by(self, message: InboundMessage) -> Received:
        """Store a message of somebody who cannot be told to come back; the sweep decides it."""
        received = await self._intake.put_by(message)
        notice = "" if received.settled or not await self._gate.tells(message) else self._pack.say("put_by")
        return Received(
            replies=tuple(map(sent_of, received.replies)), settled=received.settled, notice=notice
        )

    async def warn(self, message: InboundMessage) -> Received | None:
        """Answer a sure emergency that cannot be stored as it came; ``None`` for anything else."""
        received = await self._intake.warn(message)
        if received is None:
            return None
        return Received(replies=tuple(map(sent_of, received.replies)), settled=True)

    async def letter(self, key: str) -> Received | None:
        """Return what has come of the letter of that secret key; ``None`` when it is not on record."""
        replies = await self._ledger.of_key(key)
        if replies is None:
            return None
        sent = tuple(map(sent_of, replies))
        return Received(replies=sent, settled=True, letter=await self._identity(key, sent))

    async def _identity(self, key: str, replies: Sequence[SentReply]) -> TicketIdentity | None:
        """Return the number of the letter to which ``replies`` were said."""
        for sent in replies:
            if (ticket := sent.reply.ticket) is not None:
                return TicketIdentity(number=ticket.number, query_code=ticket.query_code)
        if any(sent.reply.kind == "emergency" for sent in replies):
            # Not recorded yet. The key may have been used before, for a letter that is somebody else's.
            return None
        letter = await self._ledger.letters.of_message(key)
        return letter.identity if letter else None

    async def history(self, conversation: str, *, limit: int) -> tuple[Said, ...]:
        """Return the last ``limit`` messages with their replies, oldest first."""
        return said_of(await self._ledger.history(conversation, limit=limit))

    async def look_up(self, number: str, query_code: str) -> TicketStatus | None:
        """Return the ticket's public status, or ``None`` for any wrong pair."""
        record = await self._tickets.look_up(number, query_code)
        entry = await self._ledger.letters.look_up(number, query_code)
        said = await self._ledger.replies_to(entry.message_id) if entry is not None else None
        replies = tuple(map(sent_of, said or ()))
        if record is not None:
            status = self._status(record)
            return replace(status, letter=entry.letter.outcome, replies=replies) if entry else status
        return None if entry is None else self._letter_status(entry, replies)

    async def thread(self, number: str, query_code: str) -> Thread | None:
        """Return where to add to a ticket or letter; ``None`` for any wrong pair."""
        found = await self._tickets.thread_of(number, query_code)
        if found is not None:
            return found
        entry = await self._ledger.letters.look_up(number, query_code)
        if entry is None:
            return None
        return Thread(
            number=entry.letter.identity.number,
            conversation=entry.conversation,
            channel=entry.channel,
            sender=entry.sender,
        )

    def _letter_status(self, entry: Entry, replies: tuple[SentReply, ...]) -> TicketStatus:
        facts = entry.letter.draft.facts
        confidential = facts.get("confidential") == "true"
        subject = redact(facts.get("subject", ""), self._pack.finder)
        return TicketStatus(
            number=entry.letter.identity.number,
            title=self._pack.words["confidential_title"] if confidential else subject,
            state=entry.state,
            lead_unit="",
            shown_due=None,
            due=(),
            confidential=confidential,
            steps=(
                Step(at=entry.state_at, name=entry.state, text=""),
                Step(at=entry.received_at, name="received", text=""),
            ),
            letter=entry.letter.outcome,
            replies=replies,
        )

    def _status(self, record: Record) -> TicketStatus:
        ticket = record.ticket
        words = self._pack.words
        dates = dates_of(self._pack, ticket, record.happenings)
        steps = [Step(at=ticket.filed_at, name="filed", text="")]
        steps += [Step(at=h.at, name=h.name, text=_public(h.name, h.data)) for h in record.happenings]
        return TicketStatus(
            number=ticket.number,
            title=words["confidential_title"] if ticket.contact.confidential else ticket.title,
            state=record.state,
            lead_unit=_unit_now(record),
            shown_due=shown_date(dates.due),
            due=dates.due,
            changes=dates.changes,
            confidential=ticket.contact.confidential,
            steps=tuple(reversed(steps)),
            kind=ticket.kind_label,
            filed_at=ticket.filed_at,
            mark=record.receipt.mark if record.receipt else "",
        )


def _unit_now(record: Record) -> str:
    """Return the unit that answers for the ticket by now."""
    given = (str(one.data["unit"]) for one in reversed(record.happenings) if one.name == "reassigned")
    return next(given, record.ticket.lead_unit)


def _public(name: str, data: Mapping[str, object]) -> str:
    """Return what the petitioner reads of an event: the unit, and what it or the centre says; people are masked."""
    said = ("unit", "text", "reason") if name in FROM_DESK or name in FROM_STAFF else ("unit",)
    return "\n".join(str(data[part]) for part in said if data.get(part))


def _client_id(key: str) -> str:
    return key.rpartition(":")[2]


def sent_of(reply: StoredReply) -> SentReply:
    """Return ``reply`` as channels see it."""
    return SentReply(id=reply.id, in_reply_to=_client_id(reply.message_key), at=reply.at, reply=reply.reply)


def said_of(utterances: Sequence[Utterance]) -> tuple[Said, ...]:
    """Return ``utterances`` as pages show them."""
    said: list[Said] = []
    for one in utterances:
        if not one.message.unasked:
            said.append(InboundText.of(one.message, pending=not one.settled))
        said += map(sent_of, one.replies)
    return tuple(said)


class PublicArticles:
    """Fills the pages' port over the published answers from the library."""

    def __init__(self, library: Library, feedback: Feedback, noted: Noted) -> None:
        self._library, self._feedback, self._noted = library, feedback, noted

    async def search(self, question: str, *, limit: int) -> Finding:
        """Return hits best first."""
        finding = await self._library.search(question, limit=limit)
        if finding.answered:
            self._noted.used(finding.hits[0].article_id)
        return finding

    async def article(self, id: str) -> Hit | None:
        """Return one article that holds now."""
        return self._library.hit(id)

    async def related(self, id: str) -> tuple[Hit, ...]:
        """Return the articles to read on after one, as far as they hold now."""
        return self._library.related(id)

    async def listed(self) -> tuple[Hit, ...]:
        """Return every article that holds now, by its external id."""
        return tuple(hit_of(article, score=1.0) for article in self._library.current())

    async def opinion(self, id: str, *, solved: bool, text: str) -> None:
        """Count what somebody thinks of an article; what is wrong with it goes to the editors."""
        article = self._library.article(id)
        if article is None:
            return
        self._noted.thought(id, solved=solved)
        if text:
            await self._feedback.correct(id, article.version, text, account_id=None)
