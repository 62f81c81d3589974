"""What the citizen is shown: the ``Reply`` of CONTRACT, as a value."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hotline.citation import Citation
from hotline.conversation import Option
from hotline.deadlines import Due
from hotline.records import to_record


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceNote:
    """Which article of the knowledge base an answer is, and of what date."""

    article_id: str
    version: int
    title: str
    source: str
    unit: str
    updated_at: datetime
    short: str = ""  #: the answer's short form, where it has one


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """An emergency number to dial now, and the others that may be needed."""

    number: str
    also: tuple[str, ...]
    why: str
    headline: str = ""  #: what to do first, a few characters
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyField:
    """One line of a summary."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SummaryNote:
    """What would be filed."""

    fields: tuple[ReplyField, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketNote:
    """What the citizen is told about a filed ticket."""

    number: str
    query_code: str
    kind: str
    kind_label: str
    ticket_class: str | None
    lead_unit: str
    due: tuple[Due, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One thing the system says; ``kind`` is one of CONTRACT's ten."""

    kind: str
    text: str
    options: tuple[Option, ...] = ()
    sources: tuple[SourceNote, ...] = ()
    citation: Citation | None = None
    ticket: TicketNote | None = None
    call: Call | None = None
    summary: SummaryNote | None = None
    by: str = ""  #: ``person`` where a person of the hotline said it


PERSON = "person"  #: a reply's ``by``


def wire(reply: Reply, *, id: str, in_reply_to: str) -> dict[str, Any]:
    """Return ``reply`` as CONTRACT's JSON object; absent parts are left out."""
    parts = {name: value for name, value in to_record(reply).items() if value not in (None, [], "")}
    if ticket := parts.get("ticket"):
        ticket["class"] = ticket.pop("ticket_class")
        ticket["due"] = [_wire_due(due) for due in ticket["due"]]
    if citation := parts.get("citation"):
        parts["citation"] = {name: value for name, value in citation.items() if value not in (None, "")}
    return {"id": id, "in_reply_to": in_reply_to} | parts


def _wire_due(due: dict[str, Any]) -> dict[str, Any]:
    citation = due.pop("citation")
    return due | {"article": f"{citation['instrument']}{citation['article']}"}
