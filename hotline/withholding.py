"""What the dispatch centre is not told: who asked for confidence, who blew a whistle, who stays unknown.

Name and phone of a whistle-blower are withheld from the unit (duty KF-3-1d), those of others when they ask for it
(BD-13). Contact then goes through the centre, by those who may unseal the person (reading R-ALL-16).
"""

from collections.abc import Sequence
from dataclasses import replace

from hotline.identity import Finder
from hotline.redaction import MASK, redact, without_phone
from hotline.ticket import Contact, Ticket
from hotline.transcript import Line, shortened


def for_centre(ticket: Ticket, finder: Finder, *, token: str) -> Ticket:
    """Return ``ticket`` as the dispatch centre may see it; ``token`` stands for a person who is kept from it."""
    contact = ticket.contact
    kept_back = is_kept_back(contact)
    held = Contact(anonymous=contact.anonymous, confidential=contact.confidential, token=token)

    def told(text: str) -> str:
        return withheld(text, contact, finder)

    place = ticket.location
    return replace(
        ticket,
        title=told(ticket.title),
        summary=told(ticket.summary),
        text=told(ticket.text),
        place=told(ticket.place),
        time=told(ticket.time),
        location=place and replace(place, label=told(place.label)),
        site=ticket.site
        and replace(ticket.site, said=told(ticket.site.said), road="", community="", building="")
        if kept_back
        else ticket.site,
        contact=held if kept_back else contact,
        tags=tuple(replace(tag, span=told(tag.span)) for tag in ticket.tags),
        named=tuple(told(name) for name in ticket.named),
    )


def said_to_centre(lines: Sequence[Line], contact: Contact, finder: Finder) -> tuple[Line, ...]:
    """Return what was said as the dispatch centre may read it, beginning with the oldest line that fits."""
    return shortened([replace(line, text=withheld(line.text, contact, finder)) for line in lines])


def withheld(text: str, contact: Contact, finder: Finder) -> str:
    """Return ``text`` of the person of ``contact`` as the dispatch centre may see it.

    Every number goes, whosever it is, and every place where they name themselves or say where they live; what others
    did, and who they are, stays. The whole text can be unsealed like the person. Of somebody who is not kept back only
    their own number goes: it stands in the contact, not in what everybody reads who handles the matter.
    """
    if not is_kept_back(contact):
        return without_phone(text, contact.phone)
    if len(contact.name) > 1:
        text = text.replace(contact.name, MASK * len(contact.name))
    return redact(text, finder)


def is_kept_back(contact: Contact) -> bool:
    """Tell whether nobody who handles the matter learns who the person is."""
    return contact.confidential or contact.anonymous
