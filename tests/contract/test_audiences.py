"""Every route of both programs, for whom it is, and that nobody else is let through: the table is the promise."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from gateway.app import make_app
from gateway.bootstrap import Services, open_services
from groundwork.audit import PROGRAM
from groundwork.outbox import Outbox, Owed, owe
from hotline.errors import HotlineError, StorageAwayError
from kb.article import Article
from kb.starters import starter_articles
from staff.accounts import Role
from staff.audience import audiences
from staff.guard import DOOR
from staff.pages import StaffDoor
from tests.dispatch import PASSWORD, UNIT, RunningDesk, settings_for
from tests.staffing import Visitor, jar, rows_of

pytestmark = pytest.mark.enable_socket

OPEN = {
    ("GET", "/healthz"): "ops", ("GET", "/readyz"): "ops", ("GET", "/metrics"): "ops",
}  # fmt: skip
EVERYBODY = "editor reviewer dispatcher unit leader admin"


def door_of(at: str) -> dict[tuple[str, str], str]:
    """What both programs have, under the door's prefix."""
    signing_in = (
        "GET /sign-in",
        "POST /sign-in",
        "GET /sign-in/code",
        "POST /sign-in/code",
        "POST /sign-out",
        "GET /provider",
        "GET /provider/back",
    )
    own = (
        "GET /account", "GET /account/password", "POST /account/password", "GET /account/second-factor",
        "POST /account/second-factor", "POST /account/second-factor/offer", "POST /account/second-factor/remove",
        "POST /account/sessions/end",
    )  # fmt: skip
    admins = (
        "GET /accounts", "POST /accounts", "GET /accounts/{id}", "POST /accounts/{id}/change", "POST /accounts/{id}/lock",
        "POST /accounts/{id}/unlock", "POST /accounts/{id}/reset", "GET /audit",
    )  # fmt: skip
    told = (
        dict.fromkeys(signing_in, "public") | dict.fromkeys(own, EVERYBODY) | dict.fromkeys(admins, "admin")
    )
    return {
        (method, at + path): who
        for (method, _, path), who in ((line.partition(" "), who) for line, who in told.items())
    }


