"""Papers: written by the centre or a unit over the figures of a period, approved by somebody else, then frozen and sent."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from dispatch_desk.returns import NOTICE
from dispatch_desk.store import facts, papers
from dispatch_desk.store.papers import APPROVED, DRAFT, Body, Chosen, Paper, PaperStep
from groundwork.audit import Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Connection, Pool, lock, storage_errors
from groundwork.outbox import Owed, owe
from groundwork.vault import Vault
from hotline.analysis import Analysis, Seen, analyse
from hotline.citypack import CityPack
from hotline.law import Provision
from hotline.notices import Notice, names_people
from hotline.papers import is_of_unit, is_public, lacking, owed, papers_of, periods_of
from hotline.periods import Period
from hotline.records import to_record
from hotline.ticket import is_ticket_number, normalised

MOST = 100  #: papers of a list
MAX_WORDS = 5_000  #: characters of one part
MAX_CASES, MAX_LINE = 20, 300
SENT, READ, PUBLISHED, WITHDRAWN = "sent", "read", "published", "withdrawn"
#: Parts for which no case need be read.
_COUNTED_ALONE = frozenset(
    {
        "count", "kinds", "units", "areas", "topics", "channels", "opinions", "growing", "new", "seasonal", "instructed",
        "cases", "words", "seats",
    }
)  # fmt: skip
_YEAR = timedelta(days=366)
LANE = "notices"  #: one after the other, so that what is taken back stays so


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A paper as its page shows it."""

    paper: Paper
    rule: Provision
    period: Period
    figures: Analysis
    steps: Sequence[PaperStep]

    @property
    def is_frozen(self) -> bool:
        """Whether it was approved and changes no more."""
        return self.paper.state == APPROVED

    def is_draft_of(self, scope: str | None) -> bool:
        """Tell whether it is a draft that the unit ``scope``, or the centre, may write on."""
        return not self.is_frozen and (self.paper.unit or None) == scope

    @property
    def is_out(self) -> bool:
        """Whether it stands on the public's page."""
        last = next((one.step for one in reversed(self.steps) if one.step in (PUBLISHED, WITHDRAWN)), "")
        return last == PUBLISHED

    @property
    def may_publish(self) -> bool:
        """Whether it may be put on the public's page."""
        return self.is_frozen and is_public(self.rule) and not self.is_out


Publish: TypeAlias = Callable[[Shown], Notice]


