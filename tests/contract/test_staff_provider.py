"""Signing in through an OpenID Connect provider: a small one that this test starts, well-behaved or not."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
from aiohttp import ClientSession, web
from joserfc import jwt
from joserfc.jwk import RSAKey

from dispatch_desk.app import compose
from groundwork.clock import clock_from
from groundwork.database import open_pool
from groundwork.settings import Settings, SettingsError
from staff.accounts import Role
from staff.provider import roles_of
from tests.dispatch import CHEAP, PASSWORD, UNIT, RunningDesk, a_pack, settings_for
from tests.staffing import Visitor, jar

pytestmark = pytest.mark.enable_socket

CLIENT, SECRET = "huying", "a client's secret"
KEY, OTHER_KEY = RSAKey.generate_key(2048, {"kid": "k1"}), RSAKey.generate_key(2048, {"kid": "k1"})
Claims = dict[str, Any]


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class SmallProvider:
    """Does what the specification asks; ``changed`` and ``signed_with`` make it do something else."""

    issuer: str = ""
    claims: Claims = field(
        default_factory=lambda: {"sub": "u1", "preferred_username": "Zhao", "roles": ["dispatcher"]}
    )
    changed: Callable[[Claims], Claims] = dict
    signed_with: Any = field(default_factory=lambda: KEY)
    algorithm: str = "RS256"  #: "none": not signed at all
    asked: dict[str, Claims] = field(default_factory=dict)  #: by code
    description: Claims = field(default_factory=dict)
    exchanges: int = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/.well-known/openid-configuration", self.described), web.get("/keys", self.keys),
            web.post("/token", self.token),
        ]  # fmt: skip

    async def described(self, request: web.Request) -> web.Response:
        places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        told: Claims = {"issuer": self.issuer} | {name: self.issuer + path for name, path in places.items()}
        return web.json_response(told | self.description)

    async def keys(self, request: web.Request) -> web.Response:
        return web.json_response({"keys": [KEY.as_dict(private=False)]})

    def authorize(self, place: str) -> dict[str, str]:
        """Do what a person does at the provider; return the query that the browser brings back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}
        assert query["response_type"] == "code" and query["code_challenge_method"] == "S256"
        assert query["client_id"] == CLIENT and "openid" in query["scope"].split()
        code = f"code{len(self.asked)}"
        self.asked[code] = query
        return {"code": code, "state": query["state"], "iss": self.issuer}

    async def token(self, request: web.Request) -> web.Response:
        self.exchanges += 1
        form = await request.post()
        scheme, _, given = request.headers["Authorization"].partition(" ")
        client, _, secret = base64.b64decode(given).decode().partition(":")
        assert (scheme, unquote_plus(client), unquote_plus(secret)) == ("Basic", CLIENT, SECRET)
        query = self.asked.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            query is None
            or challenge != query["code_challenge"]
            or form["redirect_uri"] != query["redirect_uri"]
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 60,
            "nonce": query["nonce"],
        } | self.claims
        return web.json_response({"id_token": self.signed(self.changed(claims)), "token_type": "Bearer"})

    def signed(self, claims: Claims) -> str:
        if isinstance(self.signed_with, bytes):  # the library makes no such thing
            parts = (json.dumps(part).encode() for part in ({"alg": self.algorithm, "kid": "k1"}, claims))
            text = ".".join(map(base64url, parts))
            mac = hmac.digest(self.signed_with, text.encode(), "sha256") if self.algorithm == "HS256" else b""
            return f"{text}.{base64url(mac)}"
        header = {"alg": self.algorithm, "kid": "k1"}
        return jwt.encode(header, claims, self.signed_with, algorithms=[self.algorithm])


