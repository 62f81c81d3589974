"""From what a citizen said to a ticket: the draft, its questions, its summary, the filing."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from hotline import titles
from hotline.calendar import CITY_TIME
from hotline.citation import Citation
from hotline.citypack import CityPack, DangerType, Question
from hotline.conversation import Brought, Draft
from hotline.deadlines import due_moments
from hotline.dispatching import choose_unit, matters_of
from hotline.links import without_links
from hotline.message import Location
from hotline.moments import Moment, moment_in_words
from hotline.redaction import mask_phone, redact, valid_phone
from hotline.screening import Danger, NotAccepted
from hotline.tagging import tags_of
from hotline.ticket import Contact, Ticket, TicketIdentity, classify
from hotline.understanding import Intent

if TYPE_CHECKING:
    from hotline.scene import Heard

LONGEST_FACT = 500
LONGEST_NAME = 20  #: characters; an answer longer than this tells more than a name or a number
KIND_OF = {
    Intent.CONSULT: "consultation",
    Intent.HELP: "help",
    Intent.COMPLAIN: "complaint",
    Intent.REPORT: "report",
    Intent.SUGGEST: "suggestion",
    Intent.PRAISE: "praise",
}
URGENT_KIND = "help"  #: of a ticket that a danger opens
_FACTS = ("place", "time", "phone", "name", "organisation")
_WHO = ("phone", "name", "email")
_TOLD_AT = "told_at"  #: when the time was said: "yesterday" is the day before that
#: what is known already that goes into the ticket of a danger
_KNOWN_IN_DANGER = (*_WHO, "place", "subject", "anonymous", "confidential", "public")


def questions(pack: CityPack, draft: Draft) -> tuple[Question, ...]:
    """Return what a ticket of this kind asks; a callback asks only how to reach the citizen."""
    wanted = pack.kinds[draft.kind].questions
    return tuple(q for q in wanted if q.field == "phone") if draft.callback else wanted


def question(pack: CityPack, draft: Draft, field: str) -> Question:
    """Return the question for ``field``, from this kind or from any that asks it."""
    own = (q for q in pack.kinds[draft.kind].questions if q.field == field)
    every = (q for kind in pack.kinds.values() for q in kind.questions if q.field == field)
    found = next(own, None) or next(every, None)
    if found is None:
        raise KeyError(f"no kind of {pack.code} asks for {field}")
    return found


def next_question(pack: CityPack, draft: Draft) -> Question | None:
    """Return the first question that is neither answered nor passed over."""
    return next((q for q in questions(pack, draft) if q.field not in draft.facts), None)


def draft_of(kind: str, text: str, heard: "Heard") -> Draft:
    """Begin a ticket with what the first message already tells."""
    if not text:
        return Draft(kind=kind, said=())
    return Draft(kind=kind, said=(text,), facts={"what": text} | _facts_in(heard))


def _facts_in(heard: "Heard") -> dict[str, str]:
    found = {name: value for name in _FACTS if (value := heard.understanding.value_of(name))}
    phone = valid_phone(found.pop("phone", ""))
    if heard.message.location is not None:
        found["place"] = place_of(heard.message.location)
    if heard.secrecy:
        found["confidential"] = "true"
    if "time" in found:
        found[_TOLD_AT] = heard.message.received_at.isoformat()
    return found | ({"phone": phone} if phone else {})


def place_of(location: Location) -> str:
    """Return a point that was sent as words: its name, else its degrees."""
    return location.label or f"{location.lat:.5f},{location.lon:.5f}"


def draft_of_letter(pack: CityPack, heard: "Heard") -> Draft:
    """Return the ticket that a letter would become, with every fact that its form holds."""
    message = heard.message
    told = {name: value.strip() for name, value in message.fields if value.strip()}
    kind = told.pop("kind", "")
    if heard.secrecy:  # an empty box in the form does not take back what the letter asks for
        told["confidential"] = "true"
    if kind not in pack.kinds:
        kind = KIND_OF.get(heard.understanding.intent, "other")
        kind = kind if kind in pack.kinds else "other"
    facts = {"what": message.demand} | _facts_in(heard) | told
    if facts.get("time"):
        facts[_TOLD_AT] = message.received_at.isoformat()
    if told.get("anonymous") == "true":
        # Who asks to stay unknown is not named after all by what the text happens to tell.
        facts = {name: value for name, value in facts.items() if name not in _WHO}
    return Draft(kind=kind, said=(message.demand,), facts=facts)


def answered(draft: Draft, field: str, text: str, heard: "Heard", *, declined: bool) -> Draft:
    """Take ``text`` as the answer to ``field``, and every other fact that it tells."""
    found = {name: value for name, value in _facts_in(heard).items() if _tells_more(draft, name, value)}
    value = "" if declined else _value(field, text, heard)
    if field == "what":
        value = "\n".join(part for part in (draft.facts.get("what", ""), value) if part)
    facts = {**draft.facts, **found, field: value} if field else {**draft.facts, **found}
    if facts.get("time") != draft.facts.get("time"):
        facts[_TOLD_AT] = heard.message.received_at.isoformat()
    said = (*draft.said, text) if text and not declined and _is_matter(field, text) else draft.said
    return replace(draft, facts=facts, said=said, asking="")


def _is_matter(field: str, text: str) -> bool:
    # Who asks belongs to the contact, not into the text that everybody handling the matter reads.
    return field not in ("phone", "name") or len(text) > LONGEST_NAME


def _tells_more(draft: Draft, name: str, value: str) -> bool:
    # "every day" may have been taken for the time in passing; "every day from six to nine" says more.
    # The road may have been told with the matter, the number of the house later.
    old = draft.facts.get(name)
    longer = old is not None and len(value) > len(old)
    return old is None or (longer and (name == "time" or (name == "place" and bool(old) and old in value)))


def phone_in(text: str, heard: "Heard") -> str | None:
    """Return the telephone number that an answer holds, alone or in a sentence."""
    return valid_phone(text) or valid_phone(heard.understanding.value_of("phone"))


def _value(field: str, text: str, heard: "Heard") -> str:
    if field == "phone":
        return phone_in(text, heard) or ""
    told = _facts_in(heard).get(field, "") if heard.message.location is not None else ""
    return (told or text)[: None if field == "what" else LONGEST_FACT]


def corrected(draft: Draft, text: str, heard: "Heard") -> Draft:
    """Take ``text`` as an addition to a draft that was summed up; a phone number replaces the old one."""
    said = (*draft.said, text) if text else draft.said
    secret = {"confidential": "true"} if heard.secrecy else {}
    phone = valid_phone(heard.understanding.value_of("phone") or text)
    if phone is not None:
        return replace(draft, facts={**draft.facts, **secret, "phone": phone}, said=said)
    what = "\n".join(part for part in (draft.facts.get("what", ""), text) if part)
    return replace(draft, facts={**draft.facts, **secret, "what": what}, said=said)


def edited(draft: Draft, fields: tuple[tuple[str, str], ...]) -> Draft:
    """Take the facts as edited in the summary; names that it does not show are ignored."""
    known = {"what", "confidential", *_FACTS} - {"organisation"}  # which the summary does not show
    changes = {name: value.strip() for name, value in fields if name in known}
    if changes.get("phone") and changes["phone"] == shown_phone(draft):
        del changes["phone"]  # read back masked and left as it was
    elif phone := valid_phone(changes.get("phone", "")):
        changes["phone"] = phone
    return replace(draft, facts={**draft.facts, **changes})


def anonymous(draft: Draft) -> Draft:
    """Return ``draft`` of somebody who wants to stay unknown: who asks is neither kept nor asked for."""
    return replace(draft, facts={**draft.facts, "phone": "", "name": "", "anonymous": "true"})


def shown_phone(draft: Draft) -> str:
    """Return the number as it is read back: never in full; what is no number yet stays readable, to be mended."""
    phone = draft.facts.get("phone", "")
    return mask_phone(phone) if valid_phone(phone) else phone


def moment_of(pack: CityPack, facts: Mapping[str, str]) -> Moment | None:
    """Return what the time that was told means, by the moment at which it was told; ``None`` where no day is named."""
    told_at = facts.get(_TOLD_AT)
    if not told_at or not facts.get("time"):
        return None
    return pack.times.moment_in(facts["time"], datetime.fromisoformat(told_at), pack.calendar)


def shown_time(pack: CityPack, facts: Mapping[str, str]) -> str:
    """Return the time as it was said, with the date that it means behind it unless it stands there."""
    said, moment = facts.get("time", ""), moment_of(pack, facts)
    if moment is None or (date := moment_in_words(pack.say, moment)) in said:
        return said
    return pack.say("time_with_date", said=said, date=date)


def summary_rows(pack: CityPack, draft: Draft) -> tuple[tuple[str, str, str], ...]:
    """Return name, label and value of each fact, in the order of the questions."""
    facts = {**draft.facts, "phone": shown_phone(draft), "time": shown_time(pack, draft.facts)}
    rows = [(q.field, q.label, facts.get(q.field, "")) for q in pack.kinds[draft.kind].questions]
    if not any(name == "what" for name, _, _ in rows):
        rows.insert(0, ("what", pack.words["label_what"], draft.facts.get("what", "")))
    confidential = "true" if pack.seals(draft.kind) else draft.facts.get("confidential", "false")
    return (*rows, ("confidential", pack.words["label_confidential"], confidential))


def ground_of(pack: CityPack, rule: str) -> NotAccepted | None:
    """Return the ground of that rule as a sure one, once the citizen has confirmed it."""
    found = next((r for r in pack.scope if r.id == rule), None)
    if found is None:
        return None
    return NotAccepted(rule=found.id, citation=found.citation, sure=True, ask=found.ask)


def is_vagueness(pack: CityPack, rule: str) -> bool:
    """Tell whether that ground can only be asked about: it has no words that make it sure."""
    return any(one.id == rule and not one.sure for one in pack.scope)


def danger_of(pack: CityPack, type_id: str, *, span: str) -> Danger | None:
    """Return the danger of that type as a sure one, once the citizen has confirmed it."""
    found: DangerType | None = next((d for d in pack.dangers if d.id == type_id), None)
    if found is None:
        return None
    return Danger(
        type=found.id,
        call=found.call,
        also=found.also,
        headline=found.headline,
        why=found.why,
        steps=found.steps,
        span=span,
        sure=True,
        ask=found.ask,
    )


def ticket(
    pack: CityPack, heard: "Heard", draft: Draft, *, identity: TicketIdentity, brought: Brought
) -> Ticket:
    """Return the ticket that ``draft`` becomes, with class, lead unit and every due moment."""
    pack = _law_of(pack, heard)
    what = draft.facts.get("what", "") or "\n".join(draft.said)
    ticket_class = classify(pack, kind=draft.kind, text=what)
    return _ticket(pack, heard, identity=identity, kind=draft.kind, ticket_class=ticket_class,
                   what=what, said="\n".join(draft.said) or what, facts=draft.facts,
                   asks_person=draft.callback, brought=brought, refused_by=draft.refused_by)  # fmt: skip


def urgent_ticket(
    pack: CityPack,
    heard: "Heard",
    *,
    identity: TicketIdentity,
    danger: Danger,
    said: str,
    known: Mapping[str, str],
    brought: Brought,
) -> Ticket:
    """Return the ticket of a danger: the highest class, filed at once with what is ``known`` already."""
    pack = _law_of(pack, heard)
    facts = {name: value for name, value in known.items() if name in _KNOWN_IN_DANGER}
    if not heard.message.letter:  # what is known of a letter holds what its text tells, and what it must not
        facts |= _facts_in(heard)
    filed = _ticket(pack, heard, identity=identity, kind=URGENT_KIND, ticket_class=pack.highest_class(),
                    what=said, said=said, facts=facts, asks_person=False, brought=brought, whole=True)  # fmt: skip
    return replace(filed, urgent=True, title=f"{danger.call} {filed.title}")


def _law_of(pack: CityPack, heard: "Heard") -> CityPack:
    """Return the law as it stood when the citizen spoke: a ticket keeps to it."""
    return pack.on(heard.message.received_at.astimezone(CITY_TIME).date())


def _ticket(
    pack: CityPack,
    heard: "Heard",
    *,
    identity: TicketIdentity,
    kind: str,
    ticket_class: str | None,
    what: str,
    said: str,
    facts: Mapping[str, str],
    asks_person: bool,
    brought: Brought,
    refused_by: str = "",
    whole: bool = False,
) -> Ticket:
    message = heard.message
    facts = {**facts, "time": shown_time(pack, facts)} if facts.get("time") else facts
    contact = _contact(facts, sealed=pack.seals(kind))
    place = facts.get("place", "")
    unit = choose_unit(pack, text=what, place=place, kind=kind, past=heard.past)
    matters = matters_of(pack, what)
    chosen_class = pack.classes.get(ticket_class) if ticket_class else None
    law: tuple[Citation, ...] = (pack.kinds[kind].citation, unit.unit.citation)
    return Ticket(
        number=identity.number,
        query_code=identity.query_code,
        city=pack.code,
        channel=message.channel,
        kind=kind,
        kind_label=pack.kinds[kind].label,
        ticket_class=ticket_class,
        class_label=chosen_class.label if chosen_class else "",
        title=title_of(pack, facts.get("subject") or what),
        summary=brought.under(_summary(pack, what, facts, whole=whole)),
        text=brought.under(said),
        place=place,
        time=facts.get("time", ""),
        when=moment_of(pack, facts),
        contact=contact,
        lead_unit=unit.unit.name,
        lead_unit_why=unit.why,
        co_handlers=unit.co_handlers,
        copies=unit.copies,
        law_version=pack.version,
        law=law if chosen_class is None else (*law, chosen_class.citation),
        due=due_moments(
            pack,
            kind=kind,
            ticket_class=ticket_class,
            channel=message.channel,
            at=message.received_at,
            matters=matters,
        ),
        matters=matters,
        filed_at=message.received_at,
        location=brought.location,
        attachments=brought.attachments,
        asks_person=asks_person,
        public=facts.get("public") == "true",
        site=pack.gazetteer.read(place) if place else None,
        tags=tags_of(pack, what, kind=kind),
        named=tuple(filter(None, [facts.get("organisation", "")])),
        lead_unit_confidence=unit.confidence,
        refused_by=refused_by,
    )


def _contact(facts: Mapping[str, str], *, sealed: bool) -> Contact:
    return Contact(
        name=facts.get("name", ""),
        phone=valid_phone(facts.get("phone", "")) or "",
        email=facts.get("email", ""),
        anonymous=facts.get("anonymous") == "true" or not (facts.get("phone") or facts.get("name")),
        confidential=sealed or facts.get("confidential") == "true",
    )


def title_of(pack: CityPack, what: str) -> str:
    """Return the words of ``what`` that name the demand, in one short line without what names a person."""
    return titles.title_of(redact(without_links(what) or what, pack.finder), pack)


def _summary(pack: CityPack, what: str, facts: Mapping[str, str], *, whole: bool) -> str:
    """Return what lists and centres read first; ``whole`` where leaving a sentence out could cost somebody's life."""
    holds = tuple(filter(None, (facts.get(name, "") for name in ("place", "time", "organisation"))))
    parts = [what if whole else titles.summary_of(what, pack, holds=holds)]
    parts += [pack.say(f"summary_{name}", value=facts[name]) for name in ("place", "time") if facts.get(name)]
    return "\n".join(parts)
