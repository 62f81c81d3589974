"""The ``data`` of the events that go to the dispatch centre (docs/events)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hotline.citation import Citation
from hotline.deadlines import Due
from hotline.records import to_record
from hotline.ticket import Ticket

#: the citizen's own code, and what the schema of the event does not have
_KEPT_HERE = ("query_code", "site", "tags", "when")


def ticket_data(ticket: Ticket) -> dict[str, Any]:
    """Return the data of ``filed``: the whole ticket with its reckoning, without the query code."""
    data: dict[str, Any] = to_record(ticket)
    for name in _KEPT_HERE:
        del data[name]
    data["class"] = data.pop("ticket_class")
    data["law"] = [_citation(citation) for citation in ticket.law]
    for part in ("co_handlers", "copies"):
        data[part] = [
            dict(to_record(share)) | {"law": _citation(share.law)} for share in getattr(ticket, part)
        ]
    data["due"] = [_due(due) for due in ticket.due]
    return data


def supplement_data(text: str, *, at: datetime, attachments: Sequence[str] = ()) -> dict[str, Any]:
    """Return the data of ``supplemented``: what the citizen added."""
    return {"text": text, "attachments": list(attachments), "at": at.isoformat()}


def urge_data(text: str = "", *, at: datetime) -> dict[str, Any]:
    """Return the data of ``urged``: the citizen asks where their ticket stays."""
    return {"text": text, "at": at.isoformat()}


def rating_data(grade: int, reason: str = "", *, at: datetime) -> dict[str, Any]:
    """Return the data of ``rated``: 1 (worst) to 5, with the reason if one was given."""
    return {"grade": grade, "reason": reason, "at": at.isoformat()}


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
