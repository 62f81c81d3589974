"""Reads and writes Open311 GeoReport v2 (wiki.open311.org/GeoReport_v2). Pure: values in, values out.

XML is only ever written here: what clients send are forms and queries, so that no document of theirs is parsed.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring

from channels.mailbox.codec import FLAGS, Envelope, letter
from channels.mailbox.codec import read as read_letter
from channels.multipart import Fault, FormRefusedError
from hotline.calendar import CITY_TIME
from hotline.citypack import Kind, Question
from hotline.message import InboundMessage, Location, clean

NAME = "open311"  #: of the channel
Format: TypeAlias = Literal["xml", "json"]
CONTENT_TYPES: Mapping[Format, str] = {"xml": "text/xml", "json": "application/json"}
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
LONGEST = 4_000  #: characters of a description (GeoReport v2, POST Service Request)
LONGEST_TIME, LONGEST_URL = 200, 1_000
SPAN = timedelta(days=90)  #: of a query, at most (GeoReport v2, GET Service Requests)
MOST = 1_000  #: requests in one answer, the same
LAST_PAGE = 1_000
STATUSES = ("open", "closed")

#: the arguments of GeoReport that answer a question of the city's form
_ANSWERS = {"what": "description", "place": "address_string", "phone": "phone", "name": "last_name"}
_ITEMS = {
    "services": "service", "attributes": "attribute", "values": "value", "service_requests": "request",
    "errors": "error", "endpoints": "endpoint", "formats": "format",
}  # fmt: skip
#: where a value of a letter came from, for whoever sent it
_SOURCES = {
    "body": "description", "place": "address_string", "name": "last_name", "subject": "attribute[subject]",
} | {flag: f"attribute[{flag}]" for flag in FLAGS}  # fmt: skip
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]*)\](?:\[\])?")
_BLANK_OFFSET = re.compile(r"(T[0-9:.]+) ([0-9]{2}:?[0-9]{2})")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LATIN = re.compile(r"[\x00-\x7f]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceRequest:
    """One ticket as anybody may see it; what is not public of it is empty."""

    number: str
    kind: str
    kind_label: str
    closed: bool
    notes: str  #: where it stands, in words
    unit: str
    requested_at: datetime
    updated_at: datetime
    expected_at: datetime | None
    description: str = ""
    address: str = ""
    location: Location | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Which service requests are asked for; ``numbers`` override everything else."""

    since: datetime
    until: datetime
    numbers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()  #: none: all
    statuses: tuple[str, ...] = STATUSES
    page: int = 1
    size: int = MOST