@dataclass
class Both:
    """A desk that knows a provider, a browser at the desk, and the provider."""

    visitor: Visitor
    provider: SmallProvider
    desk: RunningDesk
    elsewhere: Visitor

    async def away(self, who: Visitor | None = None, onward: str = "") -> str:
        status, place = await (who or self.visitor).get(f"/provider?next={onward}")
        assert status == 303 and place.startswith(f"{self.provider.issuer}/authorize?")
        return place

    async def back(self, query: dict[str, str], who: Visitor | None = None) -> tuple[int, str]:
        return await (who or self.visitor).get(
            "/provider/back?" + "&".join(f"{n}={v}" for n, v in query.items())
        )

    async def through(self, onward: str = "") -> tuple[int, str]:
        """Go the whole way."""
        return await self.back(self.provider.authorize(await self.away(onward=onward)))

    async def accounts(self) -> list[tuple[str, str, str]]:
        rows = await self.desk.services.pool.fetch("SELECT name, role, unit FROM staff_accounts ORDER BY id")
        return [(row["name"], row["role"], row["unit"]) for row in rows]


@pytest.fixture
async def both(
    desk: RunningDesk, desk_url: str, tmp_path: Path, aiohttp_server: Any, aiohttp_client: Any
) -> AsyncIterator[Both]:
    await desk.services.pool.execute("TRUNCATE staff_accounts, staff_tries CASCADE")
    provider, app = SmallProvider(), web.Application()
    app.add_routes(provider.routes())
    server = await aiohttp_server(app)
    provider.issuer = str(server.make_url("")).rstrip("/")
    more = {
        "oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET,
        "desk_url": "http://127.0.0.1:8090", "oidc_role_claim": "roles", "oidc_unit_claim": "unit",
    }  # fmt: skip
    settings = settings_for(desk_url, tmp_path, **more)
    async with open_pool(desk_url) as pool, ClientSession() as http:
        clock = clock_from(None)
        services = compose(settings, a_pack(), pool, http, clock=clock, hasher=CHEAP)
        browsers = [Visitor(await aiohttp_client(services.app, cookie_jar=jar())) for _ in range(2)]
        yield Both(visitor=browsers[0], provider=provider, desk=desk, elsewhere=browsers[1])


async def test_who_the_provider_vouches_for_is_let_in_under_their_role(both: Both) -> None:
    assert "用统一身份认证登录" in (await both.visitor.get("/sign-in"))[1]
    assert await both.through(onward="/%3Fview=late") == (303, "/?view=late")
    assert (await both.visitor.get("/"))[0] == 200
    assert await both.accounts() == [("zhao", "dispatcher", "")]
    rows = await both.desk.services.pool.fetch(
        "SELECT action, why FROM audit_log ORDER BY sequence DESC LIMIT 2"
    )
    assert [(row["action"], row["why"]) for row in rows] == [
        ("staff.signed_in", "provider"), ("account.made", "role:dispatcher"),
    ]  # fmt: skip
    assert "huying_desk_handshake" not in both.visitor.cookies


async def test_the_second_time_it_is_the_same_account(both: Both) -> None:
    for name in ("Zhao", "Renamed"):
        both.provider.claims["preferred_username"] = name
        assert (await both.through())[0] == 303
    assert await both.accounts() == [("zhao", "dispatcher", "")]


async def test_a_local_account_of_the_same_name_is_somebody_else_s(both: Both) -> None:
    await both.desk.staff(Role.ADMIN, "zhao")
    assert (await both.through())[0] == 303
    (local, vouched) = await both.accounts()
    assert local == ("zhao", "admin", "") and vouched[0].startswith("zhao-") and vouched[1] == "dispatcher"
    assert (await both.visitor.get("/accounts"))[0] == 403


async def test_another_role_at_the_provider_ends_the_sessions_and_counts(both: Both) -> None:
    await both.through()
    both.provider.claims["roles"] = "unit"
    both.provider.claims["unit"] = UNIT
    query = both.provider.authorize(await both.away(both.elsewhere))
    assert (await both.back(query, both.elsewhere))[0] == 303
    assert (await both.visitor.get("/"))[1] == "/sign-in"
    assert UNIT in (await both.elsewhere.get("/"))[1]
    assert await both.accounts() == [("zhao", "unit", UNIT)]


