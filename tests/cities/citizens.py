"""What a city makes of what a citizen says, without a server: the screening, the decision, the ticket."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime

from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.conversation import Brought, Conversation, Draft
from hotline.deadlines import Due, due_moments
from hotline.decision import decide
from hotline.filing import ticket
from hotline.law import Rule
from hotline.message import InboundMessage
from hotline.scene import Heard
from hotline.screening import asks_secrecy, screen_acceptance, screen_emergency
from hotline.ticket import Ticket, TicketIdentity, ticket_number
from hotline.turn import Turn
from hotline.understanding import Intent, Understanding

NOON = "2026-11-24T12:00"


def at(moment: str) -> datetime:
    """Return a moment of city time; a day alone is its last second."""
    whole = moment if "T" in moment else f"{moment}T23:59:59"
    return datetime.fromisoformat(whole).replace(tzinfo=CITY_TIME)


def heard(pack: CityPack, text: str, *, intent: Intent = Intent.COMPLAIN, channel: str = "webchat",
          filed: str = NOON) -> Heard:  # fmt: skip
    """Return the message with what the city's own screening finds in it."""
    message = InboundMessage(
        key="webchat:s:1", city=pack.code, channel=channel, conversation="webchat:s", sender="p",
        received_at=at(filed), text=text,
    )  # fmt: skip
    return Heard(
        message=message,
        danger=screen_emergency(text, pack),
        ground=screen_acceptance(text, pack),
        understanding=Understanding(intent=intent, confidence=0.9),
        secrecy=asks_secrecy(text, pack),
    )


def answered(pack: CityPack, text: str, *, intent: Intent = Intent.COMPLAIN) -> Turn:
    """Return the turn that a first message leads to."""
    found = heard(pack, text, intent=intent)
    return decide(pack, Conversation(id="webchat:s"), found, fresh=(identity(),))


def filed_as(pack: CityPack, text: str, *, kind: str = "complaint", channel: str = "webchat", filed: str = NOON,
             **facts: str) -> Ticket:  # fmt: skip
    """Return the ticket that a demand becomes."""
    draft = Draft(kind=kind, said=(text,), facts={"what": text} | facts)
    said = heard(pack, text, channel=channel, filed=filed)
    return ticket(pack, said, draft, identity=identity(), brought=Brought())


def reckoned(pack: CityPack, filed: str, **case: object) -> dict[str, Due]:
    """Return the due moments of a case by what is due; what happened is given as moments in words."""
    happened = {name: at(str(case.pop(name))) for name in ("dispatch", "signing", "receipt") if name in case}
    asked = {"kind": "complaint", "ticket_class": None, "channel": "webchat"} | case
    found = due_moments(pack, at=at(filed), happened=happened, **asked)  # type: ignore[arg-type]  # the keywords vary by example
    return {due.what: due for due in found}


def told(dues: dict[str, Due]) -> dict[str, str]:
    """Return each moment as an example writes it: a day alone at its end, ``?`` where it is provisional."""
    return {what: _written(due) for what, due in dues.items()}


def _written(due: Due) -> str:
    moment = due.at.astimezone(CITY_TIME)
    whole = moment.strftime("%Y-%m-%d" if due.unit != "hours" else "%Y-%m-%dT%H:%M")
    assert due.unit == "hours" or moment.strftime("%H:%M:%S") == "23:59:59"
    return whole + ("?" if due.provisional else "")


def rules_of(pack: CityPack) -> Iterator[Rule]:
    """Yield every rule of the pack."""
    for field in fields(pack):
        held = getattr(pack, field.name)
        every = held.values() if isinstance(held, dict) else held if isinstance(held, tuple) else ()
        yield from (rule for rule in every if isinstance(rule, Rule))


def identity() -> TicketIdentity:
    """Return the number and code that every example is given."""
    return TicketIdentity(number=ticket_number(at(NOON).date(), "00000001"), query_code="ABC234")
