"""What tests of the desk and of its client share: a fictional city, its tickets, a signed-in browser."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from argon2 import PasswordHasher

from cities.loading import load_pack
from dispatch_client.payloads import ticket_data
from dispatch_desk.app import Services
from groundwork.settings import Settings, webhook_key
from hotline.bodies import OnFile, Unit
from hotline.calendar import CITY_TIME, Calendar, DayKind
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.deadlines import CountedDay, Due
from hotline.events import CONTENT_TYPE, Event
from hotline.limits import DeadlineRule
from hotline.signing import signed_headers
from hotline.ticket import Contact, Ticket, ticket_number
from staff.accounts import AccountError, Role

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBmaWN0aW9uYWwgY2l0eSwgMzIgYnl0ZXM="
KEY = webhook_key(SECRET)
GATEWAY = "urn:huying:gateway:_example"
FILED_AT = datetime(2026, 11, 20, 15, 30, tzinfo=CITY_TIME)  #: a Friday
RULES = "示例市热线办法"


PASSWORD = "a long enough password"
UNIT = "示例区住建局"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class SettableClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = FILED_AT + timedelta(hours=1)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningDesk:
    """A desk in this process, over a real database."""

    services: Services
    browser: TestClient[Any, Any]
    clock: SettableClock
    settings: Settings

    async def staff(self, role: Role, name: str = "") -> str:
        """Return the name of an account with ``PASSWORD``, made when it is not there."""
        name = name or role.value
        with suppress(AccountError):
            unit = UNIT if role is Role.UNIT else ""
            await self.services.door.accounts.add(name, role, PASSWORD, unit=unit)
        return name

    async def enter(self, role: Role) -> None:
        """Sign the browser in."""
        answer = await sign_in(self.browser, await self.staff(role), PASSWORD)
        assert answer.status == 303

    async def count(self, table: str, where: str = "true", *values: Any) -> int:
        """Return how many rows there are."""
        return int(await self.services.pool.fetchval(f"SELECT count(*) FROM {table} WHERE {where}", *values))


#: Opens a desk under a pack, or the law of a city, with nothing in it; a dispatcher is signed in unless ``role`` says otherwise.
Opening: TypeAlias = Callable[..., AbstractAsyncContextManager[RunningDesk]]
#: Everything that desks write on the way; accounts, and the log of what was done, stay.
WRITTEN = (
    "cases", "case_events", "case_facts", "case_steps", "due_warnings", "events_received", "effects", "replies", "report_entries",
    "papers", "paper_steps", "unit_people", "duty_roster", "gone_up", "staff_tries",
)  # fmt: skip


def settings_for(url: str, folder: Path, **more: Any) -> Settings:
    """Return the settings of a desk in its own folder."""
    values: dict[str, Any] = {
        "city": "_example",
        "state_dir": folder,
        "desk_database_url": url,
        "secret_key": "k" * 40,
        "vault_keys": "k1:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=",
        "dispatch_secret": SECRET,
        "gateway_url": "http://127.0.0.1:9",
    }
    return Settings(**(values | more))


_LAW = Citation(instrument=RULES, article="第六条")
_ON_FILE = OnFile(id="people", roles=("deputy_head", "dedicated_person"), citation=_LAW)


def _unit(name: str) -> Unit:
    return Unit(id=name, name=name, citation=_LAW)


def a_pack() -> CityPack:
    """Return a fictional city: sign within one working day, finish within five from signing."""
    cite = Citation(instrument=RULES, article="第八条")
    rule = {"days": None, "hours": None, "citation": cite}
    return CityPack(
        code="_example", name="示例市", hotline="12345", sources=(), kinds={}, classes={}, scope=(),
        deadlines=(
            DeadlineRule(id="sign", what="sign", starts="filing", working_days=1, **rule),  # type: ignore[arg-type]
            DeadlineRule(id="finish", what="finish", starts="signing", working_days=5, **rule),  # type: ignore[arg-type]
        ),
        dangers=(), not_now=(), units=(_unit(UNIT), _unit("示例市交通局")), on_file=(_ON_FILE,), referral=None,
        words={"due_from_signing": "等签收后确定。", "due_year_unknown": "{year}年的放假安排还没有公布。"},
        case_steps=load_pack("_example").case_steps,
        calendar=Calendar(known_years=frozenset({2026}), holidays={}, makeup_days={}),
    )  # fmt: skip


def a_number(letters: str = "ABCDEFGH") -> str:
    """Return a well-formed ticket number."""
    return ticket_number(FILED_AT.date(), letters)


def a_due(what: str, at: datetime, *, days: tuple[CountedDay, ...] = (), why: str = "") -> Due:
    """Return a due moment under the fictional rules."""
    cite = Citation(instrument=RULES, article="第八条")
    return Due(what=what, at=at, citation=cite, provisional=bool(why), why=why, days=days)


def counted(*numbers: int | None) -> tuple[CountedDay, ...]:
    """Return a reckoning from the day of filing on; days are weekends where the calendar says so."""
    days = []
    for offset, number in enumerate(numbers):
        day = FILED_AT.date() + timedelta(days=offset)
        kind = DayKind.WEEKEND if day.weekday() >= 5 else DayKind.WORK
        days.append(CountedDay(day=day, kind=kind, name="", count=number))
    return tuple(days)


def a_ticket(number: str | None = None, **changes: Any) -> Ticket:
    """Return a complaint of the fictional city."""
    end = datetime(2026, 11, 23, 23, 59, 59, tzinfo=CITY_TIME)
    values: dict[str, Any] = {
        "number": number or a_number(),
        "query_code": "QC7777",
        "city": "_example",
        "channel": "webchat",
        "kind": "complaint",
        "kind_label": "投诉",
        "ticket_class": "general",
        "class_label": "一般事项",
        "title": "示例小区东侧工地夜间施工",
        "summary": "工地晚上十点以后还在浇筑，希望停止夜间施工。",
        "text": "你好\n我们小区东边的工地天天晚上施工，睡不着",
        "place": "示例区示例路1号",
        "time": "晚上10点以后",
        "contact": Contact(name="张样例", phone="13800000000"),
        "lead_unit": UNIT,
        "lead_unit_why": "说到了“施工”。",
        "law": (Citation(instrument=RULES, article="第三条", reason="反映噪声扰民"),),
        "due": (
            a_due("sign", end, days=counted(None, None, None, 1)),
            a_due(
                "finish",
                end + timedelta(days=5),
                days=counted(None, None, None, 1, 2, 3, 4, 5),
                why="等签收后确定。",
            ),
        ),
        "filed_at": FILED_AT,
    }
    return Ticket(**(values | changes))


def an_event(name: str, data: dict[str, Any], *, number: str, sequence: int = 1, id: str = "") -> Event:
    """Return an event as the gateway says it."""
    at = FILED_AT + timedelta(minutes=sequence)
    return Event(
        id=id or f"{number}-{name}-{sequence}", source=GATEWAY, name=name, subject=number,
        sequence=sequence, at=at, data=data,
    )  # fmt: skip


def filed(ticket: Ticket, **more: Any) -> Event:
    """Return the event that files ``ticket``."""
    return an_event("filed", ticket_data(ticket), number=ticket.number, **more)


async def post_event(client: Any, event: Event, *, key: bytes = KEY, at: datetime | None = None) -> int:
    """Send an event to the desk as the gateway would; return the status."""
    return (await post_body(client, event.body(), id=event.id, key=key, at=at)).status


async def post_body(
    client: Any, body: bytes, *, id: str = "e1", key: bytes = KEY, at: datetime | None = None
) -> ClientResponse:
    """Send any body under a signature."""
    headers = signed_headers(key, id=id, at=at or datetime.now(UTC), body=body)
    answer: ClientResponse = await client.post(
        "/api/events", data=body, headers={"Content-Type": CONTENT_TYPE, **headers}
    )
    return answer


def origin(client: TestClient[Any, Any]) -> dict[str, str]:
    """Return the header by which a browser says that a form is the site's own."""
    return {"Origin": str(client.make_url("/")).rstrip("/"), "Accept": "text/html"}


async def sign_in(client: TestClient[Any, Any], name: str, password: str, **form: str) -> ClientResponse:
    """Send the sign-in form; redirects are not followed."""
    return await client.post(
        "/sign-in",
        data={"name": name, "password": password, **form},
        headers=origin(client),
        allow_redirects=False,
    )


async def text_of(client: TestClient[Any, Any], path: str) -> str:
    """Return a page that must be there."""
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status == 200, answer.status
    return await answer.text()


async def form_token(client: TestClient[Any, Any], number: str) -> str:
    """Return the token that the sign form of a case page carries."""
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', await text_of(client, f"/cases/{number}"))
    assert found
    return found[1]
