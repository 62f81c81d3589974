"""What tests of a city's law ask of its pack: rules by name, due moments, a ticket as it would be filed."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

import yaml

from cities.loading import CITIES
from hotline import filing
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.conversation import Brought, Draft
from hotline.deadlines import Due, due_moments
from hotline.law import Item, Provision, Rule
from hotline.message import InboundMessage
from hotline.scene import Heard
from hotline.ticket import Ticket, TicketIdentity

IDENTITY = TicketIdentity(number="20261123ABCDEFGH0", query_code="ABCDEF")


def numbered(file: str, section: str) -> list[str]:
    """Return the ids of one section of ``duties.yaml`` or ``readings.yaml``."""
    return list(yaml.safe_load((CITIES / f"{file}.yaml").read_text(encoding="utf-8"))[section])


def rules_of(pack: CityPack) -> Iterator[Rule]:
    """Yield every rule of the pack, whatever its file."""
    for field in fields(pack):
        held = getattr(pack, field.name)
        every = held.values() if isinstance(held, dict) else held if isinstance(held, tuple) else ()
        yield from (rule for rule in every if isinstance(rule, Rule))


def provision(pack: CityPack, name: str) -> Provision:
    """Return the provision of that id, which must be there."""
    found = pack.provision(name)
    assert found is not None, name
    return found


def items(pack: CityPack, name: str) -> dict[str, Item]:
    """Return what the provision lists, by id."""
    return {item.id: item for item in provision(pack, name).items}


def at(text: str) -> datetime:
    """Return a moment in city time."""
    return datetime.fromisoformat(text).replace(tzinfo=CITY_TIME)


def dues(
    pack: CityPack, filed: str, happened: Mapping[str, str] | None = None, **case: Any
) -> dict[str, Due]:
    """Return every due moment of a complaint over web chat, or of the ``case`` named, by what is due."""
    asked: dict[str, Any] = {"kind": "complaint", "ticket_class": None, "channel": "webchat"} | case
    known = {what: at(moment) for what, moment in (happened or {}).items()}
    return {due.what: due for due in due_moments(pack, at=at(filed), happened=known, **asked)}


def ends(found: Mapping[str, Due]) -> dict[str, str]:
    """Return each due moment to the second, in city time."""
    return {what: due.at.isoformat() for what, due in found.items()}


def end_of(day: str) -> str:
    """Return the last second of a day as due moments are written."""
    return f"{day}T23:59:59+08:00"


def filed(pack: CityPack, text: str, *, kind: str = "complaint", channel: str = "webchat",
          moment: str = "2026-11-23T10:00", **facts: str) -> Ticket:  # fmt: skip
    """Return the ticket that these words become."""
    message = InboundMessage(
        key="k",
        city=pack.code,
        channel=channel,
        conversation="c",
        sender="s",
        received_at=at(moment),
        text=text,
    )
    draft = Draft(kind=kind, said=(text,), facts={"what": text, **facts})
    return filing.ticket(pack, Heard(message=message), draft, identity=IDENTITY, brought=Brought())
