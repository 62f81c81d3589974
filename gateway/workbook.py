"""The ledger of the mailbox as a workbook, for the people who keep the records."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from gateway.store.letters import Entry
from gateway.web.rendering import WORDS, law
from groundwork.sheets import cell, heading
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.deadlines import shown_date
from hotline.redaction import redact

_WIDTHS = {"number": 20, "received_at": 17, "channel": 24, "subject": 44, "place": 24, "lead_unit": 26, "last_day": 17,
           "article": 36, "state_at": 17, "outcome": 20, "state": 18}  # fmt: skip
CONTACT = ("name", "phone")
OWN = "mailbox"  #: the way in of letters that are not imported


@dataclass(frozen=True, kw_only=True, slots=True)
class Days:
    """From the first to the last day, both included, in city time."""

    first: date | None
    last: date | None

    def bounds(self) -> tuple[datetime, datetime]:
        """Return the moment at which they begin and the one at which they are over."""
        first, last = self.first or date(2000, 1, 1), self.last or date(9998, 12, 31)
        midnight = time(tzinfo=CITY_TIME)
        return datetime.combine(first, midnight), datetime.combine(last + timedelta(days=1), midnight)


async def write_ledger(
    entries: AsyncIterator[Entry], pack: CityPack, path: Path, *, contacts: bool = False
) -> int:
    """Write ``entries`` to an xlsx file at ``path``, a row each; return how many there were.

    Everything is text or a moment, nothing a formula. Of confidential letters neither subject nor place
    is shown. Names and telephone numbers come only with ``contacts``, and never those of confidential or
    anonymous letters.
    """
    words = WORDS["ledger"]
    columns = [name for name in words["columns"] if contacts or name not in CONTACT]
    book = Workbook(write_only=True)
    sheet = book.create_sheet(words["title"])
    sheet.freeze_panes = "B2"
    for place, name in enumerate(columns):
        sheet.column_dimensions[chr(ord("A") + place)].width = _WIDTHS.get(name, 12)
    sheet.append([heading(sheet, words["columns"][name]) for name in columns])
    count = 0
    async for entry in entries:
        row = _row(entry, pack)
        sheet.append([cell(sheet, row[name]) for name in columns])
        count += 1
    book.save(path)
    path.chmod(0o600)  # it tells who wrote about what
    return count


def _row(entry: Entry, pack: CityPack) -> Mapping[str, Any]:
    facts, ticket = entry.letter.draft.facts, entry.ticket
    words, last = WORDS["ledger"], shown_date(ticket.due) if ticket else None
    confidential, anonymous = facts.get("confidential") == "true", facts.get("anonymous") == "true"
    kind = ticket.kind if ticket else entry.letter.draft.kind
    named = not (confidential or anonymous)
    return {
        "number": entry.letter.identity.number,
        "received_at": entry.received_at,
        "channel": _channel(pack, ticket.channel if ticket else OWN),
        "kind": pack.kinds[kind].label if kind in pack.kinds else kind,
        "subject": pack.words["confidential_title"]
        if confidential
        else redact(facts.get("subject", ""), pack.finder),
        "place": "" if confidential else redact(facts.get("place", ""), pack.finder),
        "outcome": words["outcome"][entry.letter.outcome],
        "lead_unit": ticket.lead_unit if ticket else "",
        "last_day": last.at if last else None,
        "last_what": WORDS["due"][last.what] if last else "",
        "article": law(last.citation) if last else "",
        "provisional": _yes(last is not None and last.provisional),
        "state": WORDS["state"].get(entry.state, WORDS["state_default"]),
        "state_at": entry.state_at,
        "public": _yes(facts.get("public") == "true"),
        "confidential": _yes(confidential),
        "anonymous": _yes(anonymous),
        "attachments": str(entry.attachments),
        "name": facts.get("name", "") if named else "",
        "phone": facts.get("phone", "") if named else "",
    }


def _channel(pack: CityPack, channel: str) -> str:
    """Return what the city's text calls that way in."""
    return next((rule.label for rule in pack.channels if rule.id == channel), str(WORDS["ledger"]["own"]))


def _yes(value: bool) -> str:
    return str(WORDS["ledger"]["yes" if value else "no"])
