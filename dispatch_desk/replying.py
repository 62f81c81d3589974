"""A unit's reply at the desk: what the gate found in it, what became of it, how it is shown."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch_desk.cases import Case
from hotline.citypack import CityPack
from hotline.plainness import remarks_on
from hotline.reply_gate import Asked, Finding, judge_reply

MAX_REPLY, MIN_REASON, MAX_REASON = 10_000, 4, 500  #: characters


class Outcome(StrEnum):
    """What became of a reply."""

    HELD = "held"  #: not sent; the unit writes another, or somebody of the centre overrules
    SENT = "sent"
    OVERRULED = "overruled"  #: sent although something was found, for a reason on record


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A reply as it was entered, with what the gate said of it then."""

    text: str
    findings: tuple[Finding, ...] = ()
    reason: str = ""  #: why it was sent all the same

    @property
    def against(self) -> tuple[Finding, ...]:
        """What keeps it from being sent."""
        return tuple(finding for finding in self.findings if finding.holds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A draft on record."""

    id: int
    outcome: Outcome
    at: datetime
    draft: Draft


#: Finds fault with a text as the reply to a case that has turned out to be so.
Gate = Callable[[Case, Sequence[str], str], tuple[Finding, ...]]


def gate_of(pack: CityPack) -> Gate:
    """Return what finds fault with a reply to a case, by the law of this city."""

    def judge(case: Case, cases: Sequence[str], text: str) -> tuple[Finding, ...]:
        ticket = case.ticket
        asked = Asked(
            kind=ticket["kind"],
            ticket_class=ticket["class"],
            channel=ticket["channel"],
            anonymous=bool(ticket["contact"]["anonymous"]),
            cases=tuple(cases),
        )
        demand = "\n".join(str(ticket.get(name) or "") for name in ("title", "summary", "text"))
        return (*judge_reply(demand, text, pack, asked), *remarks_on(text, pack))

    return judge


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a reply's words; marked ones bear the number of their finding, from 1."""

    text: str
    number: int = 0


def pieces(draft: Draft) -> list[Piece]:
    """Return the reply cut at what the findings mark; where marks overlap the shorter one is shown."""
    taken: list[tuple[int, int, int]] = []
    marked = [(finding, number) for number, finding in enumerate(draft.findings, 1) if finding.span]
    for finding, number in sorted(marked, key=_shortest_first):
        start, end = finding.at, finding.at + len(finding.span)
        if not any(start < other_end and other_start < end for other_start, other_end, _ in taken):
            taken.append((start, end, number))
    return list(_cut(draft.text, sorted(taken)))


def _shortest_first(marked: tuple[Finding, int]) -> int:
    return len(marked[0].span)


def _cut(text: str, marks: Sequence[tuple[int, int, int]]) -> Iterator[Piece]:
    end = 0
    for start, stop, number in marks:
        if text[end:start]:
            yield Piece(text[end:start])
        yield Piece(text[start:stop], number)
        end = stop
    if text[end:]:
        yield Piece(text[end:])