@pytest.mark.parametrize(
    "roles", [[], "", ["boss"], None, {"dispatcher": True}, 7, [["dispatcher"]]], ids=str
)
async def test_without_a_role_that_we_know_nobody_is_let_in(both: Both, roles: Any) -> None:
    both.provider.claims["roles"] = roles
    status, page = await both.through()
    assert status == 403 and "统一身份认证没有通过" in page
    assert await both.accounts() == []


async def test_a_unit_without_its_name_is_not_let_in(both: Both) -> None:
    both.provider.claims["roles"] = ["unit"]
    assert (await both.through())[0] == 403
    assert await both.accounts() == []


@pytest.mark.parametrize("unit", [None, 7, [UNIT], {"name": UNIT}], ids=str)
async def test_a_leader_whose_unit_cannot_be_read_is_not_the_whole_city_s(both: Both, unit: Any) -> None:
    both.provider.claims |= {"roles": "leader", "unit": unit}
    assert (await both.through())[0] == 403
    assert await both.accounts() == []


async def test_who_was_locked_here_is_not_let_in_from_there(both: Both) -> None:
    await both.through()
    await both.desk.services.pool.execute("UPDATE staff_accounts SET disabled_at = now()")
    assert (await both.through())[0] == 403
    assert (await both.visitor.get("/"))[1] == "/sign-in"


async def test_an_account_of_the_provider_has_no_way_in_by_password(both: Both) -> None:
    await both.through()
    for password in ("", PASSWORD):
        assert (await both.elsewhere.sign_in("zhao", password))[0] == 422


async def test_nor_is_one_made_by_a_reset(both: Both) -> None:
    await both.through()
    await both.desk.staff(Role.ADMIN)
    assert (await both.elsewhere.sign_in("admin", PASSWORD))[0] == 303
    one = await both.desk.services.pool.fetchval("SELECT id FROM staff_accounts WHERE name = 'zhao'")
    await both.elsewhere.get(f"/accounts/{one}")
    status, page = await both.elsewhere.post(f"/accounts/{one}/reset", why="lost")
    assert status == 422 and "请到那边重置" in page


def without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def having(**more: Any) -> Callable[[Claims], Claims]:
    return lambda claims: claims | more


