"""The ``data`` of the events that go to the dispatch centre (docs/events)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hotline.citation import Citation
from hotline.deadlines import Due
from hotline.events import Event
from hotline.places import Place
from hotline.records import to_record
from hotline.ticket import Contact, Ticket
from hotline.transcript import Line

_CITIZENS_OWN = "query_code"  # no desk ever sees it
_INSIDE = ("named", "site", "tags", "when")  #: fields that the data hold in another form, or not at all


def ticket_data(
    ticket: Ticket, *, channel_label: str = "", transcript: Sequence[Line] = ()
) -> dict[str, Any]:
    """Return the data of ``filed``: the whole ticket with its reckoning, without the query code.

    ``channel_label`` is the name of the channel; the ticket and ``transcript`` are as the centre may see them
    (``hotline.withholding``).
    """
    data: dict[str, Any] = to_record(ticket)
    for name in (_CITIZENS_OWN, *_INSIDE):
        del data[name]
    data["class"] = data.pop("ticket_class")
    data["law"] = [_citation(citation) for citation in ticket.law]
    for part in ("co_handlers", "copies"):
        data[part] = [
            dict(to_record(share)) | {"law": _citation(share.law)} for share in getattr(ticket, part)
        ]
    data["due"] = [_due(due) for due in ticket.due]
    data["source"] = {"channel": ticket.channel, "label": channel_label}
    data["division"] = _division(ticket.site)
    data["parties"] = _parties(ticket)
    data["tags"] = _tags(ticket)
    data["transcript"] = to_record(tuple(transcript))
    return data


def pulled_data(filed: Mapping[str, Any], later: Sequence[Event]) -> dict[str, Any]:
    """Return a ticket for a centre that fetches by itself: the data of its ``filed`` and its later events, in order."""
    return {**filed, "events": [event.envelope() for event in later]}


def _division(site: Place | None) -> dict[str, str] | None:
    """Return the county or district with its code of six digits (GB/T 2260)."""
    return {"code": site.code[:6], "name": site.county} if site and site.county and site.code else None


def _parties(ticket: Ticket) -> list[dict[str, Any]]:
    contact = ticket.contact
    reporter = {"role": "reporter", "name": contact.name, "phone": contact.phone, "token": contact.token}
    return [reporter, *({"role": "named", "name": name, "phone": "", "token": ""} for name in ticket.named)]


def _tags(ticket: Ticket) -> list[str]:
    """Return what a list of tickets can be filtered by, in the words of this contract."""
    flags = {
        "urgent": ticket.urgent,
        "asks_person": ticket.asks_person,
        "public": ticket.public,
        **_secrecy(ticket.contact),
    }
    tagged = (tag.tag for tag in ticket.tags)
    held = (name for name, is_so in flags.items() if is_so)
    return list(dict.fromkeys([ticket.kind, *ticket.matters, *tagged, *held]))


def _secrecy(contact: Contact) -> dict[str, bool]:
    return {"anonymous": contact.anonymous, "confidential": contact.confidential}


def supplement_data(text: str, *, at: datetime, attachments: Sequence[str] = ()) -> dict[str, Any]:
    """Return the data of ``supplemented``: what the citizen added."""
    return {"text": text, "attachments": list(attachments), "at": at.isoformat()}


def urge_data(text: str = "", *, at: datetime) -> dict[str, Any]:
    """Return the data of ``urged``: the citizen asks where their ticket stays."""
    return {"text": text, "at": at.isoformat()}


def rating_data(grade: int, reason: str = "", *, solved: str = "", at: datetime) -> dict[str, Any]:
    """Return the data of ``rated``: 1 (worst) to 5, with the reason and whether it is solved if they were said."""
    said = {"solved": solved} if solved else {}
    return {"grade": grade, "reason": reason, **said, "at": at.isoformat()}


def withdrawal_data(reason: str = "", *, at: datetime) -> dict[str, Any]:
    """Return the data of ``withdrawn``: the citizen takes the ticket back."""
    return {"reason": reason, "at": at.isoformat()}


def _due(due: Due) -> dict[str, Any]:
    article = f"{due.citation.instrument}{due.citation.article}"
    return dict(to_record(due)) | {"citation": _citation(due.citation), "article": article}


def _citation(citation: Citation) -> dict[str, str]:
    return {
        "instrument": citation.instrument,
        "article": citation.article,
        "status": citation.status.value,
        "reason": citation.reason,
    }
