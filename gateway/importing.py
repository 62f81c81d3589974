"""Demands that others took up, as tickets: they keep the way they came by, and a second import of one adds nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

from channels.mailbox.codec import LONGEST, Envelope, letter, read
from gateway.intake import Received
from groundwork.vault import Vault
from hotline.citypack import CityPack
from hotline.errors import NotAMessageError
from hotline.message import InboundMessage

WITHIN = 30.0  #: seconds that one line is waited for; the sweep decides what takes longer
LONGEST_ID = 200


class ReceivesOne(Protocol):
    """The one way in."""

    async def receive(self, message: InboundMessage, *, within: float) -> Received:
        """Store the message, then say what came of it."""


def check_channel(pack: CityPack, channel: str) -> None:
    """Raise ``ValueError`` for a way in that is our own or that the city's text does not name."""
    if not pack.imports(channel):
        others = ", ".join(rule.id for rule in pack.channels if rule.run_by == "imported")
        raise ValueError(f"{pack.code} imports {others}; not {channel!r}")


def demand_of(
    row: Mapping[str, Any], pack: CityPack, channel: str, vault: Vault, *, at: datetime
) -> InboundMessage:
    """Return one line as a message, or raise ``NotAMessageError`` with every field that is wrong.

    ``id`` is the other system's own number: the same one again is the same demand. ``at`` is when it reached us,
    from which every period runs.
    """
    id = str(row["id"]).strip()
    values = {name: _written(row.get(name, "")) for name in LONGEST} | {"body": _written(row["text"])}
    wrong = [f"{fault.field} {fault.reason}" for fault in read(values, needed=("body",))]
    wrong += [] if 0 < len(id) <= LONGEST_ID else [f"id must have 1 to {LONGEST_ID} characters"]
    if wrong:
        raise NotAMessageError("; ".join(wrong))
    sender = vault.digest(f"{channel}:{id}", purpose="sender").hex()[:32]
    envelope = Envelope(
        city=pack.code,
        key=f"{channel}:{quote(id, safe='.~_-')}",
        sender=sender,
        received_at=at,
    )
    return letter(values, (), envelope, channel=channel)


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value or "")


async def import_one(intake: ReceivesOne, message: InboundMessage) -> dict[str, Any]:
    """Put ``message`` on record and return its ticket; without a number it is on record and still being decided."""
    received = await intake.receive(message, within=WITHIN)
    notes = [reply.reply.ticket for reply in received.replies if reply.reply.ticket is not None]
    if not notes:
        return {"settled": received.settled}
    note = notes[-1]
    return {
        "number": note.number,
        "query_code": note.query_code,
        "channel": message.channel,
        "kind": note.kind,
        "lead_unit": note.lead_unit,
        "due": [{"what": due.what, "at": due.at.isoformat()} for due in note.due],
    }