DESK = OPEN | door_of("") | {
    ("POST", "/api/events"): "platform", ("GET", "/static"): "public",
    ("GET", "/published/figures"): "public", ("GET", "/published/liaisons"): "public",
    ("GET", "/"): "dispatcher unit", ("GET", "/inbox/events"): "dispatcher unit", ("GET", "/board"): "dispatcher unit", ("GET", "/cases/{number}"): "dispatcher unit",
    ("GET", "/cases/{number}/files/{place}"): "dispatcher unit",
    ("POST", "/cases/{number}/person"): "dispatcher unit", ("POST", "/cases/{number}/sign"): "dispatcher unit",
    ("POST", "/cases/{number}/replies"): "dispatcher unit", ("POST", "/cases/{number}/wording"): "dispatcher unit",
    ("POST", "/cases/{number}/steps/{step}"): "dispatcher unit",
    ("GET", "/calls"): "dispatcher", ("POST", "/cases/{number}/after/{step}"): "dispatcher unit",
    ("GET", "/meeting"): "dispatcher", ("GET", "/supervision.xlsx"): "dispatcher",
    ("GET", "/ledgers.xlsx"): "dispatcher", ("GET", "/meeting.xlsx"): "dispatcher",
    ("GET", "/letters"): "dispatcher", ("GET", "/letters.xlsx"): "dispatcher", ("GET", "/files"): "dispatcher unit",
    ("POST", "/units/{unit}/calls"): "dispatcher unit",
    ("GET", "/supervision"): "dispatcher", ("POST", "/cases/{number}/supervision"): "dispatcher",
    ("POST", "/cases/{number}/replies/{reply}/overrule"): "dispatcher",
    ("GET", "/leading"): "leader", ("GET", "/leading/{number}"): "leader",
    ("POST", "/leading/{number}/steps/{step}"): "leader",
    ("GET", "/units"): "dispatcher unit admin", ("GET", "/units/{unit}"): "dispatcher unit admin",
    ("POST", "/units"): "dispatcher admin", ("POST", "/units/{unit}"): "dispatcher unit admin",
    ("POST", "/units/{unit}/people/{person}/remove"): "dispatcher unit admin",
    ("POST", "/units/{unit}/turns"): "dispatcher unit admin",
    ("POST", "/units/{unit}/turns/{day}/{person}/remove"): "dispatcher unit admin",
    ("GET", "/reports"): "dispatcher unit", ("GET", "/reports.xlsx"): "dispatcher unit",
    ("GET", "/reports/units/{unit}"): "dispatcher unit", ("GET", "/reports/ranking"): "dispatcher",
    ("POST", "/reports/units/{unit}/entries"): "dispatcher",
    ("POST", "/reports/units/{unit}/entries/{entry}/withdraw"): "dispatcher",
    ("POST", "/reports/units/{unit}/entries/{entry}/confirm"): "dispatcher",
    ("GET", "/archive"): "dispatcher", ("POST", "/archive"): "dispatcher", ("GET", "/cases/{number}/report"): "dispatcher unit",
    ("GET", "/analysis"): "dispatcher unit", ("GET", "/papers"): "dispatcher unit", ("POST", "/papers"): "dispatcher unit",
    ("GET", "/papers/{paper}"): "dispatcher unit", ("GET", "/papers/{paper}.xlsx"): "dispatcher unit",
    ("POST", "/papers/{paper}"): "dispatcher unit", ("POST", "/papers/{paper}/approve"): "dispatcher unit",
    ("POST", "/papers/{paper}/steps"): "dispatcher",
}  # fmt: skip
#: The gateway's own for citizens and programs are listed in tests/web/test_site.py; these are its staff's.
GATEWAY = door_of("/staff") | {
    ("GET", "/ops"): "admin", ("POST", "/ops/effects/{id}/retry"): "admin",
    ("POST", "/ops/effects/{id}/now"): "admin", ("POST", "/ops/effects/{id}/give-up"): "admin",
    ("POST", "/ops/dispatch/enable"): "admin",
    ("GET", "/ops/sealed"): "dispatcher", ("POST", "/ops/sealed"): "dispatcher",
    ("POST", "/ops/sealed/{id}/decide"): "dispatcher", ("POST", "/ops/sealed/{id}/look"): "dispatcher",
    ("GET", "/ops/call-ins"): "dispatcher", ("POST", "/ops/call-ins"): "dispatcher",
    ("POST", "/ops/call-ins/{id}/take-back"): "dispatcher", ("POST", "/ops/call-ins/{id}/calls"): "dispatcher",
    ("GET", "/ops/dissuasions"): "dispatcher",
    ("GET", "/ops/polls"): "dispatcher", ("POST", "/ops/polls"): "dispatcher", ("GET", "/ops/polls/{id}"): "dispatcher",
    ("GET", "/ops/repeats"): "dispatcher", ("POST", "/ops/repeats"): "dispatcher",
    ("POST", "/ops/repeats/undo"): "dispatcher",
    ("GET", "/ops/callbacks/{id}/files/{place}"): "dispatcher",
    ("GET", "/ops/callbacks"): "dispatcher", ("GET", "/ops/callbacks/{id}"): "dispatcher",
    **{("POST", f"/ops/callbacks/{{id}}/{act}"): "dispatcher"
       for act in ("take", "say", "call", "phone", "back", "close")},
    ("GET", "/ops/people"): "dispatcher", ("POST", "/ops/people"): "dispatcher",
} | {
    (method, path): who
    for who, places in {
        "editor reviewer admin": ("GET /kb", "GET /kb/units", "GET /kb/export.{kind}", "GET /kb/golden",
                                  "GET /kb/unanswered", "GET /kb/corrections", "GET /kb/usage"),
        "editor reviewer": ("POST /kb/units", "GET /kb/import", "POST /kb/import", "POST /kb/bulk", "POST /kb/golden",
                            "POST /kb/golden/{id}/drop", "POST /kb/unanswered", "POST /kb/corrections/{id}/close",
                            "POST /kb/articles/{id}/correct"),
        "editor reviewer unit": ("GET /kb/review", "POST /kb/articles/{id}/step", "POST /kb/articles/{id}/files",
                                 "GET /kb/articles/new", "POST /kb/articles/new", "POST /kb/articles/{id}",
                                 "POST /kb/articles/{id}/restore", "GET /kb/articles/{id}/trial"),
        "unit": ("GET /kb/unit", "POST /kb/asked"),
        "editor reviewer unit admin": ("GET /kb/articles/{id}", "GET /kb/articles/{id}/files/{file}", "GET /kb/articles/{id}/diff"),
        EVERYBODY: ("GET /api/kb/suggest",),
    }.items()
    for method, path in map(str.split, places)
}  # fmt: skip


