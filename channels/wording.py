"""Says replies as plain text, in parts that the platform takes. Pure; every word comes from the city pack."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from hotline.calendar import CITY_TIME
from hotline.citation import Citation, LawStatus
from hotline.deadlines import shown_date
from hotline.replies import moment_in_words
from hotline.reply import Call, Reply, SourceNote, SummaryNote, TicketNote

LONGEST = 2_000  #: bytes of UTF-8 in one message; the platform takes 2,048

_SENTENCE = re.compile(
    "[^\u3002\uff01\uff1f\uff1b!?;\n]*(?:[\u3002\uff01\uff1f\uff1b!?;\n]+[\u201d\u2019\uff09)]*|$)"
)
_CLAUSE = re.compile("[^\uff0c\u3001\uff1a, ]*(?:[\uff0c\u3001\uff1a, ]+|$)")
_JOINED_TO_NEXT = "\u200d"


class Wording:
    """Turns replies into messages; the same replies always give the same messages."""

    def __init__(self, say: Callable[..., str], public_url: str) -> None:
        self._say, self._public_url = say, public_url

    def parts(self, replies: Sequence[Reply]) -> tuple[str, ...]:
        """Return what ``replies`` are sent as, options numbered through all of them."""
        said, offered = [], 0
        for reply in replies:
            said.append("\n".join(filter(None, (*self._lines(reply), *self._options(reply, offered)))))
            offered += len(reply.options)
        return split("\n\n".join(filter(None, said)))

    def with_earlier(self, earlier: str) -> str:
        """Return ``earlier`` with a word that it could not be sent before, where there is room for that."""
        told = f"{self._say('wechat_earlier')}\n{earlier}"
        return told if _size(told) <= LONGEST else earlier

    def _lines(self, reply: Reply) -> Iterator[str]:
        if reply.kind == "emergency" and reply.call is not None:
            yield from self._emergency(reply.call)
            yield reply.text
            return
        if reply.by:
            yield self._say("wechat_person")
        yield from self._told(reply)
        if reply.call is not None:
            yield reply.call.why
            yield self._number(reply.call)
        if reply.citation is not None:
            yield from self._citation(reply.citation)
        for source in reply.sources:
            yield from self._source(source)
        if reply.summary is not None:
            yield from self._summary(reply.summary)
        if reply.ticket is not None:
            yield from self._ticket(reply.ticket, reply.text)
        if reply.kind == "progress":
            yield self._say("wechat_progress", url=self._public_url)

    def _told(self, reply: Reply) -> Iterator[str]:
        """Say an answer in its short form where it has one, and where the whole of it stands."""
        short = reply.sources[0].short if reply.kind == "answer" and reply.sources else ""
        yield short or reply.text
        if short:
            yield self._say("wechat_whole", url=f"{self._public_url}/kb/public/{reply.sources[0].article_id}")

    def _emergency(self, call: Call) -> Iterator[str]:
        if call.number in call.headline:
            yield self._say("wechat_call", headline=call.headline)
        else:
            yield self._say("wechat_call_number", headline=call.headline, number=call.number).strip()
        if call.also:
            yield self._say("wechat_call_also", also=self._say("list_comma").join(call.also))
        yield from (self._say("wechat_step", step=step) for step in call.steps)

    def _number(self, call: Call) -> str:
        numbers = self._say("list_comma").join((call.number, *call.also))
        return self._say("wechat_numbers", numbers=numbers)

    def _citation(self, citation: Citation) -> Iterator[str]:
        yield citation.reason
        draft = self._say("wechat_draft") if citation.status is LawStatus.DRAFT else ""
        yield self._say("wechat_law", law=f"{citation.instrument}{draft}{citation.article}")
        if citation.route is not None:
            yield self._say("wechat_route", where=citation.route.name)
            yield citation.route.how

    def _source(self, source: SourceNote) -> Iterator[str]:
        day = source.updated_at.astimezone(CITY_TIME)
        date = self._say("wechat_date", year=str(day.year), month=str(day.month), day=str(day.day))
        yield self._say("wechat_source", source=source.source)
        yield self._say("wechat_updated", unit=source.unit, date=date)

    def _summary(self, summary: SummaryNote) -> Iterator[str]:
        for field in summary.fields:
            value = field.value.strip() or self._say("wechat_empty")
            if field.value in ("true", "false"):
                value = self._say("wechat_yes" if field.value == "true" else "wechat_no")
            yield self._say("wechat_field", label=field.label, value=value)

    def _ticket(self, ticket: TicketNote, told: str) -> Iterator[str]:
        yield self._say("wechat_ticket", number=ticket.number, code=ticket.query_code)
        if ticket.lead_unit:
            yield self._say("wechat_unit", unit=ticket.lead_unit)
        last = shown_date(ticket.due)
        if last is not None:
            date = moment_in_words(self._say, last)
            yield "" if date in told else self._say("wechat_last_day", date=date)
            yield last.why if last.provisional else ""
        yield self._say("wechat_progress", url=self._public_url)

    def _options(self, reply: Reply, offered: int) -> Iterator[str]:
        if reply.options and reply.kind == "answer":
            yield self._say("wechat_helped")
        if reply.options:
            yield self._say("wechat_choose")
        for number, option in enumerate(reply.options, offered + 1):
            yield self._say("wechat_option", number=str(number), label=option.label)


def split(text: str, longest: int = LONGEST) -> tuple[str, ...]:
    """Cut ``text`` into parts of at most ``longest`` bytes: after sentences, else clauses, else characters."""
    parts, part = list[str](), ""
    for piece in _pieces(text, longest):
        if part and _size(part + piece) > longest:
            parts.append(part.strip())
            part = ""
        part += piece
    return tuple(filter(None, (*parts, part.strip())))


def _pieces(text: str, longest: int) -> Iterator[str]:
    """Yield the pieces of ``text`` that stay whole, each of at most ``longest`` bytes."""
    for sentence in _SENTENCE.findall(text):
        if _size(sentence) <= longest:
            yield sentence
            continue
        for clause in _CLAUSE.findall(sentence):
            if _size(clause) <= longest:
                yield clause
            else:
                yield from _letters(clause, longest)


def _letters(text: str, longest: int) -> Iterator[str]:
    """Yield ``text`` letter by letter, what is shown as one letter kept together as far as it fits."""
    letter = ""
    for sign in text:
        joined = letter and (
            unicodedata.combining(sign) or _goes_along(sign) or letter[-1] == _JOINED_TO_NEXT
        )
        if joined and _size(letter + sign) <= longest:
            letter += sign
            continue
        if letter:
            yield letter
        letter = sign
    yield letter


def _goes_along(sign: str) -> bool:
    """Tell whether ``sign`` changes the one before it: a joiner, a variation, a shade of skin."""
    return sign == _JOINED_TO_NEXT or "\ufe00" <= sign <= "\ufe0f" or "\U0001f3fb" <= sign <= "\U0001f3ff"


def _size(text: str) -> int:
    return len(text.encode())
