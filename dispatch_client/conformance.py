"""``huying conformance``: whether an endpoint takes events as docs/events asks; for the developer of a dispatch centre."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from aiohttp import ClientError, ClientSession, ClientTimeout

from dispatch_client import payloads
from hotline.events import CONTENT_TYPE, Event
from hotline.signing import TOLERANCE, signed_headers
from hotline.ticket import ALPHABET, RANDOM_LETTERS, ticket_number

SAMPLES = json.loads(Path(__file__).with_name("samples.json").read_text(encoding="utf-8"))
WORDS: Mapping[str, str] = SAMPLES["words"]
SOURCE = "urn:huying:conformance"
IN_TIME = 10.0  #: seconds after which a delivery counts as failed
QUICK = 3.0  #: seconds that an answer should take at most
AT_ONCE = 5  #: deliveries of one event at the same moment
LONG_TEXT = 50_000  #: characters of the longest ticket


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What one check found; without ``wrong`` the endpoint does what is asked."""

    check: str
    wrong: str = ""
    seconds: float = 0.0  #: of the slowest answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the endpoint said; status 0 when it said nothing in time."""

    status: int
    seconds: float
    trouble: str = ""

    @property
    def taken(self) -> bool:
        """Tell whether the sender would count the event as delivered."""
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Tell whether the endpoint refused in good order: neither taken, led elsewhere nor fallen over."""
        return 400 <= self.status < 500

    def __str__(self) -> str:
        return f"answered {self.status}" if self.status else self.trouble


@dataclass(slots=True)
class Kit:
    """Sends to one endpoint, with a ticket of its own for each run."""

    http: ClientSession
    url: str
    key: bytes
    number: str = field(default_factory=lambda: fresh_number(datetime.now(UTC)))
    answers: list[Answer] = field(default_factory=list)

    def event(self, name: str = "filed", *, number: str = "", sequence: int = 1, **more: Any) -> Event:
        """Return an event of the sample ticket; ``more`` is added to its data."""
        subject = number or self.number
        now = datetime.now(UTC)
        data: dict[str, Any] = _DATA[name](subject, now)
        return Event(id=f"{subject}-{name}-{sequence}", source=SOURCE, name=name, subject=subject,
                     sequence=sequence, at=now, data=data | more)  # fmt: skip

    async def send(
        self, event: Event, *, body: bytes | None = None, at: datetime | None = None, key: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:  # fmt: skip
        """Deliver ``event`` as the gateway does; what is given replaces a part of that."""
        signed = event.body() if body is None else body
        right = signed_headers(key or self.key, id=event.id, at=at or datetime.now(UTC), body=signed)
        return await self.post(signed, right if headers is None else headers)

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post ``body`` and remember the answer."""
        began = time.perf_counter()
        try:
            async with self.http.post(
                self.url, data=body, headers={"Content-Type": CONTENT_TYPE, **headers}, allow_redirects=False,
                timeout=ClientTimeout(total=IN_TIME),
            ) as response:  # fmt: skip
                answer = Answer(status=response.status, seconds=time.perf_counter() - began)
        except (ClientError, TimeoutError, OSError) as error:
            trouble = f"no answer ({type(error).__name__})"
            answer = Answer(status=0, seconds=time.perf_counter() - began, trouble=trouble)
        self.answers.append(answer)
        return answer


Check: TypeAlias = Callable[[Kit], Awaitable[str]]


async def _a_signed_ticket_is_taken(kit: Kit) -> str:
    return _unless_taken(await kit.send(kit.event()))


async def _the_same_event_again_is_answered_as_before(kit: Kit) -> str:
    await kit.send(kit.event())
    return _unless_taken(await kit.send(kit.event()))


async def _the_same_request_sent_again_by_somebody_else_does_no_harm(kit: Kit) -> str:
    event = kit.event()
    headers = signed_headers(kit.key, id=event.id, at=datetime.now(UTC), body=event.body())
    answers = [await kit.send(event, headers=headers) for _ in range(2)]
    return next(
        (f"a replay {one}, wanted 2xx or 4xx" for one in answers if not (one.taken or one.refused)), ""
    )


async def _one_event_at_the_same_moment_is_taken_each_time(kit: Kit) -> str:
    number = fresh_number(datetime.now(UTC))
    answers = await asyncio.gather(*(kit.send(kit.event(number=number)) for _ in range(AT_ONCE)))
    return next(filter(None, map(_unless_taken, answers)), "")


async def _every_event_after_the_filing_is_taken(kit: Kit) -> str:
    for sequence, name in enumerate(("supplemented", "urged", "rated", "withdrawn"), 2):
        if wrong := _unless_taken(await kit.send(kit.event(name, sequence=sequence))):
            return f"{name}: {wrong}"
    return ""


async def _an_event_before_its_ticket_is_kept(kit: Kit) -> str:
    number = fresh_number(datetime.now(UTC))
    early = _unless_taken(await kit.send(kit.event("urged", number=number, sequence=2)))
    return early or _unless_taken(await kit.send(kit.event(number=number)))


async def _fields_that_are_not_known_yet_are_ignored(kit: Kit) -> str:
    number = fresh_number(datetime.now(UTC))
    event = kit.event(number=number, mood="calm", more={"of": ["this"]})
    body = json.dumps({**event.envelope(), "traceparent": "00-0-0-00"}, ensure_ascii=False).encode()
    return _unless_taken(await kit.send(event, body=body))


