"""What a citizen hears, unasked, when the dispatch centre tells something about their ticket."""

from collections.abc import Sequence

from hotline.citypack import CityPack
from hotline.dates import Happened, dates_of
from hotline.deadlines import shown_date
from hotline.events import Event
from hotline.redaction import redact
from hotline.replies import moment_in_words, options_of
from hotline.reply import Reply
from hotline.ticket import Ticket

_KINDS = {"signed": "progress", "progressed": "progress", "extended": "notice", "reassigned": "notice", "replied": "notice",
          "reopened": "notice"}  # fmt: skip


def reply_of(
    pack: CityPack, ticket: Ticket, happenings: Sequence[Happened], event: Event, *, overtaken: bool
) -> Reply | None:
    """Return what to say of ``event``, which is the last of those that are told; ``None`` where nothing is.

    ``happenings`` is the ticket's timeline with the event in it, oldest first. What was ``overtaken`` by a later event is
    said only where it changed a date or is the result.
    """
    kind = _KINDS.get(event.name)
    if kind is None or (overtaken and kind == "progress"):
        return None
    title = pack.words["confidential_title"] if ticket.contact.confidential else ticket.title
    lines = [pack.say(f"told_{event.name}", number=ticket.number, title=title, unit=_text(event, "unit"))]
    lines += [redact(_text(event, name), pack.finder) for name in ("text", "reason") if _text(event, name)]
    if kind == "notice" or "limit" in event.data:
        lines += _dates(pack, ticket, happenings, event)
    options = ("rate",) if event.name == "replied" else ()
    if options:
        lines.append(pack.say("told_rate"))
    return Reply(kind=kind, text="\n".join(lines), options=options_of(pack, *options))


def _dates(pack: CityPack, ticket: Ticket, happenings: Sequence[Happened], event: Event) -> tuple[str, ...]:
    """Return the date that holds now, where the event is not the end."""
    due = shown_date(dates_of(pack, ticket, happenings).due)
    if due is None or event.name == "replied":
        return ()
    return (pack.say(f"progress_due_{due.what}", date=moment_in_words(pack.say, due)),)


def _text(event: Event, name: str) -> str:
    value = event.data.get(name, "")
    return value if isinstance(value, str) else ""