WRONG: dict[str, dict[str, Any]] = {
    "another issuer": {"changed": having(iss="https://evil.example")},
    "another audience": {"changed": having(aud="somebody-else")},
    "several audiences without azp": {"changed": having(aud=[CLIENT, "other"])},
    "for another party": {"changed": having(azp="other")},
    "expired": {"changed": having(exp=int(time.time()) - 3600)},
    "from the future": {"changed": having(iat=int(time.time()) + 3600)},
    "another nonce": {"changed": having(nonce="replayed")},
    "no nonce": {"changed": without("nonce")},
    "no subject": {"changed": without("sub")},
    "an empty subject": {"changed": having(sub="")},
    "no expiry": {"changed": without("exp")},
    "no issuer": {"changed": without("iss")},
    "no audience": {"changed": without("aud")},
    "signed by somebody else": {"signed_with": OTHER_KEY},
    "signed with the client's secret": {"signed_with": SECRET.encode(), "algorithm": "HS256"},
    "signed with the public key as a secret": {
        "signed_with": KEY.as_pem(private=False), "algorithm": "HS256",
    },
    "not signed": {"signed_with": b"", "algorithm": "none"},
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_a_token_that_is_not_right_in_every_part_opens_nothing(
    both: Both, wrong: dict[str, Any]
) -> None:
    for name, value in wrong.items():
        setattr(both.provider, name, value)
    status, page = await both.through()
    assert status == 403 and "统一身份认证没有通过" in page
    assert "huying_desk_staff" not in both.visitor.cookies
    assert await both.accounts() == []


async def test_an_answer_that_this_browser_did_not_ask_for_opens_nothing(both: Both) -> None:
    """An attacker's own code and state, given to somebody else's browser, and everything near it."""
    mine = both.provider.authorize(await both.away(both.elsewhere))
    assert (await both.back(mine))[0] == 403, "no handshake at all"
    await both.away()
    assert (await both.back(mine))[0] == 403, "another browser's state"
    theirs = both.provider.authorize(await both.away())
    for changed in ({"state": ""}, {"state": mine["state"]}, {"iss": "https://evil.example"}):
        assert (await both.back(theirs | changed))[0] == 403
        theirs = both.provider.authorize(await both.away())
    assert both.provider.exchanges == 0, "nothing was even asked"
    assert await both.accounts() == []


async def test_an_answer_is_used_once(both: Both) -> None:
    query = both.provider.authorize(await both.away())
    cookies = dict(both.visitor.cookies)
    assert (await both.back(query))[0] == 303
    assert (await both.back(query))[0] == 403
    answer = await both.elsewhere.client.get(
        "/provider/back", params=query, cookies=cookies, allow_redirects=False
    )
    assert answer.status == 403, "with a stolen handshake the provider still takes a code once"


async def test_a_refusal_at_the_provider_is_told(both: Both) -> None:
    query = both.provider.authorize(await both.away())
    assert (await both.back({"error": "access_denied", "state": query["state"]}))[0] == 403


async def test_a_handshake_is_sealed_and_short(both: Both) -> None:
    place = await both.away()
    kept = both.visitor.cookies["huying_desk_handshake"]
    query = both.provider.authorize(place)
    raw = base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4))
    assert query["state"].encode() not in raw
    answer = await both.visitor.client.get("/provider", allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Max-Age=600" in cookie
    for crooked in (kept[:-4], kept[::-1], "x", "é", ""):
        both.visitor.client.session.cookie_jar.update_cookies(
            {"huying_desk_handshake": crooked}, both.visitor.client.make_url("/")
        )
        assert (await both.back(query))[0] == 403


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/%5Cevil.example"])
async def test_it_never_leads_to_another_site(both: Both, onward: str) -> None:
    assert await both.through(onward=onward) == (303, "/")


@pytest.mark.parametrize(
    "description",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "ftp://x"}, {"jwks_uri": None}, {"authorization_endpoint": "javascript:x"}],
    ids=str,
)  # fmt: skip
async def test_a_crooked_description_is_not_followed(both: Both, description: Claims) -> None:
    both.provider.description = description
    status, page = await both.visitor.get("/provider")
    assert status == 403 and "统一身份认证没有通过" in page


async def test_a_description_of_many_pieces_is_read(both: Both) -> None:
    both.provider.description = {"filler": "x" * 300_000}
    assert (await both.through())[0] == 303
    assert (await both.visitor.get("/"))[0] == 200


async def test_a_description_without_end_is_not_read(both: Both) -> None:
    both.provider.description = {"filler": "x" * 2_000_000}
    assert (await both.visitor.get("/provider"))[0] == 403


async def test_without_a_provider_there_is_no_such_way(desk: RunningDesk) -> None:
    visitor = Visitor(desk.browser)
    assert "统一身份认证登录" not in (await visitor.get("/sign-in"))[1]
    for path in ("/provider", "/provider/back?code=x&state=y"):
        assert (await visitor.get(path))[0] == 404


def test_values_of_the_claim_are_mapped_in_their_order() -> None:
    assert roles_of("热线编辑=editor, a=b=admin") == [("热线编辑", Role.EDITOR), ("a=b", Role.ADMIN)]
    assert roles_of("")[0] == ("editor", Role.EDITOR)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("OIDC_ISSUER", "http://id.example"), ("OIDC_ROLES", "x=boss"), ("OIDC_ROLES", "editor"), ("OIDC_ISSUER", "https://id.example")],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_told(setting: str, value: str) -> None:
    with pytest.raises(SettingsError, match=setting):
        Settings.from_env({f"HUYING_{setting}": value})