def written(root: str, value: Any, form: Format) -> bytes:
    """Return ``value`` as the document ``root``: XML, or JSON by the Spark convention (the root is left out)."""
    if form == "json":
        return json.dumps(value, ensure_ascii=False).encode()
    element = Element(root)
    _fill(element, value)
    text = tostring(element, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def _fill(element: Element, value: Any) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _fill(SubElement(element, name), inner)
    elif isinstance(value, list):
        for inner in value:
            _fill(SubElement(element, _ITEMS[element.tag]), inner)
    elif isinstance(value, bool):
        element.text = str(value).lower()
    elif value is not None:
        element.text = _NOT_XML.sub("\ufffd", str(value))


def service(kind: Kind, *, description: str, group: str) -> dict[str, Any]:
    """Return one service of the list: a kind of ticket, whose form has fields of its own."""
    return {
        "service_code": kind.id,
        "service_name": kind.label,
        "description": description,
        "metadata": True,
        "type": "realtime",
        "keywords": kind.label,
        "group": group,
    }


def definition(kind: Kind, says: Mapping[str, str]) -> dict[str, Any]:
    """Return the form of ``kind``; ``says`` holds what is said about the fields that every kind has.

    A question that an argument of GeoReport answers is shown for information (``variable`` is false).
    """
    fields = [_informing(q) if q.field in _ANSWERS else _asking(q) for q in kind.questions]
    fields.append(_attribute("subject", says["subject"], ""))
    choices = [{"key": "true", "name": says["yes"]}, {"key": "false", "name": says["no"]}]
    fields += [_attribute(flag, says[flag], "", datatype="singlevaluelist", values=choices) for flag in FLAGS]
    return {
        "service_code": kind.id,
        "attributes": [field | {"order": order} for order, field in enumerate(fields, 1)],
    }


def _informing(question: Question) -> dict[str, Any]:
    shown = _attribute(_ANSWERS[question.field], f"{question.label}: {question.ask}", question.ask_again)
    return shown | {"variable": False}


def _asking(question: Question) -> dict[str, Any]:
    return _attribute(question.field, f"{question.label}: {question.ask}", question.ask_again)


def _attribute(
    code: str, says: str, more: str, *, datatype: str = "string", values: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    return {
        "variable": True,
        "code": code,
        "datatype": datatype,
        "required": False,  # what nobody wrote is asked for later; nobody is turned away for it
        "datatype_description": more or None,
        "order": 0,
        "description": says,
        "values": [dict(value) for value in values],
    }


def shown(request: ServiceRequest) -> dict[str, Any]:
    """Return one service request as it is read."""
    place = request.location
    return {
        "service_request_id": request.number,
        "status": STATUSES[request.closed],
        "status_notes": request.notes,
        "service_name": request.kind_label,
        "service_code": request.kind,
        "description": request.description or None,
        "agency_responsible": request.unit or None,
        "service_notice": None,
        "requested_datetime": _moment(request.requested_at),
        "updated_datetime": _moment(request.updated_at),
        "expected_datetime": _moment(request.expected_at) if request.expected_at else None,
        "address": request.address or None,
        "address_id": None,
        "zipcode": None,
        "lat": place.lat if place else None,
        "long": place.lon if place else None,
        "media_url": None,
    }


def _moment(at: datetime) -> str:
    return at.astimezone(CITY_TIME).isoformat(timespec="seconds")


def read_query(given: Mapping[str, str], *, now: datetime) -> Query:
    """Return what a query asks for, or raise ``FormRefusedError`` with everything that is wrong with it."""
    faults: list[Fault] = []
    statuses = _listed(given.get("status", "")) or STATUSES
    if set(statuses) - set(STATUSES):
        faults.append(Fault(field="status", reason="choice"))
    since, until = _span(given, now, faults)
    query = Query(
        since=since,
        until=until,
        numbers=_listed(given.get("service_request_id", ""))[:MOST],
        kinds=_listed(given.get("service_code", "")),
        statuses=statuses,
        page=_number(given, "page", 1, LAST_PAGE, faults),
        size=_number(given, "page_size", MOST, MOST, faults),
    )
    if faults and not query.numbers:
        raise FormRefusedError(faults)
    return query


def _listed(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in clean(value).split(",") if part.strip()))


def _span(given: Mapping[str, str], now: datetime, faults: list[Fault]) -> tuple[datetime, datetime]:
    since, until = (_at(given.get(name, ""), name, faults) for name in ("start_date", "end_date"))
    try:
        until = until or (now if since is None else max(since, min(now, since + SPAN)))
        since = since or until - SPAN
    except OverflowError:
        faults.append(Fault(field="start_date", reason="date"))
        return now - SPAN, now
    if not timedelta(0) <= until - since <= SPAN:
        faults.append(Fault(field="end_date", reason="span", limit=SPAN.days))
    return since, until


def _at(value: str, field: str, faults: list[Fault]) -> datetime | None:
    value = _BLANK_OFFSET.sub(r"\1+\2", value.strip())  # a plus that nobody escaped
    if not value:
        return None
    try:
        at = datetime.fromisoformat(value)
        at.astimezone()  # what lies outside of the calendar is found here
    except (ValueError, OverflowError):
        at = None
    if at is None or at.tzinfo is None:
        faults.append(Fault(field=field, reason="date"))
        return None
    return at


def _number(given: Mapping[str, str], field: str, usual: int, most: int, faults: list[Fault]) -> int:
    value = given.get(field, "").strip()
    if not value:
        return usual
    if not re.fullmatch(r"[0-9]{1,6}", value) or int(value) < 1:
        faults.append(Fault(field=field, reason="choice"))
        return usual
    return min(int(value), most)


def read_post(form: Mapping[str, str], kind: Kind, envelope: Envelope, *, media: str) -> InboundMessage:
    """Return a posted service request as a message, or raise ``FormRefusedError`` with everything wrong with it.

    ``media`` is the line of the text that names the link to a picture; nobody fetches it.
    """
    location, faults = _location(form)
    attributes, unknown = _attributes(form, kind)
    values = _values(form, kind, attributes)
    faults += [*unknown, *_faults(values, attributes)]
    if not (location or values["place"]) and any(q.field == "place" for q in kind.questions):
        faults.append(Fault(field="address_string", reason="missing"))
    url = clean(form.get("media_url", "")).strip()
    if url and not _is_link(url):
        faults.append(Fault(field="media_url", reason="link"))
    if faults:
        raise FormRefusedError(faults)
    text = "\n".join(part for part in (values["body"], media.format(url=url) if url else "") if part)
    return _message(values | {"body": text}, attributes, location, envelope)


def draft(form: Mapping[str, str], kind: str, envelope: Envelope) -> InboundMessage | None:
    """Return what can be read of a form that is refused, so that danger is heard in it; ``None`` without words."""
    said = clean(form.get("description", "")).strip()[:LONGEST]
    place = clean(form.get("address_string", "")).strip()[:LONGEST_TIME]
    return letter({"body": said, "place": place, "kind": kind}, (), envelope, channel=NAME) if said else None


def _values(form: Mapping[str, str], kind: Kind, attributes: Mapping[str, str]) -> dict[str, str]:
    told = {
        name: clean(form.get(name, "")).strip() for name in ("phone", "email", "address_string", "address_id")
    }
    return {
        "body": clean(form.get("description", "")).strip(),
        "kind": kind.id,
        "place": told["address_string"] or told["address_id"],
        "name": _name(form),
        "phone": told["phone"],
        "email": told["email"],
    } | {name: attributes.get(name, "") for name in ("subject", *FLAGS)}


def _name(form: Mapping[str, str]) -> str:
    first, last = (clean(form.get(name, "")).strip() for name in ("first_name", "last_name"))
    if first and last and _LATIN.fullmatch(first + last):
        return f"{first} {last}"
    return last + first


def _faults(values: Mapping[str, str], attributes: Mapping[str, str]) -> Iterator[Fault]:
    for fault in read_letter(values, needed=("body",)):
        yield replace(fault, field=_SOURCES.get(fault.field, fault.field))
    if len(values["body"]) > LONGEST:
        yield Fault(field="description", reason="too_long", found=len(values["body"]), limit=LONGEST)
    for name, value in attributes.items():
        if name not in ("subject", *FLAGS) and len(value) > LONGEST_TIME:
            yield Fault(field=f"attribute[{name}]", reason="too_long", found=len(value), limit=LONGEST_TIME)


def _attributes(form: Mapping[str, str], kind: Kind) -> tuple[dict[str, str], list[Fault]]:
    asked = {q.field for q in kind.questions} - set(_ANSWERS)
    found, faults = dict[str, str](), list[Fault]()
    for name, value in form.items():
        match = _ATTRIBUTE.fullmatch(name)
        if match is None:
            continue
        if match[1] in asked | {"subject", *FLAGS}:
            found[match[1]] = clean(value).strip()
        elif value.strip() and match[1] not in _ANSWERS.values():
            faults.append(Fault(field=f"attribute[{match[1][:40]}]", reason="unknown"))
    return found, faults


def _location(form: Mapping[str, str]) -> tuple[Location | None, list[Fault]]:
    given = {name: form.get(name, "").strip() for name in ("lat", "long")}
    if not any(given.values()):
        return None, []
    degrees = {"lat": _degrees(given["lat"], 90), "long": _degrees(given["long"], 180)}
    wrong = [Fault(field=name, reason="degrees") for name, value in degrees.items() if value is None]
    lat, lon = degrees["lat"], degrees["long"]
    if lat is None or lon is None:
        return None, wrong
    label = clean(form.get("address_string", "")).strip()
    return Location(lat=lat, lon=lon, label=label), []


def _degrees(value: str, limit: int) -> float | None:
    try:
        found = float(value)
    except ValueError:
        return None
    return found if -limit <= found <= limit else None  # NaN is between no two


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = len(url) <= LONGEST_URL and url.isprintable() and " " not in url
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname)


def _message(
    values: Mapping[str, str], attributes: Mapping[str, str], location: Location | None, envelope: Envelope
) -> InboundMessage:
    message = letter(values, (), envelope, channel=NAME)
    more = ((name, value) for name, value in attributes.items() if name not in ("subject", *FLAGS) and value)
    return replace(message, location=location, fields=(*message.fields, *more))


def errors(found: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
    """Return the document of what went wrong: code and words of each."""
    return [{"code": code, "description": says} for code, says in found]
