"""What the desk does, each in one transaction: take events, show cases, sign, reply."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from dispatch_desk import returns
from dispatch_desk.cases import Case, Reckon, State, answer, receive, replied_data, sign, signed_data
from dispatch_desk.following import followed, taken_of, with_follow_up
from dispatch_desk.moves import Move, Mover
from dispatch_desk.replying import Draft, Gate, Outcome, Reply
from dispatch_desk.store import cases, events, replies, steps
from dispatch_desk.store.cases import Happening
from groundwork.audit import MAX_WORDS, Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.outbox import Owed, owe
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME
from hotline.casework import Step, Taken
from hotline.events import Event
from hotline.records import to_record

log = logging.getLogger(__name__)

PAGE = 100  #: cases on one page of the list


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """One page of the list, with the size of each view."""

    cases: Sequence[Case]
    counts: dict[str, int]
    more: bool


class Desk:
    """The cases of one city's dispatch centre."""

    def __init__(
        self, pool: Pool, vault: Vault, audit: Audit, *, clock: Clock, source: str, reckon: Reckon, gate: Gate
    ) -> None:
        self._pool, self._vault, self._audit, self.clock = pool, vault, audit, clock
        self._source, self._reckon, self._gate = source, reckon, gate

    async def take(self, event: Event) -> bool:
        """Keep an event from the gateway and apply it as soon as its case is there; ``False`` if known."""
        now = self.clock()
        async with self._alone_with(event.subject) as connection:
            if not await events.keep(connection, self._vault, event, at=now):
                return False
            if event.name == "filed":
                await cases.insert(connection, self._vault, receive(event, at=now))
            if await cases.find(connection, self._vault, event.subject, known=False) is None:
                log.info("event.waiting", extra={"number": event.subject, "event_type": event.name})
                return True
            for waiting in await events.take_waiting(connection, self._vault, event.subject, at=now):
                await cases.remember(connection, self._vault, waiting, said_here=False)
                await self._as_step(connection, waiting)
        log.info("event.taken", extra={"number": event.subject, "event_type": event.name})
        return True

    async def sign(self, number: str, *, by: Author) -> bool | None:
        """Sign a case for its lead unit and owe the gateway word of it, once.

        ``False`` if it was signed before, ``None`` if there is no such case.
        """
        async with self._alone_with(number) as connection:
            case = await cases.find(connection, self._vault, number, known=True)
            if case is None:
                return None
            now = self.clock()
            signed = sign(case, unit=case.lead_unit, at=now, dues=self._reckon(case, now))
            if signed is None:
                return False
            await cases.update(connection, self._vault, signed)
            taken = Taken(step=Step.SIGN, at=now, unit=signed.signed_unit, by=by.account_id)
            await steps.insert(connection, self._vault, number, taken)
            await self._say(connection, signed, "signed", signed_data(signed), now)
            await self._audit.note(connection, Action.CASE_SIGNED, "case", number, by=by)
        log.info("case.signed", extra={"number": number, "account_id": by.account_id})
        return True

    async def reply(self, number: str, text: str, *, unit: str | None, by: Author) -> Outcome | None:
        """Send a unit's reply to a case and owe the gateway word of it, or hold it back with what was found.

        With ``unit`` given only to one of that unit's. A reply to a case that has one changes nothing; ``None`` where
        there is no such case or nobody has signed it.
        """
        async with self._alone_with(number) as connection:
            case = await cases.find(connection, self._vault, number, known=True)
            if case is None or not _may_see(case, unit) or case.state is State.RECEIVED:
                return None
            now = self.clock()
            answered = answer(case, at=now)
            if answered is None:
                return Outcome.SENT
            draft = Draft(text=text, findings=self._gate(case, text))
            outcome = Outcome.HELD if draft.findings else Outcome.SENT
            await replies.insert(connection, self._vault, number, draft, outcome, at=now)
            if outcome is Outcome.SENT:
                await self._answer(connection, answered, draft, now, by=by)
            else:
                held = Taken(
                    step=Step.HOLD_REPLY,
                    at=now,
                    unit=case.lead_unit,
                    by=by.account_id,
                    data={"basis": _rules(draft)},
                )
                await steps.insert(connection, self._vault, number, held)
            action = Action.REPLY_HELD if draft.findings else Action.REPLY_SENT
            await self._audit.note(connection, action, "case", number, by=by, why=_rules(draft))
        log.info("reply.entered", extra={"number": number, "outcome": outcome, "account_id": by.account_id})
        return outcome

    async def overrule(self, number: str, id: int, reason: str, *, by: Author) -> bool:
        """Send the held reply ``id`` for a reason; ``False`` where it is not the last one or is held no more."""
        async with self._alone_with(number) as connection:
            case = await cases.find(connection, self._vault, number, known=True)
            held = await replies.latest(connection, self._vault, number)
            if case is None or held is None or held.id != id or held.outcome is not Outcome.HELD:
                return False
            now = self.clock()
            answered = answer(case, at=now)
            if answered is None:
                return False
            draft = replace(held.draft, reason=reason)
            await replies.overrule(connection, self._vault, number, id, draft)
            await self._answer(connection, answered, draft, now, by=by)
            await self._audit.note(
                connection, Action.REPLY_OVERRULED, "case", number, by=by, why=_rules(draft)
            )
        log.info("reply.overruled", extra={"number": number, "account_id": by.account_id})
        return True

    async def move(
        self, number: str, mover: Mover, *, unit: str | None, action: Action, by: Author
    ) -> str | None:
        """Take the step that ``mover`` decides on and owe the gateway word of it; return what is in its way, if anything.

        With ``unit`` given only on one of that unit's cases. ``None`` where there is no such case.
        """
        async with self._alone_with(number) as connection:
            case = await cases.find(connection, self._vault, number, known=True)
            if case is None or not _may_see(case, unit):
                return None
            now = self.clock()
            moved = mover(case, await steps.of_case(connection, self._vault, number, known=True), now)
            if not isinstance(moved, Move):
                return moved
            await self._make(connection, case, moved, now)
            await self._audit.note(connection, action, "case", number, by=by, why=moved.taken.step)
        log.info(
            "case.moved", extra={"number": number, "step": moved.taken.step, "account_id": by.account_id}
        )
        return ""

    async def taken(self, number: str, *, known: bool = False) -> Sequence[Taken]:
        """Return the steps taken on a case that the caller may see, oldest first."""
        async with storage_errors(), self._pool.acquire() as connection:
            return await steps.of_case(connection, self._vault, number, known=known)

    async def last_reply(self, number: str) -> Reply | None:
        """Return the last reply to a case that the caller may see."""
        async with storage_errors(), self._pool.acquire() as connection:
            return await replies.latest(connection, self._vault, number)

    async def look_at_person(self, number: str, *, unit: str | None, by: Author, why: str) -> bool:
        """Note that somebody looks at who filed a case; ``False`` where there is nobody to be looked at."""
        async with self._alone_with(number) as connection:
            case = await cases.find(connection, self._vault, number, known=False)
            if case is None or not _may_see(case, unit) or not case.has_person:
                return False
            await self._audit.note(connection, Action.PERSON_SEEN, "case", number, by=by, why=why)
        return True

    async def find(
        self, number: str, *, unit: str | None, known: bool = False
    ) -> tuple[Case, Sequence[Happening]] | None:
        """Return a case with its history, newest first; with ``unit`` given only one of that unit.

        Without ``known``, which ``look_at_person`` must have allowed, whatever tells who people are is masked.
        """
        async with storage_errors(), self._pool.acquire() as connection:
            case = await cases.find(connection, self._vault, number, known=known)
            if case is None or not _may_see(case, unit):
                return None
            return case, await cases.history(connection, self._vault, number, known=known)

    async def listing(self, view: str, *, page: int, unit: str | None) -> Listing:
        """Return the ``page``-th page, from 0, of one of ``store.cases.VIEWS``; with ``unit`` given only its cases."""
        now = self.clock()
        tomorrow = datetime.combine(now.astimezone(CITY_TIME).date() + timedelta(days=1), time(), CITY_TIME)
        async with storage_errors(), self._pool.acquire() as connection:
            counts = await cases.counts(connection, now=now, tomorrow=tomorrow, unit=unit)
            found = await cases.page(
                connection, self._vault, view, now=now, tomorrow=tomorrow, unit=unit, limit=PAGE + 1,
                offset=page * PAGE,
            )  # fmt: skip
        return Listing(cases=found[:PAGE], counts=counts, more=len(found) > PAGE)

    async def _answer(
        self, connection: Connection, case: Case, draft: Draft, now: datetime, *, by: Author
    ) -> None:
        case = with_follow_up(case, self._reckon(case, case.signed_at or now))
        await cases.update(connection, self._vault, case)
        taken = Taken(step=Step.REPLY, at=now, unit=case.lead_unit, by=by.account_id)
        await steps.insert(connection, self._vault, case.number, taken)
        await self._say(connection, case, "replied", replied_data(case, draft.text), now)

    async def _make(self, connection: Connection, before: Case, move: Move, now: datetime) -> None:
        case = move.case or before
        await steps.insert(connection, self._vault, case.number, move.taken)
        if move.case is not None:
            await cases.update(connection, self._vault, move.case)
        if move.event:
            await self._say(connection, case, move.event, dict(move.told or {}), now)

    async def _as_step(self, connection: Connection, event: Event) -> None:
        """Put what the petitioner did among the steps; a rating is the view that a follow-up would ask for."""
        taken = taken_of(event)
        if taken is None:
            return
        await steps.insert(connection, self._vault, event.subject, taken)
        case = await cases.find(connection, self._vault, event.subject, known=True)
        if case is not None and taken.step is Step.RATE and followed(case) != case:
            await cases.update(connection, self._vault, followed(case))

    async def _say(
        self, connection: Connection, case: Case, name: str, data: dict[str, Any], now: datetime
    ) -> None:
        sequence = await cases.next_sequence(connection, case.number)
        event = Event(
            id=f"{case.number}-{sequence}",
            source=self._source,
            name=name,
            subject=case.number,
            sequence=sequence,
            at=now,
            data=data,
        )
        await cases.remember(connection, self._vault, event, said_here=True)
        key, lane = f"{event.source}:{event.id}", f"case:{case.number}"
        owed = Owed(key=key, lane=lane, kind=returns.KIND, body=to_record(event))
        await owe(connection, self._vault, [owed], clock=self.clock)

    @asynccontextmanager
    async def _alone_with(self, number: str) -> AsyncIterator[Connection]:
        """Open a transaction in which nobody else touches the case ``number``."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await lock(connection, f"case:{number}")
            yield connection


def _rules(draft: Draft) -> str:
    """Return the rules that were broken as the audit log holds them."""
    return ",".join(dict.fromkeys(finding.rule for finding in draft.findings))[:MAX_WORDS]


def _may_see(case: Case, unit: str | None) -> bool:
    return unit is None or case.lead_unit == unit
