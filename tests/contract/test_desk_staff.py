"""Who gets in: sign-in, lock-out, sessions, roles, forms of other sites."""

import asyncio
import stat
import uuid
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from dispatch_desk.app import compose
from groundwork.audit import Audit
from groundwork.database import open_pool
from groundwork.vault import Vault
from staff.accounts import AccountError, Accounts, Role, WrongPasswordError
from staff.first_accounts import ensure_first_accounts
from staff.passwords import WeakPasswordError
from staff.sessions import IDLE, LIFETIME, Sessions
from staff.tries import LockedOutError
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
    form_token,
    origin,
    post_event,
    settings_for,
    sign_in,
    text_of,
)

pytestmark = pytest.mark.enable_socket

COOKIE = "huying_desk_staff"


def cookie_of(answer: Any) -> Any:
    return SimpleCookie(answer.headers["Set-Cookie"])[COOKIE]


def accounts_of(desk: RunningDesk, hasher: PasswordHasher = CHEAP) -> Accounts:
    vault = Vault.from_settings(desk.settings)
    audit = Audit(vault, "desk", clock=desk.clock)
    return Accounts(desk.services.pool, vault, audit, clock=desk.clock, hasher=hasher)


@pytest.fixture(autouse=True)
async def no_tries_yet(desk: RunningDesk) -> None:
    await desk.services.pool.execute("TRUNCATE staff_tries, staff_sessions")


async def test_nobody_sees_a_page_without_signing_in(desk: RunningDesk) -> None:
    for path in ("/", f"/cases/{a_number()}"):
        answer = await desk.browser.get(path, allow_redirects=False)
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/sign-in")


async def test_the_right_password_opens_the_page_that_was_asked_for(desk: RunningDesk) -> None:
    name = await desk.staff(Role.DISPATCHER)
    answer = await sign_in(desk.browser, name.upper(), PASSWORD, next="/?view=late")
    assert (answer.status, answer.headers["Location"]) == (303, "/?view=late")
    assert name in await text_of(desk.browser, "/")


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_sign_in_never_leads_to_another_site(desk: RunningDesk, onward: str) -> None:
    answer = await sign_in(desk.browser, await desk.staff(Role.UNIT), PASSWORD, next=onward)
    assert answer.headers["Location"] == "/"


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(desk: RunningDesk) -> None:
    cookie = cookie_of(await sign_in(desk.browser, await desk.staff(Role.UNIT), PASSWORD))
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (
        True,
        "Lax",
        "/",
        "",
    )
    assert int(cookie["max-age"]) == 12 * 3600