class Papers:
    """The papers of one city's centre and units."""

    def __init__(self, pool: Pool, vault: Vault, audit: Audit, pack: CityPack, *, clock: Clock) -> None:
        self._pool, self._vault, self._audit, self.clock, self.pack = pool, vault, audit, clock, pack

    def rules(self, scope: str | None) -> tuple[Provision, ...]:
        """Return the rules by which somebody may begin a paper; ``scope`` is the unit, ``None`` the centre."""
        return papers_of(self.pack, of_unit=scope is not None)

    async def listed(self, scope: str | None) -> Sequence[tuple[Paper, Provision]]:
        """Return the papers that somebody may see, newest first; the centre sees those of units once approved."""
        async with storage_errors(), self._pool.acquire() as connection:
            if scope is not None:
                found = await papers.seen_by(connection, self._vault, scope, limit=MOST)
            else:
                found = await papers.latest(connection, self._vault, limit=MOST)
        known = ((paper, self._rule(paper.rule)) for paper in found)
        return [
            (paper, rule) for paper, rule in known if rule and _is_seen(paper, rule, scope, was_sent=True)
        ]

    async def missing(self, scope: str | None) -> Mapping[str, Period]:
        """Return the period that is over and has no approved paper, by the rule that asks for one in its rhythm."""
        due = {rule.id: period for rule in self.rules(scope) if (period := owed(rule, self.clock()))}
        async with storage_errors(), self._pool.acquire() as connection:
            there = await papers.approved(connection, scope or "", [period.name for period in due.values()])
        return {id: period for id, period in due.items() if (id, period.name) not in there}

    async def begin(self, id: str, name: str, *, scope: str | None, by: Author) -> int | None:
        """Begin the paper of a rule for a period; ``None`` where nobody may write such a one now."""
        rule = next((rule for rule in self.rules(scope) if rule.id == id), None)
        now = self.clock()
        if (
            rule is None
            or scope == ""
            or by.account_id is None
            or name not in {one.name for one in periods_of(rule, now)}
        ):
            return None
        paper = Paper(
            id=0, rule=id, period=name, unit=scope or "", state=DRAFT, account_id=by.account_id, at=now, body=Body()
        )  # fmt: skip
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            number = await papers.insert(connection, self._vault, paper)
            await self._note(connection, Action.PAPER_WRITTEN, number, by, id)
        return number

    async def find(self, id: int, *, scope: str | None, reader: Author) -> Shown | None:
        """Return a paper that somebody may see; that a unit opened what was sent to it is noted once for each account."""
        async with storage_errors(), self._pool.acquire() as connection:
            shown = await self._find(connection, id, scope)
        if shown is None or scope is None or shown.paper.unit or _was_read(shown, reader):
            return shown
        await self.note(id, READ, "", scope=scope, by=reader)
        async with storage_errors(), self._pool.acquire() as connection:
            return await self._find(connection, id, scope)

    async def write(
        self, id: int, words: Mapping[str, str], lines: str, *, scope: str | None, by: Author
    ) -> tuple[str, ...] | None:
        """Keep what was written in a draft; return what is wrong in it, ``None`` where there is no draft of theirs."""
        async with self._alone_with(id) as connection:
            shown = await self._find(connection, id, scope)
            if shown is None or not shown.is_draft_of(scope):
                return None
            chosen = await self._chosen(connection, lines, scope)
            kept = {name: words.get(name, "").strip()[:MAX_WORDS] for name in shown.rule.requires}
            cases = shown.paper.body.cases if chosen is None else chosen
            body = replace(shown.paper.body, words=kept, cases=cases)
            await self._keep(connection, shown.paper, body, DRAFT, by=by)
        return () if chosen is not None else ("cases",)

    async def approve(
        self, id: int, approver: str, *, scope: str | None, by: Author, writer: str
    ) -> tuple[str, ...] | None:
        """Freeze a draft with the figures of this moment; return what it lacks, ``None`` where there is no draft of theirs."""
        async with self._alone_with(id) as connection:
            shown = await self._find(connection, id, scope)
            if shown is None or not shown.is_draft_of(scope):
                return None
            body = shown.paper.body
            wrong = lacking(shown.rule, body.words, len(body.cases), approver=approver, writer=writer)
            if not wrong:
                frozen = replace(body, approver=approver.strip(), figures=shown.figures)
                await self._keep(connection, shown.paper, frozen, APPROVED, by=by)
        return wrong

    async def note(
        self, id: int, step: str, said: str, *, scope: str | None, by: Author, publish: Publish | None = None
    ) -> tuple[str, ...] | None:
        """Note what became of an approved paper; the notice that ``publish`` makes of it goes to everybody.

        Returns ``personal`` where the notice seems to name somebody, ``None`` where the step cannot be.
        """
        async with self._alone_with(id) as connection:
            shown = await self._find(connection, id, scope)
            if shown is None or by.account_id is None or not _may(step, shown, scope):
                return None
            notice = publish(shown) if publish else None
            if notice and names_people((part.text for part in notice.parts), self.pack.finder):
                return ("personal",)
            one = PaperStep(
                step=step, account_id=by.account_id, unit=scope or "", at=self.clock(), said=said[:MAX_LINE]
            )
            await papers.add_step(connection, self._vault, id, one)
            await self._note(connection, Action.PAPER_STEP, id, by, step)
            if notice is not None:
                key, body = f"{notice.id}:{notice.sequence}", to_record(notice)
                effect = Owed(key=key, lane=LANE, kind=NOTICE, body=body)
                await owe(connection, self._vault, [effect], clock=self.clock)
        return ()

    async def figures(self, shown: Sequence[str], period: Period, *, unit: str | None) -> Analysis:
        """Return what the parts ``shown`` show of a period now; with ``unit`` given of its cases alone."""
        async with storage_errors(), self._pool.acquire() as connection:
            return await self._figures(connection, shown, period, unit)

    async def _figures(
        self, connection: Connection, shown: Sequence[str], period: Period, unit: str | None
    ) -> Analysis:
        every = (period, period.previous, period.year_ago, period.next.year_ago)
        counts = [await facts.counted(connection, one, unit=unit) for one in every]
        alone, ordered = _COUNTED_ALONE.issuperset(shown), "instructed" in shown
        seen = Seen(
            period=period, now=self.clock(), counts=counts[0], before=counts[1], year_ago=counts[2], ahead=counts[3],
            cases=() if alone else await facts.of_period(connection, period, unit=unit),
            instructed=await facts.instructed(connection, first=period.end - _YEAR, until=period.end) if ordered else (),
        )  # fmt: skip
        return analyse(shown, seen)

    async def _find(self, connection: Connection, id: int, scope: str | None) -> Shown | None:
        paper = await papers.find(connection, self._vault, id)
        steps = await papers.steps_of(connection, self._vault, id) if paper else ()
        rule = self._rule(paper.rule) if paper else None
        was_sent = any(one.step == SENT for one in steps)
        if paper is None or rule is None or not _is_seen(paper, rule, scope, was_sent=was_sent):
            return None
        period, unit = Period.of(paper.period), paper.unit or None
        figures = paper.body.figures or await self._figures(connection, rule.shows, period, unit)
        return Shown(paper=paper, rule=rule, period=period, figures=figures, steps=steps)

    async def _keep(
        self, connection: Connection, paper: Paper, body: Body, state: str, *, by: Author
    ) -> None:
        account = by.account_id or paper.account_id
        kept = replace(paper, body=body, state=state, account_id=account, at=self.clock())
        await papers.update(connection, self._vault, kept)
        action = Action.PAPER_APPROVED if state == APPROVED else Action.PAPER_WRITTEN
        await self._note(connection, action, paper.id, by, paper.rule)

    async def _chosen(
        self, connection: Connection, lines: str, scope: str | None
    ) -> tuple[Chosen, ...] | None:
        """Return the cases that lines of "number, words" choose; ``None`` where one of them is no case of theirs."""
        rows = [line.split(maxsplit=1) for line in lines.splitlines() if line.strip()]
        chosen = tuple(
            Chosen(number=normalised(row[0]), says=(row[1] if len(row) > 1 else "")[:MAX_LINE])
            for row in rows
        )
        numbers = [one.number for one in chosen]
        known = await papers.known_cases(connection, [*filter(is_ticket_number, numbers)], unit=scope)
        return chosen if len(chosen) <= MAX_CASES and known.issuperset(numbers) else None

    def _rule(self, id: str) -> Provision | None:
        return next((rule for rule in papers_of(self.pack) if rule.id == id), None)

    @asynccontextmanager
    async def _alone_with(self, id: int) -> AsyncIterator[Connection]:
        """Open a transaction in which nobody else touches the paper."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            await lock(connection, f"paper:{id}")
            yield connection

    async def _note(self, connection: Connection, action: Action, id: int, by: Author, why: str) -> None:
        await self._audit.note(connection, action, "paper", str(id), by=by, why=why)


def _is_seen(paper: Paper, rule: Provision, scope: str | None, *, was_sent: bool) -> bool:
    """Tell whether a unit, or the centre, may see a paper: its own, what was sent to units, what units approved."""
    if scope is None:
        return not paper.unit or paper.state == APPROVED
    if not scope:
        return False  # an account without a unit has none
    return paper.unit == scope or (not is_of_unit(rule) and "unit" in rule.to and was_sent)


def _may(step: str, shown: Shown, scope: str | None) -> bool:
    if not shown.is_frozen:
        return False
    if scope is not None:
        return step == READ and not shown.paper.unit
    return {PUBLISHED: shown.may_publish, WITHDRAWN: shown.is_out}.get(step, step in (SENT, READ))


def _was_read(shown: Shown, reader: Author) -> bool:
    return any(one.step == READ and one.account_id == reader.account_id for one in shown.steps)
