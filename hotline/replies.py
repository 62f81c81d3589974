"""How each decision is said to the citizen."""

from collections.abc import Callable
from typing import assert_never

from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.conversation import Option
from hotline.deadlines import Due, shown_date
from hotline.reply import Call, Reply, ReplyField, SourceNote, SummaryNote, TicketNote
from hotline.screening import Danger
from hotline.ticket import Ticket
from hotline.turn import (
    Answer,
    Clarify,
    Decision,
    EmergencyTransfer,
    HandOver,
    LeaveToPerson,
    OpenTicket,
    Progress,
    Rate,
    Refusal,
    SmallTalk,
    Summary,
    Supplement,
    Urge,
    Withdraw,
)


def reply_for(decision: Decision, pack: CityPack) -> Reply:
    """Return what the citizen is shown for ``decision``."""
    match decision:
        case Answer():
            return _answer(decision, pack)
        case Clarify(text=text, options=options, danger=danger):
            return Reply(kind="clarify", text=text, options=options, call=_call(danger) if danger else None)
        case Summary(fields=fields):
            rows = tuple(ReplyField(name=f.name, label=f.label, value=f.value) for f in fields)
            options = options_of(pack, "confirm", "add", "cancel")
            return Reply(
                kind="summary", text=pack.say("summary"), options=options, summary=SummaryNote(fields=rows)
            )
        case Refusal(ground=ground):
            options = options_of(pack, "review", "more")
            text = pack.say("refusal" if ground.citation.route else "refusal_without_route")
            return Reply(kind="refusal", text=text, citation=ground.citation, options=options)
        case EmergencyTransfer(danger=danger, recorded=recorded, asks_place=asks_place):
            text = pack.say("emergency_recorded" if recorded else "emergency_not_recorded")
            text += pack.say("emergency_where") if recorded and asks_place else ""
            return Reply(kind="emergency", text=text, call=_call(danger))
        case OpenTicket(ticket=ticket):
            return _receipt(ticket, pack)
        case HandOver(ticket=ticket):
            return Reply(kind="handover", text=_handed_over(ticket, pack), ticket=ticket_note(ticket))
        case Progress(text=text, ways=ways):
            return Reply(
                kind="progress",
                text=text,
                options=options_of(pack, *ways),
            )
        case Supplement(number=number):
            return Reply(kind="notice", text=pack.say("supplemented", number=number))
        case Urge(number=number, times=times):
            name = "urged_again" if times > 1 else "urged"
            return Reply(kind="notice", text=pack.say(name, number=number, times=str(times)))
        case Withdraw(number=number):
            return Reply(kind="notice", text=pack.say("withdrawn", number=number))
        case Rate(number=number):
            return Reply(kind="rating", text=pack.say("rated", number=number))
        case LeaveToPerson():
            return Reply(kind="handover", text=pack.say("attended"))
        case SmallTalk(text=text, options=options):
            return Reply(kind="smalltalk", text=text, options=options)
        case _:
            assert_never(decision)


def options_of(pack: CityPack, *ids: str) -> tuple[Option, ...]:
    """Return the options of those ids with the labels of the pack."""
    return tuple(Option(id=id, label=pack.words[f"option_{id}"]) for id in ids)


def _handed_over(ticket: Ticket, pack: CityPack) -> str:
    """Return what is owed: a person sees it; when they call is not ours to promise."""
    if not ticket.contact.phone:
        return pack.say("handover_without_phone")
    day = ticket.filed_at.astimezone(CITY_TIME).date()
    return pack.say("handover" if pack.calendar.is_working(day) else "handover_day_off")


def ticket_note(ticket: Ticket) -> TicketNote:
    """Return what the citizen is told about ``ticket``."""
    return TicketNote(
        number=ticket.number,
        query_code=ticket.query_code,
        kind=ticket.kind,
        kind_label=ticket.kind_label,
        ticket_class=ticket.ticket_class,
        lead_unit=ticket.lead_unit,
        # Who is in danger is not told the days that a letter may take.
        due=tuple(due for due in ticket.due if due.unit == "hours") if ticket.urgent else ticket.due,
    )


def _answer(decision: Answer, pack: CityPack) -> Reply:
    hit = decision.hit
    note = SourceNote(
        article_id=hit.article_id,
        version=hit.version,
        title=hit.question,
        source=hit.source,
        unit=hit.unit,
        updated_at=hit.updated_at,
        short=hit.short_answer,
    )
    return Reply(
        kind="answer", text=hit.answer, sources=(note,), options=options_of(pack, "solved", "unsolved")
    )


def _receipt(ticket: Ticket, pack: CityPack) -> Reply:
    last = shown_date(ticket.due)
    name = f"receipt_{last.what}" if last is not None else "receipt_without_date"
    name = "receipt_urgent" if ticket.urgent else name
    by = moment_in_words(pack.say, last) if last is not None else ""
    return Reply(kind="ticket", text=pack.say(name, date=by), ticket=ticket_note(ticket))


def moment_in_words(say: Callable[..., str], due: Due) -> str:
    """Return the day of ``due`` with its weekday, marked while it is provisional; limits in hours keep the minute."""
    at = due.at.astimezone(CITY_TIME)
    weekday = say("weekdays").split()[at.weekday()]
    day = say("day", year=str(at.year), month=str(at.month), day=str(at.day), weekday=weekday)
    moment = day if due.days else say("moment", day=day, time=f"{at:%H:%M}")
    return say("provisional", date=moment) if due.provisional else moment


def _call(danger: Danger) -> Call:
    return Call(
        number=danger.call, also=danger.also, why=danger.why, headline=danger.headline, steps=danger.steps
    )
