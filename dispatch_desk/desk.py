"""What the desk does, each in one transaction: take events, show cases, sign, reply."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dispatch_desk import returns
from dispatch_desk.cases import Case, arrived, as_it_stands, file_of, law_of, receive, replied_data, said_of
from dispatch_desk.following import taken_of
from dispatch_desk.moves import Move, Mover
from dispatch_desk.replying import Draft, Gate, Outcome, Reply
from dispatch_desk.store import cases, events, replies, steps
from dispatch_desk.store.cases import Happening
from dispatch_desk.texting import Texting
from groundwork.audit import MAX_WORDS, Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.outbox import Owed, owe
from groundwork.vault import Vault
from hotline.analysis import topic_of
from hotline.caseclock import MOVES_DATES, changes_of, dues_of
from hotline.casework import CaseFile, CaseStep, Stage, Step, Taken
from hotline.citypack import CityPack
from hotline.dates import Change
from hotline.events import Event
from hotline.law import Item
from hotline.procedure import Offer, Refused, choices_of, lacking, may, may_reply, offers, rule_of, take
from hotline.records import to_record
from hotline.vocabulary import CONTENTS

log = logging.getLogger(__name__)

_ELSEWHERE = (Step.SIGN, Step.REPLY)  #: steps with a form of their own on the case page


@dataclass(frozen=True, kw_only=True, slots=True)
class Entered:
    """What became of a step that somebody wanted to take; with neither of these it is on record."""

    refused: Refused | None = None
    lacking: tuple[str, ...] = ()  #: contents of its form
    again: bool = False  #: it was on record already

    @property
    def taken(self) -> bool:
        """Whether the step is on record."""
        return self.refused is None and not self.lacking


@dataclass(frozen=True, kw_only=True, slots=True)
class Casework:
    """What was done to a case and what may be done now, by somebody."""

    begun: datetime  #: when the unit that leads got it
    steps: Sequence[Taken]
    labels: Mapping[Step, str]
    choices: Mapping[str, Mapping[str, Item]]  #: what each form's ``category`` may be
    called: Callable[[Taken], str]  #: what the city calls a step; empty where its casework has no form for it
    offers: Sequence[Offer]
    reply: Offer
    changes: Sequence[Change]


class Desk:
    """The cases of one city's dispatch centre."""

    def __init__(
        self, pool: Pool, vault: Vault, audit: Audit, *, clock: Clock, source: str, pack: CityPack, gate: Gate,
        texting: Texting | None = None,
    ) -> None:  # fmt: skip
        self._pool, self._vault, self._audit, self.clock, self._texting = pool, vault, audit, clock, texting
        self._source, self._pack, self._gate = source, pack, gate

    async def take(self, event: Event) -> bool:
        """Keep an event from the gateway and apply it as soon as its case is there; ``False`` if known."""
        now = self.clock()
        async with self._alone_with(event.subject) as connection:
            if not await events.keep(connection, self._vault, event, at=now):
                return False
            if event.name == "filed":
                case = self._received(event, now)
                await cases.insert(connection, self._vault, case)
                await self._give(connection, case, now)
            if await cases.find(connection, self._vault, event.subject, known=False) is None:
                log.info("event.waiting", extra={"number": event.subject, "event_type": event.name})
                return True
            for waiting in await events.take_waiting(connection, self._vault, event.subject, at=now):
                await cases.remember(connection, self._vault, waiting, said_here=False)
                await self._as_step(connection, waiting)
        log.info("event.taken", extra={"number": event.subject, "event_type": event.name})
        return True

    async def sign(self, number: str, *, unit: str | None, by: Author) -> Entered | None:
        """Sign a case for its lead unit and owe the gateway word of it, once; ``None`` if there is no such case."""
        rule = next((rule.id for rule in self._pack.case_steps if rule.step == Step.SIGN), "")
        return await self.step(number, rule, {}, unit=unit, by=by, writer="")

    async def step(
        self, number: str, id: str, form: Mapping[str, str], *, unit: str | None, by: Author, writer: str, hand: str = ""
    ) -> Entered | None:  # fmt: skip
        """Take the step with that id of the city's rules, and owe the gateway what the citizen hears of it.

        ``writer`` is the name of whoever fills in ``form``; with a ``hand`` (``hotline.casework.LEADER``) it is for the caller to
        know that they see the case. The same form sent twice is one step; ``None`` if there is no such case or step.
        """
        async with self._alone_with(number) as connection:
            found = await self._file(connection, number, None if hand else unit)
            rule = None if found is None else self._rule(found[0], id)
            if found is None or rule is None:
                return None
            case, file, now = *found, self.clock()
            law = self._law(case)
            if _is_repeated(file, rule, form, by):
                return Entered(again=True)
            if refused := may(law, rule, file, unit=unit, at=now, hand=hand):
                return Entered(refused=refused)
            if wrong := lacking(law, rule, file, form, writer=writer, at=now):
                return Entered(lacking=wrong)
            for taken in take(
                law, rule, file, form, unit=unit, account=by.account_id, writer=writer, at=now, hand=hand
            ):
                before = file
                case, file = await self._record(connection, case, file, taken)
                for name, data in said_of(rule, before, taken, case.dues):
                    await self._say(connection, case, name, data, now)
            action = Action.CASE_SIGNED if rule.step == Step.SIGN else Action.CASE_STEP
            await self._audit.note(connection, action, "case", number, by=by, why=rule.id)
        log.info("case.step", extra={"number": number, "step": rule.step, "account_id": by.account_id})
        return Entered()

    def units(self) -> tuple[str, ...]:
        """Return the names of the units that a case may be given to."""
        return tuple(unit.name for unit in self._pack.units)

    async def casework(
        self, case: Case, *, unit: str | None, known: bool = False, hand: str = ""
    ) -> Casework:
        """Return what was done to a case that the caller may see, and what ``unit``, or that ``hand``, may do now."""
        async with storage_errors(), self._pool.acquire() as connection:
            taken = await steps.of_case(connection, self._vault, case.number, known=known)
        law, file, now = self._law(case), file_of(case, taken), self.clock()
        return Casework(
            begun=file.begun,
            steps=file.steps,
            labels={Step(rule.step): rule.label for rule in reversed(law.case_steps)},
            choices={rule.id: choices_of(law, rule) for rule in law.case_steps if rule.chosen_of},
            called=lambda taken: rule.label if (rule := rule_of(law, taken)) else "",
            offers=[
                one for one in offers(law, file, unit=unit, at=now, hand=hand) if one.step not in _ELSEWHERE
            ],
            reply=may_reply(law, file, unit=unit, at=now),
            changes=changes_of(law, case.filed, file.steps),
        )

    async def reply(
        self, number: str, text: str, form: Mapping[str, str], *, unit: str | None, by: Author, writer: str
    ) -> Outcome | tuple[str, ...] | None:
        """Send a unit's reply to a case and owe the gateway word of it, or hold it back with what was found.

        With ``unit`` given only to one of that unit's. A reply to a case that has one changes nothing; the names of
        contents that ``form`` lacks come back; ``None`` where there is no such case or the city's text lets none leave yet.
        """
        async with self._alone_with(number) as connection:
            found = await self._file(connection, number, unit)
            if found is None:
                return None
            case, file, now = *found, self.clock()
            if not file.is_open:
                return Outcome.SENT
            offer = may_reply(self._law(case), file, unit=unit, at=now)
            if offer.refused is not None or offer.rule is None:
                return None
            if wrong := lacking(self._law(case), offer.rule, file, form, writer=writer, at=now):
                return wrong
            asked = (*offer.requires, *offer.rule.optional)
            data = {name: form[name].strip() for name in asked if form.get(name, "").strip()}
            draft = Draft(text=text, findings=self._gate(case, file.cases, text))
            outcome = Outcome.HELD if draft.against else Outcome.SENT
            await replies.insert(connection, self._vault, number, draft, outcome, at=now)
            if outcome is Outcome.SENT:
                await self._answer(connection, case, file, draft, data, by=by)
            else:
                held = Taken(step=Step.HOLD_REPLY, at=now, unit=file.lead, by=by.account_id,
                             data=data | {"basis": _rules(draft)})  # fmt: skip
                await self._record(connection, case, file, held)
            action = Action.REPLY_HELD if draft.against else Action.REPLY_SENT
            await self._audit.note(connection, action, "case", number, by=by, why=_rules(draft))
        log.info("reply.entered", extra={"number": number, "outcome": outcome, "account_id": by.account_id})
        return outcome

    async def overrule(self, number: str, id: int, reason: str, *, by: Author) -> bool:
        """Send the held reply ``id`` for a reason; ``False`` where it is not the last one or is held no more."""
        async with self._alone_with(number) as connection:
            found = await self._file(connection, number, None)
            held = await replies.latest(connection, self._vault, number)
            if found is None or held is None or held.id != id or held.outcome is not Outcome.HELD:
                return False
            case, file = found
            holds = file.of(Step.HOLD_REPLY)
            if file.stage is not Stage.SIGNED or not holds:  # another unit's reply goes nowhere
                return False
            draft = replace(held.draft, reason=reason)
            await replies.overrule(connection, self._vault, number, id, draft)
            approved = next((one.data["approver"] for one in reversed(holds) if "approver" in one.data), "")
            data = {"reason": reason} | ({"approver": approved} if approved else {})
            await self._answer(connection, case, file, draft, data, by=by)
            await self._audit.note(
                connection, Action.REPLY_OVERRULED, "case", number, by=by, why=_rules(draft)
            )
        log.info("reply.overruled", extra={"number": number, "account_id": by.account_id})
        return True

    async def move(
        self, number: str, mover: Mover, *, unit: str | None, action: Action, by: Author
    ) -> str | None:
        """Take the step that ``mover`` decides on and owe the gateway word of it; return what is in its way, if anything.

        With ``unit`` given only on a case that it leads. ``None`` where there is no such case.
        """
        async with self._alone_with(number) as connection:
            found = await self._file(connection, number, unit)
            if found is None or not _leads(found[0], unit):
                return None
            (case, file), now = found, self.clock()
            moved = mover(case, file.steps, now)
            if not isinstance(moved, Move):
                return moved
            case, _ = await self._record(connection, case, file, moved.taken)
            if moved.event:
                await self._say(connection, case, moved.event, dict(moved.told), now)
            await self._audit.note(connection, action, "case", number, by=by, why=moved.taken.step)
        log.info(
            "case.moved", extra={"number": number, "step": moved.taken.step, "account_id": by.account_id}
        )
        return ""

    async def last_reply(self, number: str) -> Reply | None:
        """Return the last reply to a case that the caller may see."""
        async with storage_errors(), self._pool.acquire() as connection:
            return await replies.latest(connection, self._vault, number)

    async def look_at_person(self, number: str, *, unit: str | None, by: Author, why: str) -> bool:
        """Note that somebody looks at who filed a case; ``False`` where there is nobody to be looked at."""
        async with self._alone_with(number) as connection:
            case = await cases.find(connection, self._vault, number, known=False)
            if case is None or not _leads(case, unit) or not case.has_person:
                return False
            await self._audit.note(connection, Action.PERSON_SEEN, "case", number, by=by, why=why)
        return True

    async def note_file(self, number: str, place: int, *, by: Author) -> None:
        """Note that somebody opens the ``place``-th file of a case."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await self._audit.note(connection, Action.FILE_SEEN, "case", number, by=by, why=str(place))

    async def find(
        self, number: str, *, unit: str | None, known: bool = False
    ) -> tuple[Case, Sequence[Happening]] | None:
        """Return a case with its history, newest first; with ``unit`` given only one of that unit.

        Without ``known``, which ``look_at_person`` must have allowed, whatever tells who people are is masked.
        """
        async with storage_errors(), self._pool.acquire() as connection:
            case = await cases.find(connection, self._vault, number, known=known)
            if case is None or not case.is_seen_by(unit):
                return None
            return case, await cases.history(connection, self._vault, number, known=known)

    async def _answer(
        self, connection: Connection, case: Case, file: CaseFile, draft: Draft, data: Mapping[str, str], *, by: Author
    ) -> None:  # fmt: skip
        now = self.clock()
        taken = Taken(step=Step.REPLY, at=now, unit=file.lead, by=by.account_id, data=data)
        answered, _ = await self._record(connection, case, file, taken)
        await self._say(connection, answered, "replied", replied_data(answered, draft.text), now)

    async def _file(
        self, connection: Connection, number: str, unit: str | None
    ) -> tuple[Case, CaseFile] | None:
        """Return a case that ``unit`` may see, and how it stands."""
        case = await cases.find(connection, self._vault, number, known=True)
        if case is None or not case.is_seen_by(unit):
            return None
        taken = await steps.of_case(connection, self._vault, number, known=True)
        return case, file_of(case, taken)

    async def _as_step(self, connection: Connection, event: Event) -> None:
        """Put what the petitioner did among the steps; a rating is the view that a follow-up would ask for."""
        taken = taken_of(event)
        found = None if taken is None else await self._file(connection, event.subject, None)
        if taken is not None and found is not None:
            await self._record(connection, *found, taken)

    async def _record(
        self, connection: Connection, case: Case, file: CaseFile, taken: Taken
    ) -> tuple[Case, CaseFile]:
        """Put a step on record, with the dates that it moves."""
        await steps.insert(connection, self._vault, case.number, taken)
        file = file.after(taken)
        moved = dues_of(self._law(case), file) if taken.step in MOVES_DATES else ()
        before, case = case, as_it_stands(case, file, moved or case.dues)
        await cases.update(connection, self._vault, case)
        if case.lead_unit != before.lead_unit:
            await self._give(connection, case, taken.at)
        return case, file

    async def _give(self, connection: Connection, case: Case, at: datetime) -> None:
        if self._texting is not None:
            await self._texting.give(connection, case, at=at)

    def _received(self, event: Event, now: datetime) -> Case:
        case = arrived(self._pack, receive(event, at=now))
        said = "\n".join(str(case.ticket.get(name) or "") for name in ("title", "summary", "text"))
        return replace(case, topic=topic_of(said, self._pack.reply_words.subjects))

    def _law(self, case: Case) -> CityPack:
        """Return the law of the day on which a case was filed."""
        return law_of(self._pack, case)

    def _rule(self, case: Case, id: str) -> CaseStep | None:
        rules = (rule for rule in self._law(case).case_steps if rule.step != Step.REPLY)
        return next((rule for rule in rules if rule.id == id), None)

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
    return ",".join(dict.fromkeys(finding.rule for finding in draft.against))[:MAX_WORDS]


def _is_repeated(file: CaseFile, rule: CaseStep, form: Mapping[str, str], by: Author) -> bool:
    """Tell whether the last step is this one, from the same form and hand: a second click."""
    ends = file.steps[-2:]  # a grant is followed by the dispatch that the same form brought
    last = ends[0 if rule.step == Step.GRANT_RETURN else -1] if ends else None
    return (
        last is not None
        and (last.step, last.by, last.data.get("form")) == (rule.step, by.account_id, rule.id)
        and all(form.get(name, "").strip() == value for name, value in last.data.items() if name in CONTENTS)
    )


def _leads(case: Case, unit: str | None) -> bool:
    """Tell whether ``unit`` answers for the case: what its co-handlers may see they may not all do."""
    return unit is None or case.lead_unit == unit