class RefusedError(HotlineError):
    """Never to be tried again."""


def as_told(app: web.Application) -> dict[tuple[str, str], str]:
    return {place: said.replace("staff:", "") for place, said in audiences(app).items()}


@pytest.fixture
async def services(gateway_url: str, tmp_path: Path) -> AsyncIterator[Services]:
    settings = replace(
        settings_for("", tmp_path), database_url=gateway_url, public_url="http://127.0.0.1:8080",
        files_dir=tmp_path / "files", redis_url=f"unix://{tmp_path}/no-redis",
    )  # fmt: skip
    async with open_services(settings) as services:
        await services.pool.execute("TRUNCATE staff_accounts, staff_tries, effects CASCADE")
        yield services


@pytest.fixture
async def front(services: Services, aiohttp_client: Any) -> Visitor:
    """A browser at the gateway."""
    return Visitor(await aiohttp_client(make_app(services), cookie_jar=jar()), at="/staff")


def door(visitor: Visitor) -> StaffDoor:
    app = visitor.client.app
    assert app is not None
    found = app[DOOR]
    assert isinstance(found, StaffDoor)
    return found


async def enter(visitor: Visitor, role: Role) -> None:
    """Make an account of that role and sign in."""
    await door(visitor).accounts.add(f"one-{role}", role, PASSWORD, unit=UNIT if role is Role.UNIT else "")
    assert (await visitor.sign_in(f"one-{role}", PASSWORD))[0] == 303
    await visitor.get(f"{visitor.at}/account/password")


def filled(path: str) -> str:
    path = path.replace("/kb/articles/{id}", f"/kb/articles/{'0' * 32}").replace("{kind}", "csv")
    path = path.replace("{step}", "set_rating_aside")
    return re.sub(
        r"\{number\}",
        "20261120ABCDEFGHJ",
        re.sub(
            r"\{(id|unit|person|reply|place|entry|paper)\}",
            "1",
            path.replace("{day}", "2026-11-20").replace("{file}", "0" * 32),
        ),
    )


async def test_the_desk_s_routes_are_for_whom_the_table_says(desk: RunningDesk) -> None:
    assert as_told(desk.services.app) == DESK


async def test_the_gateway_s_routes_for_staff_are_for_whom_the_table_says(front: Visitor) -> None:
    app = front.client.app
    assert app is not None
    told = as_told(app)
    assert {place: who for place, who in told.items() if place in GATEWAY} == GATEWAY
    roles = {role.value for role in Role}
    others = {place for place, who in told.items() if place not in GATEWAY and roles & set(who.split())}
    assert others == set()
    assert set(told.values()) <= set(GATEWAY.values()) | {"public", "citizen", "platform", "ops"}


def of_staff(table: dict[tuple[str, str], str]) -> list[tuple[str, str, set[str]]]:
    roles = {role.value for role in Role}
    return [
        (method, path, set(who.split())) for (method, path), who in table.items() if roles & set(who.split())
    ]


async def refused(visitor: Visitor, table: dict[tuple[str, str], str], role: Role | None) -> list[str]:
    """Return the pages at which this role, or nobody, is turned away."""
    found = []
    for method, path, _ in of_staff(table):
        ask = visitor.client.get if method == "GET" else visitor.client.post
        data = None if method == "GET" else {"form_token": visitor.token}
        answer = await ask(filled(path), data=data, headers=visitor.headers(), allow_redirects=False)
        at_door = answer.status == 303 and answer.headers["Location"].startswith(f"{visitor.at}/sign-in")
        if at_door or answer.status == 403:
            assert at_door == (role is None), (method, path)
            found.append(f"{method} {path}")
    return found