async def _a_long_ticket_is_taken(kit: Kit) -> str:
    number = fresh_number(datetime.now(UTC))
    return _unless_taken(
        await kit.send(kit.event(number=number, text=WORDS["long"] * (LONG_TEXT // len(WORDS["long"]))))
    )


async def _one_good_signature_among_several_is_enough(kit: Kit) -> str:
    event = kit.event(number=fresh_number(datetime.now(UTC)))
    headers = signed_headers((b"x" * 32, kit.key), id=event.id, at=datetime.now(UTC), body=event.body())
    headers["webhook-signature"] = f"v1a,AAAA {headers['webhook-signature']}"
    return _unless_taken(await kit.send(event, headers=headers))


async def _a_wrong_signature_is_refused(kit: Kit) -> str:
    return _unless_refused(await kit.send(kit.event(number=fresh_number(datetime.now(UTC))), key=b"y" * 32))


async def _no_signature_is_refused(kit: Kit) -> str:
    return _unless_refused(await kit.send(kit.event(number=fresh_number(datetime.now(UTC))), headers={}))


async def _a_changed_body_is_refused(kit: Kit) -> str:
    event = kit.event(number=fresh_number(datetime.now(UTC)))
    headers = signed_headers(kit.key, id=event.id, at=datetime.now(UTC), body=event.body())
    return _unless_refused(await kit.send(event, body=event.body() + b" ", headers=headers))


async def _another_id_than_was_signed_is_refused(kit: Kit) -> str:
    event = kit.event(number=fresh_number(datetime.now(UTC)))
    headers = signed_headers(kit.key, id=event.id, at=datetime.now(UTC), body=event.body())
    return _unless_refused(await kit.send(event, headers={**headers, "webhook-id": "another"}))


async def _an_old_signature_is_refused(kit: Kit) -> str:
    event = kit.event(number=fresh_number(datetime.now(UTC)))
    return _unless_refused(await kit.send(event, at=datetime.now(UTC) - 2 * TOLERANCE))


async def _a_signature_of_the_future_is_refused(kit: Kit) -> str:
    event = kit.event(number=fresh_number(datetime.now(UTC)))
    return _unless_refused(await kit.send(event, at=datetime.now(UTC) + 2 * TOLERANCE))


async def _what_is_no_event_is_refused_in_good_order(kit: Kit) -> str:
    for body in (b"", b"not json", b"[" * 10_000, b"{}", b'{"specversion":"1.0"}'):
        if wrong := _unless_refused(await kit.send(kit.event(), body=body)):
            return f"{body[:20]!r}: {wrong}"
    return ""


async def _answers_come_in_time(kit: Kit) -> str:
    slowest = max((answer.seconds for answer in kit.answers), default=0.0)
    return f"the slowest took {slowest:.1f} s; take events in, then work on them" if slowest > QUICK else ""


CHECKS: Sequence[Check] = (
    _a_signed_ticket_is_taken,
    _the_same_event_again_is_answered_as_before,
    _the_same_request_sent_again_by_somebody_else_does_no_harm,
    _one_event_at_the_same_moment_is_taken_each_time,
    _every_event_after_the_filing_is_taken,
    _an_event_before_its_ticket_is_kept,
    _fields_that_are_not_known_yet_are_ignored,
    _a_long_ticket_is_taken,
    _one_good_signature_among_several_is_enough,
    _a_wrong_signature_is_refused,
    _no_signature_is_refused,
    _a_changed_body_is_refused,
    _another_id_than_was_signed_is_refused,
    _an_old_signature_is_refused,
    _a_signature_of_the_future_is_refused,
    _what_is_no_event_is_refused_in_good_order,
    _answers_come_in_time,
)


def name_of(check: Check) -> str:
    """Return the sentence that a check is about."""
    return check.__name__.strip("_").replace("_", " ")


async def examine(kit: Kit) -> AsyncIterator[Verdict]:
    """Yield the verdict of each check, one after the other; without an answer to the first there is no second."""
    for check in CHECKS:
        before = len(kit.answers)
        wrong = await check(kit)
        new = kit.answers[before:]
        yield Verdict(
            check=name_of(check), wrong=wrong, seconds=max((one.seconds for one in new), default=0.0)
        )
        if all(answer.status == 0 for answer in kit.answers):
            return


def fresh_number(at: datetime) -> str:
    """Return a ticket number that nobody has."""
    return ticket_number(at.date(), "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_LETTERS)))


def _unless_taken(answer: Answer) -> str:
    return "" if answer.taken else f"{answer}, wanted 2xx"


def _unless_refused(answer: Answer) -> str:
    return "" if answer.refused else f"{answer}, wanted 401 or another 4xx"


def _filed(number: str, at: datetime) -> dict[str, Any]:
    sample: dict[str, Any] = SAMPLES["filed"]
    return sample | {"number": number, "filed_at": at.isoformat()}


_DATA: Mapping[str, Callable[[str, datetime], dict[str, Any]]] = {
    "filed": _filed,
    "supplemented": lambda _, at: payloads.supplement_data(WORDS["supplemented"], at=at),
    "urged": lambda _, at: payloads.urge_data(WORDS["urged"], at=at),
    "rated": lambda _, at: payloads.rating_data(4, WORDS["rated"], at=at),
    "withdrawn": lambda _, at: payloads.withdrawal_data(WORDS["withdrawn"], at=at),
}
