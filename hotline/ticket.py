"""The ticket: what the dispatch centre receives, and the numbers a citizen is given."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime

from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.deadlines import Due
from hotline.dispatching import UnitShare
from hotline.message import Location
from hotline.moments import Moment
from hotline.places import Place
from hotline.tagging import Tag

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  #: Crockford base 32: no I, L, O, U
RANDOM_LETTERS = 8
CODE_LETTERS = 6
_NUMBER = re.compile(rf"[0-9]{{8}}[{ALPHABET}]{{9}}")


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketIdentity:
    """A fresh number and query code, drawn at random by the caller."""

    number: str
    query_code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """Who asked and how to reach them; empty where the citizen did not say."""

    name: str = ""
    phone: str = ""
    email: str = ""
    anonymous: bool = False
    confidential: bool = False
    token: str = ""  #: stands for the person where they are kept from the dispatch centre


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """One demand, as filed."""

    number: str
    query_code: str
    city: str
    channel: str
    kind: str
    kind_label: str
    ticket_class: str | None
    class_label: str
    title: str
    summary: str
    text: str  #: everything the citizen said about it, in their own words
    place: str
    time: str  #: as it was said, with the date that it means
    contact: Contact
    lead_unit: str
    lead_unit_why: str
    law: tuple[Citation, ...]  #: the articles that kind, class and unit rest on
    due: tuple[Due, ...]
    filed_at: datetime
    location: Location | None = None
    attachments: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    urgent: bool = False  #: danger to life or property
    asks_person: bool = False  #: the citizen wants a person to look or call back
    public: bool = False  #: may be published with its answer, without the person
    co_handlers: tuple[UnitShare, ...] = ()
    copies: tuple[UnitShare, ...] = ()
    matters: tuple[str, ...] = ()  #: sorts of matter with limits of their own
    law_version: str = ""  #: of the city's law at filing (CityPack.version)
    when: Moment | None = None  #: the days that ``time`` means
    site: Place | None = None  #: ``place`` from the county down to the door, with the official code
    tags: tuple[Tag, ...] = ()  #: what it is beside its kind, each with its reason
    named: tuple[str, ...] = ()  #: bodies and firms that the citizen named
    lead_unit_confidence: float | None = (
        None  #: from 0 to 1; ``None`` where a rule chose and nothing was measured
    )
    refused_by: str = (
        ""  #: id of the scope rule that it was refused by before a person was asked to look again
    )


def check_letter(body: str) -> str:
    """Return the Luhn mod 32 check letter of ``body``; one wrong letter or most swaps show."""
    total = 0
    for index, letter in enumerate(reversed(body)):
        value = ALPHABET.index(letter) * (2 if index % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]


def ticket_number(day: date, letters: str) -> str:
    """Return ``YYYYMMDD``, 8 random letters and a check letter."""
    body = f"{day:%Y%m%d}{letters}"
    return body + check_letter(body)


def is_ticket_number(text: str) -> bool:
    """Tell whether ``text`` is a well-formed number with the right check letter."""
    return _NUMBER.fullmatch(text) is not None and check_letter(text[:-1]) == text[-1]


def normalised(typed: str) -> str:
    """Return a number or code as typed by a person in its one canonical form."""
    letters = re.sub(r"[\s\-\u200b\ufeff]", "", unicodedata.normalize("NFKC", typed)).upper()
    return letters.translate(str.maketrans("ILO", "110"))


def classify(pack: CityPack, *, kind: str, text: str) -> str | None:
    """Return the class that the law fixes for the kind, else the one whose words fit, else the kind's own.

    ``None`` where the city has no classes, or none for this kind.
    """
    known = pack.kinds.get(kind)
    usual = known.default_class if known and known.default_class in pack.classes else None
    if usual and known and known.class_fixed:
        return usual
    for candidate in pack.classes.values():
        fits_kind = not candidate.kinds or kind in candidate.kinds
        by_words = candidate.given_by == "text" and not candidate.highest and fits_kind
        if by_words and any(re.search(pattern, text) for pattern in candidate.patterns):
            return candidate.id
    return usual