@pytest.mark.parametrize("role", [None, *Role], ids=str)
async def test_at_the_desk_each_role_sees_exactly_its_pages(desk: RunningDesk, role: Role | None) -> None:
    await desk.services.pool.execute("TRUNCATE staff_accounts, staff_tries CASCADE")
    visitor = Visitor(desk.browser)
    if role is not None:
        await desk.services.door.accounts.add(
            f"one-{role}", role, PASSWORD, unit=UNIT if role is Role.UNIT else ""
        )
        assert (await visitor.sign_in(f"one-{role}", PASSWORD))[0] == 303
        await visitor.get("/account/password")
    theirs = {
        f"{method} {path}" for method, path, who in of_staff(DESK) if role is None or role.value not in who
    }
    assert set(await refused(visitor, DESK, role)) == theirs


@pytest.mark.parametrize("role", [None, *Role], ids=str)
async def test_at_the_gateway_each_role_sees_exactly_its_pages(front: Visitor, role: Role | None) -> None:
    if role is not None:
        await enter(front, role)
    theirs = {
        f"{method} {path}" for method, path, who in of_staff(GATEWAY) if role is None or role.value not in who
    }
    assert set(await refused(front, GATEWAY, role)) == theirs


@pytest.mark.parametrize(
    ("role", "home"),
    [(Role.EDITOR, "/kb"), (Role.REVIEWER, "/kb"), (Role.ADMIN, "/ops"), (Role.DISPATCHER, "/ops/callbacks"),
     (Role.UNIT, "/kb/review")],
)  # fmt: skip
async def test_each_role_begins_where_its_work_is(front: Visitor, role: Role, home: str) -> None:
    await door(front).accounts.add("one", role, PASSWORD, unit=UNIT if role is Role.UNIT else "")
    assert await front.sign_in("one", PASSWORD) == (303, home)
    assert (await front.get(home))[0] == 200


async def test_a_session_of_one_program_is_nothing_at_the_other(front: Visitor, desk: RunningDesk) -> None:
    await enter(front, Role.ADMIN)
    token = front.cookies["huying_gateway_staff"]
    cookies = {"huying_desk_staff": token, "huying_gateway_staff": token}
    answer = await desk.browser.get("/accounts", cookies=cookies, allow_redirects=False)
    assert answer.status == 303
    assert (await front.get("/ops"))[0] == 200


async def test_citizens_pages_are_open_and_know_nothing_of_staff(front: Visitor) -> None:
    for path in ("/", "/kb/public", "/progress", "/chat"):
        assert (await front.get(path))[0] == 200
    await enter(front, Role.EDITOR)
    _, page = await front.get("/")
    assert "one-editor" not in page


async def test_the_list_of_answers_shows_every_state_and_filters_by_it(
    front: Visitor, services: Services
) -> None:
    articles = starter_articles("_example")[:20]  # one page
    await services.pool.execute("TRUNCATE articles, article_versions, article_drafts CASCADE")
    before = await services.pool.fetchval("SELECT count(*) FROM audit_log")
    assert await services.articles.put(articles) == len(articles)
    assert await services.articles.put(articles) == 0
    noted = await services.pool.fetch("SELECT * FROM audit_log ORDER BY sequence OFFSET $1", before)
    assert {row["action"] for row in noted} == {"article.recorded"}
    assert {row["subject"] for row in noted} == {article.id for article in articles}
    draft = Article.drafted(
        city="_example", external_id="new", question="没写完的问题", answer="答", updated_at=services.clock()
    )
    assert await services.drafts.load([draft, articles[0]]) == (1, [])
    await enter(front, Role.REVIEWER)
    _, page = await front.get("/kb")
    rows = list(rows_of(page))
    assert len(rows) == 2 + len(articles) and f"共{len(articles) + 1}条" in page and "草稿 1" in page
    _, page = await front.get("/kb?state=draft")
    assert draft.question in page and "没有写，不能发布" in page and articles[0].question not in page
    for odd in ("?state=nonsense", "?page=0", "?page=²", "?page=9999999", "?list=x&unit=%00&q=%27"):
        assert (await front.get(f"/kb{odd}"))[0] == 200


