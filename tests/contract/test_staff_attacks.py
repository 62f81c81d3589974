"""Sign-in in two steps, and what an attacker would try: each step of it over real HTTP and a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from dispatch_desk.app import compose
from groundwork.database import open_pool
from hotline.ticket import Contact
from staff.accounts import ONE_TIME, Role
from staff.admin_pages import REASONS
from staff.first_accounts import ensure_first_accounts
from staff.pages import StaffDoor
from staff.second_factor import MAX_CODE_TRIES, STEP
from staff.sessions import HALFWAY
from staff.tries import WINDOW
from tests.dispatch import (
    CHEAP,
    PASSWORD,
    UNIT,
    RunningDesk,
    SettableClock,
    a_number,
    a_pack,
    a_ticket,
    filed,
    post_event,
    settings_for,
)
from tests.staffing import OWN, Visitor, code_of, codes_on, jar, key_on

pytestmark = pytest.mark.enable_socket

COOKIE = "huying_desk_staff"


@pytest.fixture(autouse=True)
async def nobody_yet(desk: RunningDesk) -> None:
    await desk.services.pool.execute("TRUNCATE staff_accounts, staff_tries CASCADE")


@pytest.fixture
def visitor(desk: RunningDesk) -> Visitor:
    return Visitor(desk.browser)


@pytest.fixture
async def elsewhere(desk: RunningDesk, aiohttp_client: Any) -> Visitor:
    """A second browser at the same desk."""
    return Visitor(await aiohttp_client(desk.browser.server, cookie_jar=jar()))


async def acts(desk: RunningDesk) -> list[tuple[str, str]]:
    rows = await desk.services.pool.fetch("SELECT action, why FROM audit_log ORDER BY sequence")
    return [(row["action"], row["why"]) for row in rows]


async def since(desk: RunningDesk, before: int) -> list[tuple[str, str]]:
    return (await acts(desk))[before:]


async def bound(desk: RunningDesk, visitor: Visitor, name: str = "dispatcher") -> tuple[str, list[str]]:
    """Sign in, bind a phone; return its secret and the recovery codes."""
    await desk.staff(Role.DISPATCHER, name)
    assert (await visitor.sign_in(name, PASSWORD))[0] == 303
    await visitor.get("/account/second-factor")
    status, where = await visitor.post("/account/second-factor/offer", password=PASSWORD)
    assert (status, where) == (303, "/account/second-factor")
    secret = key_on((await visitor.get(where))[1])
    status, page = await visitor.post("/account/second-factor", code=code_of(secret, desk.clock.now))
    assert status == 200
    desk.clock.now += timedelta(seconds=STEP)
    return secret, codes_on(page)


async def at_code(visitor: Visitor, name: str = "dispatcher") -> None:
    """Go as far as the page that asks for the code."""
    status, where = await visitor.sign_in(name, PASSWORD)
    assert (status, where.partition("?")[0]) == (303, "/sign-in/code")
    assert (await visitor.get("/sign-in/code"))[0] == 200


async def test_a_phone_is_bound_and_its_code_is_asked_from_then_on(
    desk: RunningDesk, visitor: Visitor, elsewhere: Visitor
) -> None:
    before = len(await acts(desk))
    secret, codes = await bound(desk, visitor)
    assert len(set(codes)) == 10
    await at_code(elsewhere)
    assert (await elsewhere.get("/"))[1] == "/sign-in/code", "a password alone opens nothing"
    await elsewhere.get("/sign-in/code")
    assert await elsewhere.post("/sign-in/code", code=code_of(secret, desk.clock.now)) == (303, "/")
    assert (await elsewhere.get("/"))[0] == 200
    assert await since(desk, before) == [
        ("account.made", "role:dispatcher"), ("staff.signed_in", "password"), ("staff.factor_set", ""),
        ("staff.sessions_ended", "count:0"), ("staff.signed_in", "password+code"),
    ]  # fmt: skip


async def test_secrets_and_recovery_codes_are_not_in_the_database(
    desk: RunningDesk, visitor: Visitor
) -> None:
    secret, codes = await bound(desk, visitor)
    pool, rows = desk.services.pool, []
    for table in ("staff_accounts", "staff_recovery_codes", "staff_sessions", "audit_log", "staff_tries"):
        rows += await pool.fetch(f"SELECT to_jsonb(t)::text AS text FROM {table} AS t")
    stored = "\n".join(row["text"] for row in rows)
    for word in (secret, secret.encode().hex(), *codes, *(code.replace("-", "") for code in codes)):
        assert word not in stored


async def test_the_code_that_bound_the_phone_does_not_sign_in(desk: RunningDesk, visitor: Visitor) -> None:
    secret, _ = await bound(desk, visitor)
    desk.clock.now -= timedelta(seconds=STEP)
    await at_code(visitor)
    assert (await visitor.post("/sign-in/code", code=code_of(secret, desk.clock.now)))[0] == 422


async def test_a_code_is_taken_once_even_by_two_at_the_same_moment(
    desk: RunningDesk, visitor: Visitor, elsewhere: Visitor
) -> None:
    secret, _ = await bound(desk, visitor)
    await at_code(visitor)
    await at_code(elsewhere)
    code = code_of(secret, desk.clock.now)
    both = await asyncio.gather(*(who.post("/sign-in/code", code=code) for who in (visitor, elsewhere)))
    assert sorted(status for status, _ in both) == [303, 422]
    again = visitor if both[0][0] == 422 else elsewhere
    assert (await again.post("/sign-in/code", code=code))[0] == 422


@pytest.mark.parametrize(("steps", "opens"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_a_phone_s_clock_may_be_a_little_wrong(
    desk: RunningDesk, visitor: Visitor, steps: int, opens: bool
) -> None:
    secret, _ = await bound(desk, visitor)
    desk.clock.now += timedelta(seconds=5 * STEP)
    await at_code(visitor)
    status, _ = await visitor.post("/sign-in/code", code=code_of(secret, desk.clock.now, steps))
    assert (status == 303) is opens


async def test_an_older_code_is_void_once_a_newer_was_taken(
    desk: RunningDesk, visitor: Visitor, elsewhere: Visitor
) -> None:
    secret, _ = await bound(desk, visitor)
    desk.clock.now += timedelta(seconds=5 * STEP)
    await at_code(visitor)
    await at_code(elsewhere)
    assert (await visitor.post("/sign-in/code", code=code_of(secret, desk.clock.now)))[0] == 303
    assert (await elsewhere.post("/sign-in/code", code=code_of(secret, desk.clock.now, -1)))[0] == 422


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "000000\x00", "１２３４５６", "é", "x" * 5_000])
async def test_what_is_no_code_is_refused(desk: RunningDesk, visitor: Visitor, typed: str) -> None:
    await bound(desk, visitor)
    await at_code(visitor)
    assert (await visitor.post("/sign-in/code", code=typed))[0] == 422


async def test_guessing_codes_locks_and_a_right_password_does_not_unlock(
    desk: RunningDesk, visitor: Visitor
) -> None:
    secret, codes = await bound(desk, visitor)
    before = len(await acts(desk))
    await at_code(visitor)
    for _ in range(MAX_CODE_TRIES):
        assert (await visitor.post("/sign-in/code", code="000000"))[0] == 422
    for _ in range(2):
        await at_code(visitor)
        for code in (code_of(secret, desk.clock.now), codes[0]):
            assert (await visitor.post("/sign-in/code", code=code))[0] == 429
    expected = [("staff.sign_in_failed", "code")] * MAX_CODE_TRIES + [("staff.locked_out", "code")]
    assert await since(desk, before) == expected
    desk.clock.now += WINDOW
    await at_code(visitor)
    assert (await visitor.post("/sign-in/code", code=code_of(secret, desk.clock.now)))[0] == 303


async def test_a_recovery_code_is_taken_once(desk: RunningDesk, visitor: Visitor) -> None:
    _, codes = await bound(desk, visitor)
    for typed, opens in (
        (codes[0].upper(), True),
        (codes[0], False),
        (f" {codes[1].replace('-', ' ')} ", True),
    ):
        await at_code(visitor)
        assert ((await visitor.post("/sign-in/code", code=typed))[0] == 303) is opens
    assert ("staff.recovery_code_used", "") in await acts(desk)


async def test_codes_of_one_account_do_not_fit_another(
    desk: RunningDesk, visitor: Visitor, elsewhere: Visitor
) -> None:
    secret, codes = await bound(desk, visitor, "one")
    await bound(desk, elsewhere, "other")
    await at_code(elsewhere, "other")
    for code in (code_of(secret, desk.clock.now), codes[0]):
        assert (await elsewhere.post("/sign-in/code", code=code))[0] == 422


async def test_a_half_session_is_short_and_opens_no_page(desk: RunningDesk, visitor: Visitor) -> None:
    await bound(desk, visitor)
    await at_code(visitor)
    for path in ("/", "/account", "/account/password", "/account/second-factor", "/cases/x"):
        assert await visitor.get(path) == (303, "/sign-in/code")
    for path in ("/account/password", "/account/second-factor/remove", "/account/sessions/end"):
        assert await visitor.post(path) == (303, "/sign-in/code")
    desk.clock.now += HALFWAY
    assert (await visitor.get("/sign-in/code"))[1] == "/sign-in"


async def test_every_step_has_a_token_of_its_own(desk: RunningDesk, visitor: Visitor) -> None:
    """Fixation: a token that was known before a step is worth nothing after it."""
    tokens = []
    await desk.staff(Role.DISPATCHER)
    await visitor.sign_in("dispatcher", PASSWORD)
    tokens.append(visitor.cookies[COOKIE])
    await visitor.get("/account/second-factor")
    await visitor.post("/account/second-factor/offer", password=PASSWORD)
    secret = key_on((await visitor.get("/account/second-factor"))[1])
    await visitor.post("/account/second-factor", code=code_of(secret, desk.clock.now))
    tokens.append(visitor.cookies[COOKIE])
    await visitor.get("/account/password")
    assert (await visitor.post("/account/password", old=PASSWORD, new=OWN, again=OWN))[0] == 303
    tokens.append(visitor.cookies[COOKIE])
    desk.clock.now += timedelta(seconds=STEP)
    await visitor.sign_in("dispatcher", OWN)
    tokens.append(visitor.cookies[COOKIE])
    await visitor.get("/sign-in/code")
    assert (await visitor.post("/sign-in/code", code=code_of(secret, desk.clock.now)))[0] == 303
    tokens.append(visitor.cookies[COOKIE])
    assert len(set(tokens)) == 5
    sessions = desk.services.door.sessions
    assert [await sessions.find(token) is not None for token in tokens] == [False] * 4 + [True]


async def test_a_changed_password_ends_every_other_session(
    desk: RunningDesk, visitor: Visitor, elsewhere: Visitor
) -> None:
    await desk.staff(Role.DISPATCHER)
    for who in (visitor, elsewhere):
        assert (await who.sign_in("dispatcher", PASSWORD))[0] == 303
    await visitor.get("/account/password")
    assert await visitor.post("/account/password", old=PASSWORD, new=OWN, again=OWN) == (
        303,
        "/account?done=password",
    )
    assert (await visitor.get("/"))[0] == 200
    assert (await elsewhere.get("/"))[0] == 303
    assert (await elsewhere.sign_in("dispatcher", PASSWORD))[0] == 422
    assert (await elsewhere.sign_in("dispatcher", OWN))[0] == 303


@pytest.mark.parametrize(
    ("old", "new", "again", "said"),
    [
        ("wrong", OWN, OWN, "密码不对"),
        (PASSWORD, "short", "short", "至少要12个字符"),
        (PASSWORD, OWN, OWN + "x", "不一样"),
        (PASSWORD, PASSWORD, PASSWORD, "和原来的一样"),
        (PASSWORD, "dispatcher-2026-2026", "dispatcher-2026-2026", "容易被猜到"),
    ],
)
async def test_a_password_is_changed_by_who_knows_the_old_one_to_a_good_one(
    desk: RunningDesk, visitor: Visitor, old: str, new: str, again: str, said: str
) -> None:
    await desk.staff(Role.DISPATCHER)
    await visitor.sign_in("dispatcher", PASSWORD)
    await visitor.get("/account/password")
    status, page = await visitor.post("/account/password", old=old, new=new, again=again)
    assert status == 422 and said in page and new not in page
    assert (await visitor.get("/"))[0] == 200


async def test_guessing_the_old_password_locks_too(desk: RunningDesk, visitor: Visitor) -> None:
    await desk.staff(Role.DISPATCHER)
    await visitor.sign_in("dispatcher", PASSWORD)
    await visitor.get("/account/password")
    for _ in range(10):
        _, page = await visitor.post("/account/password", old="wrong", new=OWN, again=OWN)
        assert "密码不对" in page
    _, page = await visitor.post("/account/password", old=PASSWORD, new=OWN, again=OWN)
    assert "过15分钟再试" in page


async def test_binding_a_phone_needs_the_password(desk: RunningDesk, visitor: Visitor) -> None:
    await desk.staff(Role.DISPATCHER)
    await visitor.sign_in("dispatcher", PASSWORD)
    await visitor.get("/account/second-factor")
    assert (await visitor.post("/account/second-factor/offer", password="wrong"))[0] == 422
    assert (await visitor.post("/account/second-factor", code="000000"))[0] == 303, "nothing was offered"
    assert await desk.count("staff_accounts", "totp_offered IS NOT NULL OR totp_secret IS NOT NULL") == 0


async def test_a_bound_phone_is_not_replaced_by_a_stolen_session(desk: RunningDesk, visitor: Visitor) -> None:
    await bound(desk, visitor)
    before = await desk.services.pool.fetchval("SELECT totp_secret FROM staff_accounts")
    await visitor.get("/account")
    assert (await visitor.post("/account/second-factor/offer", password=PASSWORD))[0] == 303
    assert (await visitor.post("/account/second-factor", code="000000"))[0] == 303
    assert await desk.services.pool.fetchval("SELECT totp_secret FROM staff_accounts") == before


async def test_taking_the_phone_off_needs_password_and_code(desk: RunningDesk, visitor: Visitor) -> None:
    secret, _ = await bound(desk, visitor)
    await visitor.get("/account")
    code = code_of(secret, desk.clock.now)
    assert (await visitor.post("/account/second-factor/remove", password="wrong", code=code))[0] == 422
    assert (await visitor.post("/account/second-factor/remove", password=PASSWORD, code="000000"))[0] == 422
    status, where = await visitor.post("/account/second-factor/remove", password=PASSWORD, code=code)
    assert (status, where) == (303, "/account?done=removed")
    assert await visitor.sign_in("dispatcher", PASSWORD) == (303, "/")
    assert await desk.count("staff_recovery_codes") == 0


@asynccontextmanager
async def strict(
    desk: RunningDesk, url: str, folder: Path, client: Any, **more: Any
) -> AsyncIterator[tuple[Visitor, StaffDoor, SettableClock]]:
    """A desk beyond loopback: every account needs a second factor."""
    settings, clock = settings_for(url, folder, staff_second_factor="required", **more), SettableClock()
    async with open_pool(url) as pool, ClientSession() as http:
        services = compose(settings, a_pack(), pool, http, clock=clock, code_time=clock, hasher=CHEAP)
        yield Visitor(await client(services.app, cookie_jar=jar())), services.door, clock


async def test_where_a_second_factor_is_required_nothing_else_opens_before(
    desk: RunningDesk, desk_url: str, tmp_path: Path, aiohttp_client: Any
) -> None:
    await desk.staff(Role.DISPATCHER)
    async with strict(desk, desk_url, tmp_path, aiohttp_client) as (visitor, _, clock):
        assert await visitor.sign_in("dispatcher", PASSWORD) == (303, "/account/second-factor")
        for path in ("/", "/account", "/account/password", "/cases/x"):
            assert await visitor.get(path) == (303, "/account/second-factor")
        await visitor.get("/account/second-factor")
        assert (await visitor.post("/account/second-factor/offer"))[0] == 303, (
            "the password was typed just now"
        )
        secret = key_on((await visitor.get("/account/second-factor"))[1])
        assert (await visitor.post("/account/second-factor", code=code_of(secret, clock.now)))[0] == 200
        assert (await visitor.get("/"))[0] == 200
        clock.now += timedelta(seconds=STEP)
        await visitor.get("/account")
        form = {"password": PASSWORD, "code": code_of(secret, clock.now)}
        assert (await visitor.post("/account/second-factor/remove", **form))[0] == 403


async def test_the_first_admin_beyond_loopback_has_a_one_time_password(
    desk: RunningDesk, desk_url: str, tmp_path: Path, aiohttp_client: Any
) -> None:
    settings = settings_for(desk_url, tmp_path, host="0.0.0.0")
    assert settings.second_factor_required
    assert await ensure_first_accounts(desk.services.pool, settings, "desk", unit=UNIT)
    assert not await ensure_first_accounts(desk.services.pool, settings, "desk", unit=UNIT)
    program, name, role, password = (tmp_path / "accounts").read_text().split()
    assert (program, name, role) == ("desk", "admin", "admin")
    async with strict(desk, desk_url, tmp_path, aiohttp_client) as (visitor, _, _):
        assert await visitor.sign_in(name, password) == (303, "/account/password")
        for path in ("/accounts", "/account", "/account/second-factor", "/audit"):
            assert await visitor.get(path) == (303, "/account/password")
        await visitor.get("/account/password")
        assert "和原来的一样" in (await visitor.post("/account/password", new=password, again=password))[1]
        assert await visitor.post("/account/password", new=OWN, again=OWN) == (303, "/account/second-factor")
        visitor.leave()
        assert (await visitor.sign_in(name, password))[0] == 422, "a one-time password is used once"


async def test_a_one_time_password_is_void_after_three_days(desk: RunningDesk, visitor: Visitor) -> None:
    _, password = await desk.services.door.accounts.invite("late", Role.DISPATCHER)
    desk.clock.now += ONE_TIME - timedelta(seconds=1)
    assert (await visitor.sign_in("late", password))[0] == 303
    desk.clock.now += timedelta(seconds=1)
    assert (await visitor.sign_in("late", password))[0] == 422


# What admins do to others


async def admin_at(desk: RunningDesk, visitor: Visitor) -> None:
    await desk.staff(Role.ADMIN)
    assert await visitor.sign_in("admin", PASSWORD) == (303, "/accounts")
    await visitor.get("/accounts")


async def id_of(desk: RunningDesk, name: str) -> int:
    return int(await desk.services.pool.fetchval("SELECT id FROM staff_accounts WHERE name = $1", name))


async def test_an_admin_makes_an_account_whose_owner_sets_the_password(
    desk: RunningDesk, visitor: Visitor, elsewhere: Visitor
) -> None:
    await admin_at(desk, visitor)
    status, page = await visitor.post("/accounts", name="Zhao", role="unit", unit="示例没有的单位")
    assert status == 422 and "请选一个单位" in page
    door = desk.services.door
    door.units = (UNIT,)
    for form in ({"role": "unit", "unit": ""}, {"role": "boss"}, {"role": "editor", "name": "a b"}):
        assert (await visitor.post("/accounts", **({"name": "zhao"} | form)))[0] == 422
    status, page = await visitor.post("/accounts", name="Zhao", role="unit", unit=UNIT)
    assert status == 200
    password = key_on(page)
    assert (await visitor.post("/accounts", name="zhao", role="editor"))[0] == 422, "taken"
    assert await elsewhere.sign_in("zhao", password) == (303, "/account/password")
    await elsewhere.get("/account/password")
    assert await elsewhere.post("/account/password", new=OWN, again=OWN) == (303, "/account?done=password")
    assert UNIT in (await elsewhere.get("/"))[1]


async def test_another_role_ends_the_sessions_and_counts_at_once(
    desk: RunningDesk, visitor: Visitor, elsewhere: Visitor
) -> None:
    await desk.staff(Role.DISPATCHER)
    await elsewhere.sign_in("dispatcher", PASSWORD)
    await admin_at(desk, visitor)
    one = await id_of(desk, "dispatcher")
    await visitor.get(f"/accounts/{one}")
    assert (await visitor.post(f"/accounts/{one}/change", role="editor"))[0] == 303
    assert (await elsewhere.get("/"))[1] == "/sign-in"
    await elsewhere.sign_in("dispatcher", PASSWORD)
    assert (await elsewhere.get("/"))[0] == 403
    assert ("account.changed", "role:dispatcher>editor") in await acts(desk)


@pytest.mark.parametrize("what", ["lock", "reset"])
async def test_locking_and_resetting_need_a_reason_and_end_the_sessions(
    desk: RunningDesk, visitor: Visitor, elsewhere: Visitor, what: str
) -> None:
    await bound(desk, elsewhere)
    await admin_at(desk, visitor)
    one = await id_of(desk, "dispatcher")
    await visitor.get(f"/accounts/{one}")
    for why in ("", "because"):
        assert (await visitor.post(f"/accounts/{one}/{what}", why=why))[0] == 422
    status, page = await visitor.post(f"/accounts/{one}/{what}", why="suspected")
    assert status == (303 if what == "lock" else 200)
    assert (await elsewhere.get("/"))[1] == "/sign-in"
    assert (await elsewhere.sign_in("dispatcher", PASSWORD))[0] == 422
    assert ({"lock": "account.locked", "reset": "account.reset"}[what], "suspected") in await acts(desk)
    if what == "reset":
        assert await elsewhere.sign_in("dispatcher", key_on(page)) == (303, "/account/password"), "no code"
        assert await desk.count("staff_recovery_codes") == 0
    else:
        assert (await visitor.post(f"/accounts/{one}/unlock", why="moved"))[0] == 303
        assert (await elsewhere.sign_in("dispatcher", PASSWORD))[1].startswith("/sign-in/code")


@pytest.mark.parametrize("what", ["lock", "unlock", "reset", "change"])
async def test_nobody_changes_their_own_standing(desk: RunningDesk, visitor: Visitor, what: str) -> None:
    await admin_at(desk, visitor)
    own = await id_of(desk, "admin")
    await visitor.get("/account")
    status, page = await visitor.post(f"/accounts/{own}/{what}", why=REASONS[0], role="editor")
    assert status == 422 and "另一位管理员" in page
    assert (await visitor.get("/accounts"))[0] == 200


@pytest.mark.parametrize("path", ["/accounts/999999", "/accounts/99999999999999999"])
async def test_an_unknown_account_says_so(desk: RunningDesk, visitor: Visitor, path: str) -> None:
    await admin_at(desk, visitor)
    assert (await visitor.get(path))[0] == 404
    assert (await visitor.post(f"{path}/lock", why="left"))[0] == 404


async def test_one_of_the_own_sessions_is_ended_and_never_one_of_others(
    desk: RunningDesk, visitor: Visitor, elsewhere: Visitor
) -> None:
    await desk.staff(Role.DISPATCHER)
    await desk.staff(Role.UNIT)
    await elsewhere.sign_in("unit", PASSWORD)
    await visitor.sign_in("dispatcher", PASSWORD)
    await visitor.get("/account/password")
    other = await desk.services.pool.fetchval("SELECT max(id) FROM staff_sessions s WHERE account_id <> $1", await id_of(desk, "dispatcher"))  # fmt: skip
    assert (await visitor.post("/account/sessions/end", session=str(other)))[0] == 303
    assert (await elsewhere.get("/"))[0] == 200
    for wrong in ("x", "-1", "²"):
        assert (await visitor.post("/account/sessions/end", session=wrong))[0] == 404


# Forms, cookies, addresses

POSTS = (
    "/account/password", "/account/second-factor", "/account/second-factor/offer", "/account/second-factor/remove",
    "/account/sessions/end", "/accounts", "/accounts/1/change", "/accounts/1/lock", "/accounts/1/unlock", "/accounts/1/reset",
)  # fmt: skip


async def test_every_form_of_staff_is_bound_to_its_session(desk: RunningDesk, visitor: Visitor) -> None:
    await admin_at(desk, visitor)
    stolen = "0" * 64
    before = len(await acts(desk))
    for path in POSTS:
        for form in ({}, {"form_token": ""}, {"form_token": stolen}):
            answer = await visitor.client.post(
                path, data={"why": "left"} | form, headers=visitor.headers(), allow_redirects=False
            )
            assert answer.status == 403, path
        for headers in (
            {},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            answer = await visitor.client.post(
                path,
                data={"form_token": visitor.token, "why": "left"},
                headers=headers,
                allow_redirects=False,
            )
            assert answer.status == 403, (path, headers)
    assert await since(desk, before) == []


async def test_the_form_of_the_code_is_bound_to_its_session_too(desk: RunningDesk, visitor: Visitor) -> None:
    secret, _ = await bound(desk, visitor)
    await at_code(visitor)
    code = code_of(secret, desk.clock.now)
    assert (await visitor.post("/sign-in/code", code=code, form_token="0" * 64))[0] == 403
    answer = await visitor.client.post(
        "/sign-in/code",
        data={"form_token": visitor.token, "code": code},
        headers={"Origin": "http://evil.example"},
    )
    assert answer.status == 403
    assert (await visitor.post("/sign-in/code", code=code))[0] == 303, "and was not used up"


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aSet-Cookie:x", "/\r\nX: y", "javascript:x"]
)  # fmt: skip
async def test_no_step_of_signing_in_leads_to_another_site(
    desk: RunningDesk, visitor: Visitor, onward: str
) -> None:
    secret, _ = await bound(desk, visitor)
    for _ in range(2):
        status, where = await visitor.sign_in("dispatcher", PASSWORD, next=onward)
        assert status == 303 and where.startswith("/sign-in/code?next=/")
        assert "evil" not in where and "\r" not in where
    await visitor.get(where)
    status, where = await visitor.post("/sign-in/code", code=code_of(secret, desk.clock.now), next=onward)
    assert status == 303 and where.startswith("/") and not where.startswith(("//", "/\\"))


async def test_the_page_that_was_asked_for_survives_both_steps(desk: RunningDesk, visitor: Visitor) -> None:
    secret, _ = await bound(desk, visitor)
    visitor.leave()
    _, where = await visitor.get("/?view=late")
    assert URL(where).path == "/sign-in" and URL(where).query["next"] == "/?view=late"
    _, page = await visitor.get(where)
    assert 'name="next" value="/?view=late"' in page
    _, where = await visitor.sign_in("dispatcher", PASSWORD, next="/?view=late")
    _, page = await visitor.get(where)
    assert 'name="next" value="/?view=late"' in page
    form = {"code": code_of(secret, desk.clock.now), "next": "/?view=late"}
    assert await visitor.post("/sign-in/code", **form) == (303, "/?view=late")


async def test_behind_an_https_address_cookies_and_pages_are_for_https_alone(
    desk: RunningDesk, desk_url: str, tmp_path: Path, aiohttp_client: Any
) -> None:
    await desk.staff(Role.DISPATCHER)
    url = "https://desk.example"
    settings = settings_for(desk_url, tmp_path, desk_url=url)
    async with open_pool(desk_url) as pool, ClientSession() as http:
        services = compose(settings, a_pack(), pool, http, clock=desk.clock, hasher=CHEAP)
        visitor = Visitor(await aiohttp_client(services.app))
        form = {"name": "dispatcher", "password": PASSWORD}
        answer = await visitor.client.post(
            "/sign-in", data=form, headers=visitor.headers(), allow_redirects=False
        )
        (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
        assert cookie.key == f"__Host-{COOKIE}"
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
            True, True, "Lax", "/", "",
        )  # fmt: skip
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert answer.headers["Cache-Control"] == "no-store"
        plain = {COOKIE: cookie.value}
        assert (await visitor.client.get("/", cookies=plain, allow_redirects=False)).status == 303, (
            "a cookie that http could have set is not looked at"
        )
        out = await visitor.client.post(
            "/sign-out", cookies={cookie.key: cookie.value}, headers=visitor.headers(), allow_redirects=False
        )
        assert out.status == 303 and await services.door.sessions.find(cookie.value) is None


async def test_without_https_no_promise_of_it_is_made(desk: RunningDesk, visitor: Visitor) -> None:
    answer = await visitor.client.get("/sign-in")
    assert "Strict-Transport-Security" not in answer.headers


async def test_every_answer_to_staff_is_kept_nowhere(desk: RunningDesk, visitor: Visitor) -> None:
    await admin_at(desk, visitor)
    for path in ("/accounts", "/account", "/audit", "/", "/account/password", "/nowhere", "/sign-in/code"):
        answer = await visitor.client.get(path, headers={"Accept": "text/html"}, allow_redirects=False)
        assert answer.headers["Cache-Control"] == "no-store", path
        assert "script-src 'self'; style-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Referrer-Policy"] == "same-origin"


# Looking at a person


async def a_case(desk: RunningDesk, letters: str, **changes: Any) -> str:
    number = a_number(letters)
    assert await post_event(desk.browser, filed(a_ticket(number, **changes))) in (200, 202)
    return number


async def test_who_filed_is_shown_after_saying_what_for_and_that_is_on_record(
    desk: RunningDesk, visitor: Visitor
) -> None:
    number = await a_case(desk, "QQQQQQQ1")
    await desk.staff(Role.DISPATCHER)
    await visitor.sign_in("dispatcher", PASSWORD)
    _, page = await visitor.get(f"/cases/{number}")
    assert "会留下记录" in page and "13800000000" not in page and "张样例" not in page
    for why in ("", "curiosity"):
        status, page = await visitor.post(f"/cases/{number}/person", why=why)
        assert status == 422 and "13800000000" not in page
    before = len(await acts(desk))
    status, page = await visitor.post(f"/cases/{number}/person", why="contact")
    assert status == 200 and "13800000000" in page and "张样例" in page
    row = await desk.services.pool.fetchrow("SELECT * FROM audit_log ORDER BY sequence DESC LIMIT 1")
    assert row is not None
    assert (row["action"], row["kind"], row["subject"], row["why"]) == (
        "person.seen",
        "case",
        number,
        "contact",
    )
    assert row["account_id"] == await id_of(desk, "dispatcher") and row["address"]
    assert len(await since(desk, before)) == 1


async def test_a_confidential_or_anonymous_person_is_shown_to_nobody(
    desk: RunningDesk, visitor: Visitor
) -> None:
    await desk.staff(Role.DISPATCHER)
    await visitor.sign_in("dispatcher", PASSWORD)
    kept = Contact(name="张样例", phone="13800000000", confidential=True)
    for letters, contact in (
        ("QQQQQQQ2", kept),
        ("QQQQQQQ3", Contact(anonymous=True)),
        ("QQQQQQQ4", Contact()),
    ):
        number = await a_case(desk, letters, contact=contact)
        _, page = await visitor.get(f"/cases/{number}")
        assert "/person" not in page
        status, page = await visitor.post(f"/cases/{number}/person", why="contact")
        assert status == 404 and "13800000000" not in page


async def test_signing_a_case_is_on_record(desk: RunningDesk, visitor: Visitor) -> None:
    number = await a_case(desk, "QQQQQQQ5")
    await desk.staff(Role.DISPATCHER)
    await visitor.sign_in("dispatcher", PASSWORD)
    await visitor.get(f"/cases/{number}")
    for _ in range(2):
        assert (await visitor.post(f"/cases/{number}/sign"))[0] == 303
    assert await desk.count("audit_log", "action = 'case.signed' AND subject = $1", number) == 1


async def test_the_log_shows_admins_ids_and_no_contents(desk: RunningDesk, visitor: Visitor) -> None:
    number = await a_case(desk, "QQQQQQQ6")
    await desk.staff(Role.DISPATCHER)
    await visitor.sign_in("dispatcher", PASSWORD)
    await visitor.get(f"/cases/{number}")
    await visitor.post(f"/cases/{number}/person", why="check")
    visitor.leave()
    await visitor.sign_in("a password typed as a name", "x")
    await admin_at(desk, visitor)
    _, page = await visitor.get("/audit")
    assert number in page and "看市民的姓名和电话" in page and "核实情况" in page
    for word in ("13800000000", "张样例", "示例路", "施工", "127.0.0.1", "a password typed"):
        assert word not in page
    assert (await visitor.get(f"/cases/{number}"))[0] == 403, "admins do not see contents"


async def test_the_log_is_paged(desk: RunningDesk, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("staff.admin_pages.PAGE", 2)
    await admin_at(desk, visitor)
    last = await desk.count("audit_log")
    _, page = await visitor.get("/audit")
    assert f"?before={last - 1}" in page
    _, page = await visitor.get(f"/audit?before={last - 1}")
    assert f">{last - 2}</th>" in page and "回到最新" in page
    for odd in ("x", "-1", "99999999999999999999", "²"):
        assert (await visitor.get(f"/audit?before={odd}"))[0] == 200


async def test_a_storm_of_sign_ins_leaves_few_entries(desk: RunningDesk, visitor: Visitor) -> None:
    """A flood must not fill the log: while the door is locked nothing is written."""
    before = len(await acts(desk))
    for _ in range(25):
        await visitor.sign_in("somebody", "wrong")
    written = await since(desk, before)
    assert written == [("staff.sign_in_failed", "password")] * 10 + [("staff.locked_out", "password")]
