"""Settings of every program, read once from ``HUYING_…``, all problems reported together."""

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, Self, TypeAlias
from urllib.parse import urlsplit

from groundwork.clock import moment
from groundwork.limits import LIMITS, Limit, read_limits

PREFIX = "HUYING_"
LONGEST_DELIVERY_WAIT = timedelta(hours=48)
PROJECT = Path(__file__).resolve().parent.parent

Network: TypeAlias = IPv4Network | IPv6Network

#: Waits before each try, from the failure of the one before (Standard Webhooks, Deliverability and reliability).
STANDARD_SCHEDULE = tuple(
    timedelta(seconds=seconds)
    for seconds in (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)


class SettingsError(Exception):
    """One or more settings cannot be used; the text lists them all, a line each."""


def _secret() -> Any:
    """A setting that holds a key or a password: it is in no text that shows the settings."""
    return field(default="", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything that differs between two installations; see CONTRACT, Settings."""

    city: str = "pingdingshan"
    host: str = "127.0.0.1"
    port: int = 8080
    desk_port: int = 8090
    desk_url: str = ""  #: the desk as its staff reach it
    state_dir: Path = Path()
    files_dir: Path = Path()
    units_file: Path | None = None  #: units that the city entered itself, in the form of units.yaml
    public_url: str = ""
    gateway_url: str = ""  #: the desk's way back
    database_url: str = _secret()
    desk_database_url: str = _secret()
    redis_url: str = _secret()
    rasa_url: str = ""
    rasa_token: str = _secret()
    secret_key: str = _secret()
    vault_keys: str = _secret()
    vault_keys_file: Path | None = None  #: holds them instead; read again when it was replaced
    wechat_token: str = _secret()
    wechat_appid: str = ""
    wechat_secret: str = _secret()
    wechat_aes_key: str = _secret()
    wechat_aes_key_previous: str = _secret()
    wechat_api_base: str = ""
    wechat_quota: str = "5/48h"
    wechat_quota_event: str = "3/1min"
    dispatch_url: str = ""  #: "pull": the centre fetches by itself
    dispatch_secret: str = _secret()
    open311_keys: Mapping[str, str] = field(
        default_factory=dict
    )  #: digests of the keys that post service requests, by client
    dispatch_secret_previous: str = _secret()  #: still holds while both sides change to a new one
    dispatch_networks: tuple[Network, ...] = ()  #: internal ones in which the centre may be
    dispatch_schedule: tuple[timedelta, ...] = STANDARD_SCHEDULE  #: waits before each try of a delivery
    sms_url: str = ""  #: the city's own platform for text messages; unset: nobody is told by text
    sms_secret: str = _secret()
    smtp_url: str = _secret()
    imap_url: str = _secret()
    clock: datetime | Path | None = (
        None  #: a moment to start from, or a file by which all processes are driven
    )
    rate_limits: bool = True
    limits: Mapping[str, Limit] = field(default_factory=lambda: LIMITS)
    trusted_proxies: tuple[Network, ...] = ()
    embed_origins: tuple[str, ...] = ()  #: of the sites that may show the chat in a frame
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_role_claim: str = "roles"
    oidc_unit_claim: str = "unit"
    oidc_roles: str = ""  #: value=role,value=role; unset: the values are the roles
    staff_second_factor: str = ""  #: required or optional; unset: optional on loopback, required elsewhere

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read ``env`` or raise ``SettingsError`` with every problem found."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        names = [each.name for each in fields(cls)]
        for name in names:
            raw = env.get(PREFIX + name.upper(), "").strip()
            if not raw:
                continue
            try:
                values[name] = _PARSERS.get(name, str)(raw)
            except ValueError as error:
                problems.append(f"{PREFIX}{name.upper()}: {error}")
        unknown = sorted(set(_names(env)) - set(names) - _OTHERS)
        problems += [f"{PREFIX}{name.upper()}: no such setting" for name in unknown]
        settings = cls(**_with_places(values))
        problems += settings._conflicts()
        if problems:
            raise SettingsError("\n".join(problems))
        return settings

    @property
    def on_loopback(self) -> bool:
        """Tell whether only this machine can reach the servers."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def second_factor_required(self) -> bool:
        """Tell whether nobody of the staff gets in without a second factor."""
        return (
            self.staff_second_factor != "optional"
            if not self.on_loopback
            else self.staff_second_factor == "required"
        )

    def _conflicts(self) -> list[str]:
        problems = []
        if not self.rate_limits and not self.on_loopback:
            problems.append(f"{PREFIX}RATE_LIMITS: off is allowed on loopback only")
        if isinstance(self.clock, Path) and not self.on_loopback:
            problems.append(f"{PREFIX}CLOCK: a file is allowed on loopback only")
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret):
            problems.append(
                f"{PREFIX}OIDC_ISSUER: needs {PREFIX}OIDC_CLIENT_ID and {PREFIX}OIDC_CLIENT_SECRET too"
            )
        if self.vault_keys and self.vault_keys_file:
            problems.append(f"{PREFIX}VAULT_KEYS_FILE: holds the keys instead of {PREFIX}VAULT_KEYS; set one")
        if not self.on_loopback:
            secrets = ("secret_key", "vault_keys", "dispatch_secret")
            problems += [
                f"{PREFIX}{name.upper()}: must be set when {PREFIX}HOST is not loopback"
                for name in secrets
                if not getattr(self, name) and not (name == "vault_keys" and self.vault_keys_file)
            ]
        if self.dispatch_secret_previous and not self.dispatch_secret:
            problems.append(
                f"{PREFIX}DISPATCH_SECRET_PREVIOUS: {PREFIX}DISPATCH_SECRET must be set too, to the new one"
            )
        if bool(self.sms_url) != bool(self.sms_secret):
            lacking = "SMS_SECRET" if self.sms_url else "SMS_URL"
            problems.append(f"{PREFIX}{lacking}: must be set too, or neither of the two")
        return problems + self._wechat_conflicts()

    def _wechat_conflicts(self) -> list[str]:
        """Return what is missing beside the WeChat settings that are there: half an account is none."""
        needs = {
            "wechat_token": ("wechat_appid",),
            "wechat_appid": ("wechat_token",),
            "wechat_secret": ("wechat_token", "wechat_appid"),
            "wechat_aes_key": ("wechat_token", "wechat_appid"),
            "wechat_aes_key_previous": ("wechat_aes_key",),
        }
        return [
            f"{PREFIX}{name.upper()}: {PREFIX}{other.upper()} must be set too"
            for name, others in needs.items()
            for other in others
            if getattr(self, name) and not getattr(self, other)
        ]


_OTHERS = {"log_level"}
_DRIVEN = "file:"


def _names(env: Mapping[str, str]) -> list[str]:
    return [name[len(PREFIX) :].lower() for name in env if name.startswith(PREFIX)]


def _with_places(values: dict[str, Any]) -> dict[str, Any]:
    """Fill what follows from other settings: state folder, files folder, addresses."""
    default = {each.name: each.default for each in fields(Settings)}
    city = values.get("city", default["city"])
    values.setdefault("state_dir", PROJECT / ".local" / city)
    values.setdefault("files_dir", values["state_dir"] / "files")
    host = values.get("host", default["host"])
    here = _here(host, values.get("port", default["port"]))
    values.setdefault("public_url", here)
    values.setdefault("gateway_url", here)
    values.setdefault("desk_url", _here(host, values.get("desk_port", default["desk_port"])))
    return values


def _here(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _port(raw: str) -> int:
    if not raw.isdecimal() or not 0 < int(raw) < 65536:
        raise ValueError(f"{raw!r} is not a port; give a number from 1 to 65535")
    return int(raw)


def _city(raw: str) -> str:
    if not re.fullmatch(r"_?[a-z]+", raw):
        raise ValueError(f"{raw!r} is not a city; give the name of a folder under cities/")
    return raw


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if urlsplit(raw).scheme not in schemes:
            raise ValueError(f"must begin with {' or '.join(f'{scheme}:' for scheme in schemes)}")
        return raw.rstrip("/")

    return parse


def _folder(raw: str) -> Path:
    return Path(raw).expanduser().resolve()


def _clock(raw: str) -> datetime | Path:
    if not raw.startswith(_DRIVEN):
        return moment(raw)
    path = Path(raw.removeprefix(_DRIVEN))
    if not path.is_absolute() or not path.is_file():
        raise ValueError(f"{raw!r} names no file; give its whole path")
    return path


def _switch(raw: str) -> bool:
    if raw not in ("on", "off"):
        raise ValueError(f"{raw!r} is neither on nor off")
    return raw == "on"


def _secret_key(raw: str) -> str:
    if len(raw) < 32:
        raise ValueError("needs at least 32 characters")
    return raw


def _vault_keys(raw: str) -> str:
    key_pairs(raw)
    return raw


def key_pairs(listed: str) -> list[tuple[str, bytes]]:
    """Return names and keys of ``VAULT_KEYS``, newest first, or raise ``ValueError``."""
    pairs = list[tuple[str, bytes]]()
    for part in listed.split(","):
        name, _, key = part.strip().partition(":")
        pairs.append((name, _decoded(key)))
        if not re.fullmatch(r"[A-Za-z0-9]{1,16}", name) or len(pairs[-1][1]) != 32:
            raise ValueError("must be id:base64key[,id:base64key…] with 32-byte keys, newest first")
    if len(dict(pairs)) < len(pairs):
        raise ValueError("names a key twice")
    return pairs


def webhook_key(secret: str) -> bytes:
    """Return the key bytes of a ``whsec_…`` secret (Standard Webhooks)."""
    return _decoded(secret.removeprefix("whsec_"))


def webhook_keys(settings: Settings) -> tuple[bytes, ...]:
    """Return the keys that hold between gateway and centre, the newest first."""
    secrets = (settings.dispatch_secret, settings.dispatch_secret_previous)
    return tuple(webhook_key(secret) for secret in secrets if secret)


def _dispatch_secret(raw: str) -> str:
    if not raw.startswith("whsec_") or not 24 <= len(webhook_key(raw)) <= 64:
        raise ValueError('must be "whsec_" and the base64 of 24 to 64 random bytes')
    return raw


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""


def _factor(raw: str) -> str:
    if raw not in ("required", "optional"):
        raise ValueError(f"{raw!r} is neither required nor optional")
    return raw


def _issuer(raw: str) -> str:
    parts = urlsplit(raw)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("must begin with https:")
    return raw  # compared letter by letter with what the provider calls itself


def _oidc_roles(raw: str) -> str:
    if not all(
        re.fullmatch(r"[^,=]+=(editor|reviewer|dispatcher|unit|leader|admin)", part.strip())
        for part in raw.split(",")
    ):
        raise ValueError(
            "must be value=role[,value=role…] with the roles editor, reviewer, dispatcher, unit, leader, admin"
        )
    return raw


def _open311_keys(raw: str) -> Mapping[str, str]:
    pairs = [part.strip() for part in raw.split(",")]
    if not all(re.fullmatch(r"[A-Za-z0-9_.-]{1,40}:[0-9a-f]{64}", pair) for pair in pairs):
        raise ValueError("must be client:digest[,client:digest…], as `huying open311 key CLIENT` prints it")
    found = dict(pair.split(":") for pair in pairs)
    if len(found) < len(pairs):
        raise ValueError("names a client twice")
    return found


def _dispatch_url(raw: str) -> str:
    return raw if raw == "pull" else _url("http", "https")(raw)


def _schedule(raw: str) -> tuple[timedelta, ...]:
    parts = [re.fullmatch(r"([0-9]{1,4})(s|m|h)", part.strip()) for part in raw.split(",")]
    waits = [
        timedelta(seconds=int(part[1]) * {"s": 1, "m": 60, "h": 3600}[part[2]]) for part in parts if part
    ]
    if len(waits) < len(parts) or len(waits) < 2 or max(waits) > LONGEST_DELIVERY_WAIT:
        raise ValueError("must be two or more waits of at most 48h, like 0s,5s,5m,30m,2h,5h,10h,14h,20h,24h")
    return tuple(waits)


def _networks(raw: str) -> tuple[Network, ...]:
    found = tuple(ip_network(part.strip()) for part in raw.split(","))
    if any(network.prefixlen == 0 for network in found):
        raise ValueError("a network of all addresses would let everybody choose their own")
    return found


def _origins(raw: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in raw.split(","))
    for origin in found:
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", origin):
            raise ValueError(f"{origin!r} is not a site; write it like https://www.example.gov.cn")
    return found


def _quota(raw: str) -> str:
    if not re.fullmatch(r"[0-9]{1,4}/[1-9][0-9]{0,3}(min|h)", raw):
        raise ValueError(f"{raw!r} is not a quota; write it like 5/48h or 3/1min")
    return raw


def _wechat_token(raw: str) -> str:
    if not re.fullmatch(r"[!-~]{3,64}", raw):
        raise ValueError("must be 3 to 64 characters without spaces, as it stands in the account's settings")
    return raw


def _wechat_appid(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", raw):
        raise ValueError(
            "must be letters, digits, hyphens and underscores, as it stands in the account's settings"
        )
    return raw


def _wechat_aes_key(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9+/]{43}", raw):
        raise ValueError("must be the EncodingAESKey: 43 letters and digits")
    return raw


def _secure_url(raw: str) -> str:
    parts = urlsplit(raw)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError("must begin with https: (http: on this machine only), for what is secret goes there")
    return raw.rstrip("/")


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "city": _city,
    "port": _port,
    "desk_port": _port,
    "state_dir": _folder,
    "files_dir": _folder,
    "units_file": _folder,
    "vault_keys_file": _folder,
    "public_url": _url("http", "https"),
    "gateway_url": _url("http", "https"),
    "desk_url": _url("http", "https"),
    "dispatch_url": _dispatch_url,
    "rasa_url": _url("http", "https"),
    "wechat_token": _wechat_token,
    "wechat_appid": _wechat_appid,
    "wechat_aes_key": _wechat_aes_key,
    "wechat_aes_key_previous": _wechat_aes_key,
    "wechat_api_base": _secure_url,
    "sms_url": _secure_url,
    "sms_secret": _dispatch_secret,
    "database_url": _url("postgresql", "postgres"),
    "desk_database_url": _url("postgresql", "postgres"),
    "redis_url": _url("redis", "rediss", "unix"),
    "open311_keys": _open311_keys,
    "smtp_url": _url("smtp", "smtps"),
    "imap_url": _url("imap", "imaps"),
    "secret_key": _secret_key,
    "vault_keys": _vault_keys,
    "dispatch_secret": _dispatch_secret,
    "dispatch_secret_previous": _dispatch_secret,
    "dispatch_networks": _networks,
    "dispatch_schedule": _schedule,
    "clock": _clock,
    "rate_limits": _switch,
    "limits": read_limits,
    "trusted_proxies": _networks,
    "embed_origins": _origins,
    "staff_second_factor": _factor,
    "oidc_issuer": _issuer,
    "oidc_roles": _oidc_roles,
    "wechat_quota": _quota,
    "wechat_quota_event": _quota,
}


def read_settings() -> Settings:
    """Return the settings of this process."""
    return Settings.from_env(os.environ)