async def test_operations_show_what_gave_up_without_contents_and_send_it_again(
    front: Visitor, services: Services
) -> None:
    async def refuse(kind: str, body: Any) -> None:
        raise RefusedError("no")

    async with services.pool.acquire() as connection, connection.transaction():
        owed = Owed(key="k", lane="ticket:20261120ABCDEFGHJ", kind="event", body={"text": "楼下着火"})
        await owe(connection, services.vault, [owed], clock=services.clock)
    outbox = Outbox(services.pool, services.vault, refuse, clock=services.clock, audit=services.audit)
    assert await outbox.work(owed.lane) is None
    id = await services.pool.fetchval("SELECT id FROM effects")
    await enter(front, Role.ADMIN)
    _, page = await front.get("/ops")
    assert "RefusedError" in page and f">{id}</th>" in page and "已放弃" in page and "1件" in page
    for word in ("着火", "20261120ABCDEFGHJ", "ticket:"):
        assert word not in page
    assert await front.post(f"/ops/effects/{id}/retry") == (303, "/ops?done=retried")
    assert await front.post(f"/ops/effects/{id}/retry") == (303, "/ops?done=nothing")
    assert await services.pool.fetchval("SELECT gave_up_at IS NULL FROM effects")
    noted = await services.pool.fetch(
        "SELECT action, subject, account_id FROM audit_log WHERE kind = 'effect' ORDER BY sequence"
    )
    assert [(row["action"], row["subject"], row["account_id"] is None) for row in noted][-2:] == [
        ("effect.gave_up", str(id), True), ("effect.retried", str(id), False),
    ]  # fmt: skip


async def test_operations_try_now_or_give_up_what_fails_and_switch_the_link_on_again(
    front: Visitor, services: Services
) -> None:
    async def fail(kind: str, body: Any) -> None:
        raise StorageAwayError("busy")

    async with services.pool.acquire() as connection, connection.transaction():
        owed = Owed(key="f", lane="ticket:20261120ABCDEFGHJ", kind="event", body={"text": "楼下着火"})
        await owe(connection, services.vault, [owed], clock=services.clock)
    outbox = Outbox(services.pool, services.vault, fail, clock=services.clock, audit=services.audit)
    assert await outbox.work(owed.lane) is not None
    assert await services.links.disable(audit=services.audit, by=PROGRAM)
    id = await services.pool.fetchval("SELECT id FROM effects")
    await enter(front, Role.ADMIN)
    _, page = await front.get("/ops")
    assert "StorageAwayError" in page and "不再接收" in page and "着火" not in page
    assert await front.post("/ops/dispatch/enable") == (303, "/ops?done=enabled")
    assert await front.post("/ops/dispatch/enable") == (303, "/ops?done=nothing")
    assert await front.post(f"/ops/effects/{id}/now") == (303, "/ops?done=retried")
    assert await front.post(f"/ops/effects/{id}/give-up") == (303, "/ops?done=abandoned")
    assert await front.post(f"/ops/effects/{id}/now") == (303, "/ops?done=nothing")
    _, page = await front.get("/ops?done=abandoned")
    assert "放弃的投递" in page and "不再接收" not in page


async def test_operations_say_what_is_away(front: Visitor) -> None:
    await enter(front, Role.ADMIN)
    _, page = await front.get("/ops")
    assert "限次和推送暂时各自计数" in page


async def test_operations_are_alarmed_when_nothing_arrives_at_the_centre(
    front: Visitor, services: Services
) -> None:
    await enter(front, Role.ADMIN)
    _, page = await front.get("/ops")
    assert "没有一件送到调度中心" not in page
    for error in ("TimeoutError", "DispatchAwayError"):
        await services.links.failed(error)
    _, page = await front.get("/ops")
    assert "没有一件送到调度中心" not in page, "a moment of failing alarms nobody"
    await services.pool.execute("UPDATE dispatch_link SET failing_since = failing_since - interval '2 min'")
    _, page = await front.get("/ops")
    assert "没有一件送到调度中心，已经失败2次，最后一次的错误是DispatchAwayError" in page
    await services.links.worked()
    _, page = await front.get("/ops")
    assert "没有一件送到调度中心" not in page
