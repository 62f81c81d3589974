"""Signing in through an OpenID Connect provider: authorization code with PKCE, state and nonce; off unless it is set up."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self
from urllib.parse import quote_plus, urlencode, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, encode_basic_auth
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from groundwork.clock import Clock
from groundwork.settings import Settings
from groundwork.vault import Vault, VaultError
from hotline.errors import HotlineError
from staff.accounts import OF_A_UNIT, Role

ALGORITHMS = (
    "RS256",
    "PS256",
    "ES256",
    "EdDSA",
)  #: signatures with a public key; never ``none`` or a shared secret
PATIENCE = ClientTimeout(total=10, connect=3)
MAX_BODY = 1_000_000
KEPT = timedelta(hours=1)  #: how long the provider's own description is believed
UNDER_WAY = timedelta(minutes=10)
SKEW = 60  #: seconds that two clocks may differ
_PURPOSE = "staff.handshake"


class ProviderError(HotlineError):
    """The provider did not vouch for anybody we let in; ``why`` is a code for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, kw_only=True, slots=True)
class Vouched:
    """Whom the provider vouches for."""

    digest: bytes  #: stands for issuer and subject
    name: str
    role: Role
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Handshake:
    """What a browser keeps while it is away at the provider, sealed."""

    state: str
    nonce: str
    verifier: str
    onward: str
    until: float

    @property
    def challenge(self) -> str:
        """The verifier as PKCE shows it beforehand (RFC 7636, S256)."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())


class Provider:
    """One provider as one program uses it; ``back`` is the address it sends people back to."""

    def __init__(
        self, http: ClientSession, vault: Vault, settings: Settings, *, back: str, real_time: Clock
    ) -> None:
        self._http, self._vault, self._back, self._now = http, vault, back, real_time
        self.issuer, self._client = settings.oidc_issuer, settings.oidc_client_id
        self._secret, self._role_claim = settings.oidc_client_secret, settings.oidc_role_claim
        self._unit_claim, self._roles = settings.oidc_unit_claim, roles_of(settings.oidc_roles)
        self._described: tuple[float, Mapping[str, Any]] | None = None

    @classmethod
    def from_settings(
        cls,
        http: ClientSession,
        vault: Vault,
        settings: Settings,
        *,
        public_url: str,
        prefix: str,
        real_time: Clock,
    ) -> Self | None:
        """Return the provider of the settings, or ``None`` where none is set."""
        if not settings.oidc_issuer:
            return None
        return cls(http, vault, settings, back=f"{public_url}{prefix}/provider/back", real_time=real_time)

    async def begin(self, onward: str) -> tuple[str, str]:
        """Return where to send the browser, and what it must bring back."""
        description = await self._description()
        handshake = Handshake(
            state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48),
            onward=onward, until=self._now().timestamp() + UNDER_WAY.total_seconds(),
        )  # fmt: skip
        query = {
            "response_type": "code", "client_id": self._client, "redirect_uri": self._back, "scope": "openid profile",
            "state": handshake.state, "nonce": handshake.nonce, "code_challenge": handshake.challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        place = description["authorization_endpoint"]
        return f"{place}{'&' if '?' in place else '?'}{urlencode(query)}", self._sealed(handshake)

    async def finish(self, query: Mapping[str, str], kept: str) -> tuple[Vouched, str]:
        """Return whom the provider vouches for and where they wanted to go, or raise ``ProviderError``."""
        handshake = self._opened(kept)
        if not hmac.compare_digest(
            handshake.state.encode(), query.get("state", "").encode("utf-8", "replace")
        ):
            raise ProviderError("state")
        if handshake.until < self._now().timestamp():
            raise ProviderError("late")
        if query.get("iss", self.issuer) != self.issuer:  # RFC 9207
            raise ProviderError("issuer")
        if "code" not in query:
            raise ProviderError("refused")
        token = await self._exchanged(query["code"], handshake.verifier)
        return self._vouched(await self._claims(token, handshake.nonce)), handshake.onward

    async def _exchanged(self, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self._back, "code_verifier": verifier,
            "client_id": self._client,
        }  # fmt: skip
        place = (await self._description())["token_endpoint"]
        # RFC 6749, 2.3.1: both are written as in a form before they are put together.
        known_as = encode_basic_auth(quote_plus(self._client), quote_plus(self._secret))
        answer = await self._asked("POST", place, data=form, headers={"Authorization": known_as})
        if not isinstance(token := answer.get("id_token"), str):
            raise ProviderError("token")
        return token

    async def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        keys = await self._asked("GET", (await self._description())["jwks_uri"])
        expected = jwt.JWTClaimsRegistry(
            now=int(self._now().timestamp()), leeway=SKEW,
            iss={"essential": True, "value": self.issuer}, aud={"essential": True, "value": self._client},
            sub={"essential": True}, exp={"essential": True}, iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )  # fmt: skip
        try:
            # What the library raises over crooked keys and tokens is of several kinds; all mean: not vouched for.
            known = KeySet.import_key_set({"keys": keys["keys"]})
            claims: dict[str, Any] = jwt.decode(token, known, algorithms=list(ALGORITHMS)).claims
            expected.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderError(f"token:{type(error).__name__}") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._client:
            raise ProviderError("token:azp")
        return claims

    def _vouched(self, claims: Mapping[str, Any]) -> Vouched:
        given = claims.get(self._role_claim)
        values = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        role = next((role for value, role in self._roles if value in values), None)
        unit = claims.get(self._unit_claim, "") if role in OF_A_UNIT else ""
        # A leader without a unit is the whole city's: only where none is named, not where what is named cannot be read.
        if role is None or not isinstance(unit, str) or (role is Role.UNIT and not unit):
            raise ProviderError("role")
        name = claims.get("preferred_username")
        digest = self._vault.digest(f"{self.issuer}\n{claims['sub']}", purpose="staff.provider")
        return Vouched(
            digest=digest, name=name if isinstance(name, str) else digest.hex()[:12], role=role, unit=unit
        )

    async def _description(self) -> Mapping[str, Any]:
        now = self._now().timestamp()
        if self._described is None or now - self._described[0] > KEPT.total_seconds():
            found = await self._asked("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.issuer:
                raise ProviderError("description")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                place = found.get(name)
                # As safe as the issuer's own address: a plain one is allowed in tests and on loopback only.
                if not isinstance(place, str) or urlsplit(place).scheme not in (
                    "https",
                    urlsplit(self.issuer).scheme,
                ):
                    raise ProviderError("description")
            self._described = now, found
        return self._described[1]

    async def _asked(
        self, method: str, place: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> dict[str, Any]:
        try:
            async with self._http.request(
                method,
                place,
                timeout=PATIENCE,
                allow_redirects=False,
                headers={"Accept": "application/json", **(headers or {})},
                **more,
            ) as answer:
                if answer.status != 200:
                    raise ProviderError(f"status:{answer.status}")
                body = bytearray()
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > MAX_BODY:
                        raise ProviderError("answer")
            found = json.loads(body)
        except (ClientError, TimeoutError, OSError) as error:
            raise ProviderError("away") from error
        except (ValueError, RecursionError) as error:
            raise ProviderError("answer") from error
        if not isinstance(found, dict):
            raise ProviderError("answer")
        return found

    def _sealed(self, handshake: Handshake) -> str:
        fields = (handshake.state, handshake.nonce, handshake.verifier, handshake.onward, handshake.until)
        return _base64url(self._vault.seal_json(fields, purpose=f"{_PURPOSE}:{self._back}"))

    def _opened(self, kept: str) -> Handshake:
        try:
            sealed = base64.urlsafe_b64decode(kept.encode("ascii") + b"=" * (-len(kept) % 4))
            state, nonce, verifier, onward, until = self._vault.open_json(
                sealed, purpose=f"{_PURPOSE}:{self._back}"
            )
        except (VaultError, ValueError) as error:
            raise ProviderError("handshake") from error
        return Handshake(state=state, nonce=nonce, verifier=verifier, onward=onward, until=until)


def roles_of(text: str) -> Sequence[tuple[str, Role]]:
    """Return which value of the claim gives which role, the first that fits counts; empty text: their own names."""
    if not text:
        return [(role.value, role) for role in Role]
    pairs = (part.strip().rpartition("=") for part in text.split(","))
    return [(value, Role(role)) for value, _, role in pairs]


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