async def test_behind_https_the_cookie_is_secure(desk: RunningDesk) -> None:
    form = {"name": await desk.staff(Role.UNIT), "password": PASSWORD}
    headers = origin(desk.browser) | {"X-Forwarded-Proto": "https"}
    answer = await desk.browser.post("/sign-in", data=form, headers=headers, allow_redirects=False)
    cookie = SimpleCookie(answer.headers["Set-Cookie"])[f"__Host-{COOKIE}"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


async def test_only_a_digest_of_the_token_is_stored(desk: RunningDesk) -> None:
    token = cookie_of(await sign_in(desk.browser, await desk.staff(Role.UNIT), PASSWORD)).value
    rows = await desk.services.pool.fetch("SELECT to_jsonb(s)::text AS text FROM staff_sessions AS s")
    assert len(rows) == 1
    assert token not in rows[0]["text"] and token.encode().hex() not in rows[0]["text"]


async def test_a_token_that_somebody_else_chose_is_never_adopted(desk: RunningDesk) -> None:
    desk.browser.session.cookie_jar.update_cookies({COOKIE: "chosen"}, desk.browser.make_url("/"))
    token = cookie_of(await sign_in(desk.browser, await desk.staff(Role.UNIT), PASSWORD)).value
    assert token != "chosen"
    assert await desk.services.door.sessions.find("chosen") is None


async def test_signing_in_again_ends_the_session_before(desk: RunningDesk) -> None:
    name, sessions = await desk.staff(Role.UNIT), desk.services.door.sessions
    first, second = [cookie_of(await sign_in(desk.browser, name, PASSWORD)).value for _ in range(2)]
    assert await sessions.find(first) is None
    assert await sessions.find(second) is not None


async def test_signing_out_ends_the_session_for_good(desk: RunningDesk) -> None:
    token = cookie_of(await sign_in(desk.browser, await desk.staff(Role.UNIT), PASSWORD)).value
    answer = await desk.browser.post("/sign-out", headers=origin(desk.browser), allow_redirects=False)
    assert answer.status == 303
    desk.browser.session.cookie_jar.update_cookies({COOKIE: token}, desk.browser.make_url("/"))
    assert (await desk.browser.get("/", allow_redirects=False)).status == 303


async def test_a_session_ends_after_twelve_hours_however_busy(desk: RunningDesk) -> None:
    await desk.enter(Role.UNIT)
    end = desk.clock.now + LIFETIME
    while desk.clock.now + IDLE < end:
        desk.clock.now += IDLE - timedelta(seconds=1)
        assert (await desk.browser.get("/", allow_redirects=False)).status == 200
    desk.clock.now = end
    assert (await desk.browser.get("/", allow_redirects=False)).status == 303


async def test_a_session_that_nobody_uses_ends_after_an_hour(desk: RunningDesk) -> None:
    await desk.enter(Role.UNIT)
    desk.clock.now += IDLE
    assert (await desk.browser.get("/", allow_redirects=False)).status == 303


async def test_a_disabled_account_is_out_at_once(desk: RunningDesk) -> None:
    name = await desk.staff(Role.UNIT, "leaving")
    assert (await sign_in(desk.browser, name, PASSWORD)).status == 303
    await desk.services.pool.execute("UPDATE staff_accounts SET disabled_at = now() WHERE name = $1", name)
    assert (await desk.browser.get("/", allow_redirects=False)).status == 303
    assert (await sign_in(desk.browser, name, PASSWORD)).status == 422


@pytest.mark.parametrize("name", ["dispatcher", "nobody", "", "a\x00b", "x" * 5_000])
async def test_a_wrong_pair_says_the_same_whichever_half_is_wrong(desk: RunningDesk, name: str) -> None:
    await desk.staff(Role.DISPATCHER)
    answer = await sign_in(desk.browser, name, "wrong")
    assert answer.status == 422
    text = await answer.text()
    assert "账号或密码不对" in text and "wrong" not in text
    assert "Set-Cookie" not in answer.headers


async def test_unknown_names_cost_as_much_as_known_ones(
    desk: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in hashes, not in milliseconds: a shared machine has no steady clock."""
    accounts, checked = accounts_of(desk), list[str]()
    verify = accounts._verify

    def counted(hashed: str, password: str) -> bool:
        checked.append(hashed[:9])
        return verify(hashed, password)

    monkeypatch.setattr(accounts, "_verify", counted)
    await accounts.add("known", Role.DISPATCHER, PASSWORD)
    for name in ("known", "unknown"):
        with pytest.raises(WrongPasswordError):
            await accounts.check(name, "wrong", address="a")
    assert checked == ["$argon2id", "$argon2id"]


async def test_ten_wrong_tries_lock_a_name_even_for_the_right_password(desk: RunningDesk) -> None:
    name = await desk.staff(Role.DISPATCHER)
    for _ in range(10):
        assert (await sign_in(desk.browser, name, "wrong")).status == 422
    answer = await sign_in(desk.browser, name, PASSWORD)
    assert answer.status == 429
    assert answer.headers["Retry-After"] == "900"
    assert "请过15分钟再试" in await answer.text()


async def test_the_lock_opens_after_fifteen_minutes(desk: RunningDesk) -> None:
    accounts = accounts_of(desk)
    await accounts.add("patient", Role.DISPATCHER, PASSWORD)
    for _ in range(10):
        with pytest.raises(WrongPasswordError):
            await accounts.check("patient", "wrong", address="a")
    desk.clock.now += timedelta(minutes=14, seconds=59)
    with pytest.raises(LockedOutError) as refused:
        await accounts.check("patient", PASSWORD, address="b")
    assert refused.value.wait == timedelta(seconds=1)
    desk.clock.now += timedelta(seconds=1)
    assert (await accounts.check("patient", PASSWORD, address="b")).name == "patient"


async def test_ten_wrong_names_lock_an_address_and_no_other(desk: RunningDesk) -> None:
    accounts = accounts_of(desk)
    await accounts.add("bystander", Role.DISPATCHER, PASSWORD)
    for number in range(10):
        with pytest.raises(WrongPasswordError):
            await accounts.check(f"guess{number}", "wrong", address="guesser")
    with pytest.raises(LockedOutError):
        await accounts.check("bystander", PASSWORD, address="guesser")
    assert (await accounts.check("bystander", PASSWORD, address="elsewhere")).name == "bystander"


async def guess(desk: RunningDesk, *, forwarded: str, name: str = "", password: str = "wrong") -> int:
    headers = origin(desk.browser) | {"X-Forwarded-For": forwarded}
    form = {"name": name or f"guess{uuid.uuid4().hex}", "password": password}
    answer = await desk.browser.post("/sign-in", data=form, headers=headers, allow_redirects=False)
    return answer.status


async def test_behind_a_trusted_proxy_everybody_has_their_own_address(
    desk_url: str, tmp_path: Path, aiohttp_client: Any, desk: RunningDesk
) -> None:
    proxies = (ip_network("127.0.0.0/8"),)
    settings = settings_for(desk_url, tmp_path, trusted_proxies=proxies)
    services = compose(settings, a_pack(), desk.services.pool, desk.browser.session, clock=desk.clock)
    behind = replace(desk, browser=await aiohttp_client(services.app), services=services)
    name = await behind.staff(Role.DISPATCHER)
    for n in range(10):
        assert await guess(behind, forwarded=f"198.51.100.{n}, 203.0.113.7") == 422  # the first is invented
    assert await guess(behind, forwarded="203.0.113.7", name=name, password=PASSWORD) == 429
    assert await guess(behind, forwarded="203.0.113.8", name=name, password=PASSWORD) == 303


async def test_behind_a_proxy_that_nobody_told_us_of_only_names_are_locked(desk: RunningDesk) -> None:
    name = await desk.staff(Role.DISPATCHER)
    for _ in range(12):
        assert await guess(desk, forwarded="203.0.113.7") == 422
    assert await guess(desk, forwarded="203.0.113.7", name=name, password=PASSWORD) == 303
    for _ in range(10):
        assert await guess(desk, forwarded="203.0.113.7", name=name) == 422
    assert await guess(desk, forwarded="203.0.113.7", name=name, password=PASSWORD) == 429


async def test_a_burst_of_tries_does_not_outrun_the_count(desk: RunningDesk) -> None:
    accounts = accounts_of(desk)
    tries = [accounts.check("nobody", f"wrong{n}", address=f"a{n}") for n in range(25)]
    outcomes = [type(error) for error in await asyncio.gather(*tries, return_exceptions=True)]
    assert (outcomes.count(WrongPasswordError), outcomes.count(LockedOutError)) == (10, 15)


async def test_a_success_forgives_the_name_but_not_the_address(desk: RunningDesk) -> None:
    accounts = accounts_of(desk)
    await accounts.add("mistyped", Role.DISPATCHER, PASSWORD)
    for _ in range(9):
        with pytest.raises(WrongPasswordError):
            await accounts.check("mistyped", "wrong", address="office")
    await accounts.check("mistyped", PASSWORD, address="home")
    with pytest.raises(WrongPasswordError):
        await accounts.check("mistyped", "wrong", address="home")
    with pytest.raises(WrongPasswordError):
        await accounts.check("other", "wrong", address="office")
    with pytest.raises(LockedOutError):
        await accounts.check("third", "wrong", address="office")


async def test_names_and_addresses_of_wrong_tries_are_stored_as_digests(desk: RunningDesk) -> None:
    with pytest.raises(WrongPasswordError):
        await accounts_of(desk).check("somebody", "wrong", address="203.0.113.7")
    rows = await desk.services.pool.fetch("SELECT to_jsonb(t)::text AS text FROM staff_tries AS t")
    assert len(rows) == 2
    assert not any("somebody" in row["text"] or "203.0.113" in row["text"] for row in rows)


async def test_a_password_is_hashed_anew_when_the_parameters_change(desk: RunningDesk) -> None:
    await accounts_of(desk).add("old-hash", Role.DISPATCHER, PASSWORD)
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    await accounts_of(desk, stronger).check("old-hash", PASSWORD, address="a")
    hashed = await desk.services.pool.fetchval(
        "SELECT password_hash FROM staff_accounts WHERE name = 'old-hash'"
    )
    assert hashed.startswith("$argon2id$v=19$m=16,t=2,p=1$")
    await accounts_of(desk, stronger).check("old-hash", PASSWORD, address="a")


@pytest.mark.parametrize(
    ("name", "password"), [("", PASSWORD), ("a b", PASSWORD), ("x" * 65, PASSWORD), ("short", "11 letters!"), ("long", "x" * 1_001), ("guessed", "Password2026!")]
)  # fmt: skip
async def test_an_account_needs_a_name_and_a_long_password(
    desk: RunningDesk, name: str, password: str
) -> None:
    with pytest.raises((AccountError, WeakPasswordError)):
        await accounts_of(desk).add(name, Role.DISPATCHER, password)


async def test_a_name_is_given_once(desk: RunningDesk) -> None:
    await accounts_of(desk).add("taken", Role.DISPATCHER, PASSWORD)
    with pytest.raises(AccountError):
        await accounts_of(desk).add("TAKEN", Role.DISPATCHER, PASSWORD)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.UNIT, Role.EDITOR, Role.REVIEWER])
async def test_the_wrong_role_cannot_sign(desk: RunningDesk, role: Role) -> None:
    number = a_number("SSSSSSS1")
    await post_event(desk.browser, filed(a_ticket(number)))
    await desk.enter(role)
    answer = await desk.browser.post(f"/cases/{number}/sign", headers=origin(desk.browser))
    assert answer.status == 403
    assert await desk.count("cases", "number = $1 AND state = 'received'", number) == 1


async def test_an_editor_has_no_business_at_the_desk(desk: RunningDesk) -> None:
    await desk.enter(Role.EDITOR)
    answer = await desk.browser.get("/", headers={"Accept": "text/html"})
    assert answer.status == 403
    assert "您的账号不能做这件事" in await answer.text()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
     {"Sec-Fetch-Site": "same-site"}],
    ids=str,
)  # fmt: skip
async def test_a_form_of_another_site_does_nothing(desk: RunningDesk, headers: dict[str, str]) -> None:
    number = a_number("SSSSSSS2")
    await post_event(desk.browser, filed(a_ticket(number)))
    await desk.enter(Role.DISPATCHER)
    form = {"form_token": await form_token(desk.browser, number)}
    for path in (f"/cases/{number}/sign", "/sign-out", "/sign-in"):
        answer = await desk.browser.post(path, data=form, headers=headers, allow_redirects=False)
        assert answer.status == 403, path
    assert await desk.count("cases", "number = $1 AND state = 'received'", number) == 1
    assert (await desk.browser.get("/", allow_redirects=False)).status == 200


async def test_a_form_without_the_token_of_this_session_does_nothing(desk: RunningDesk) -> None:
    number = a_number("SSSSSSS3")
    await post_event(desk.browser, filed(a_ticket(number)))
    await desk.enter(Role.DISPATCHER)
    old = await form_token(desk.browser, number)
    assert (await sign_in(desk.browser, await desk.staff(Role.DISPATCHER, "other"), PASSWORD)).status == 303
    for form in ({}, {"form_token": ""}, {"form_token": old}, {"form_token": "é"}):
        answer = await desk.browser.post(f"/cases/{number}/sign", data=form, headers=origin(desk.browser))
        assert answer.status == 403
    assert await desk.count("cases", "number = $1 AND state = 'received'", number) == 1


async def test_demo_accounts_are_made_once(desk_url: str, tmp_path: Path) -> None:
    async with open_pool(desk_url) as pool:
        await pool.execute("TRUNCATE staff_accounts CASCADE")
        settings = settings_for(desk_url, tmp_path)
        (tmp_path / "accounts").write_text("gateway editor editor kept\ndesk editor editor stale\n")
        (tmp_path / "accounts").chmod(0o600)
        assert await ensure_first_accounts(pool, settings, "desk", unit=UNIT)
        assert not await ensure_first_accounts(pool, settings, "desk", unit=UNIT)
        lines = [line.split(" ") for line in (tmp_path / "accounts").read_text().splitlines()]
        assert lines[0] == ["gateway", "editor", "editor", "kept"]
        assert [(line[0], line[1]) for line in lines[1:]] == [("desk", role.value) for role in Role]
        assert stat.S_IMODE((tmp_path / "accounts").stat().st_mode) == 0o600
        vault, clock = Vault.from_settings(settings), SettableClock()
        accounts = Accounts(pool, vault, Audit(vault, "desk", clock=clock), clock=clock)
        for _, role, name, password in lines[1:]:
            assert (await accounts.check(name, password, address="a")).role == role


async def test_two_programs_starting_at_once_make_one_set(desk_url: str, tmp_path: Path) -> None:
    async with open_pool(desk_url) as pool:
        await pool.execute("TRUNCATE staff_accounts CASCADE")
        settings = settings_for(desk_url, tmp_path)
        made = await asyncio.gather(
            *(ensure_first_accounts(pool, settings, "desk", unit=UNIT) for _ in range(3))
        )
        assert sorted(made) == [False, False, True]
        assert len((tmp_path / "accounts").read_text().splitlines()) == len(Role)
        assert stat.S_IMODE((tmp_path / "accounts").stat().st_mode) == 0o600


async def test_sessions_of_another_key_have_other_form_tokens(desk: RunningDesk) -> None:
    other = Vault.from_settings(settings_for("", Path(), secret_key="z" * 40))
    ours, theirs = (
        Sessions(desk.services.pool, vault, clock=desk.clock)
        for vault in (Vault.from_settings(desk.settings), other)
    )
    assert ours.form_token_fits("t", ours.form_token("t"))
    assert not theirs.form_token_fits("t", ours.form_token("t"))
