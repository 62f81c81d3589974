"""Settings are read once, and every problem is told at once."""

import base64
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from groundwork.clock import clock_from
from groundwork.limits import LIMITS, Limit
from groundwork.secrets import with_secrets
from groundwork.settings import Settings, SettingsError, webhook_key
from hotline.calendar import CITY_TIME


def test_on_loopback_everything_has_a_default() -> None:
    settings = Settings.from_env({})
    assert settings.city == "pingdingshan" and settings.port == 8080 and settings.desk_port == 8090
    assert settings.state_dir.name == "pingdingshan" and settings.files_dir == settings.state_dir / "files"
    assert settings.gateway_url == "http://127.0.0.1:8080" and settings.rate_limits


def test_all_problems_are_told_together() -> None:
    wrong = {
        "HUYING_PORT": "eighty",
        "HUYING_CITY": "../etc",
        "HUYING_DATABASE_URL": "mysql://x",
        "HUYING_CLOCK": "soon",
        "HUYING_RATE_LIMITS": "no",
        "HUYING_LIMITS": "phone=many",
        "HUYING_VAULT_KEYS": "k1:short",
        "HUYING_NO_SUCH": "1",
    }
    with pytest.raises(SettingsError) as told:
        Settings.from_env(wrong)
    lines = str(told.value).splitlines()
    assert {line.partition(":")[0] for line in lines} == set(wrong)


def test_outside_loopback_secrets_must_be_set_and_limits_stay_on() -> None:
    with pytest.raises(SettingsError) as told:
        Settings.from_env({"HUYING_HOST": "0.0.0.0", "HUYING_RATE_LIMITS": "off"})
    for name in ("SECRET_KEY", "VAULT_KEYS", "DISPATCH_SECRET", "RATE_LIMITS"):
        assert f"HUYING_{name}" in str(told.value)


def test_a_limit_is_changed_by_name_and_the_others_stay() -> None:
    limits = Settings.from_env({"HUYING_LIMITS": "phone=60/2h, messages.person=9/30s"}).limits
    assert limits["phone"] == Limit(times=60, seconds=7200)
    assert limits["messages.person"] == Limit(times=9, seconds=30)
    assert limits["letters.address"] == LIMITS["letters.address"] and set(limits) == set(LIMITS)


@pytest.mark.parametrize("wrong", ["phone", "phone=0/1h", "phone=5/1d", "telephone=5/1h", "phone=5"])
def test_a_limit_that_is_none_is_told_with_what_to_write(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"HUYING_LIMITS: .*(write it like|there are)"):
        Settings.from_env({"HUYING_LIMITS": wrong})


def test_other_programs_variables_are_none_of_our_business() -> None:
    assert Settings.from_env({"PATH": "/bin", "PORT": "99"}).port == 8080


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    settings = Settings.from_env({"HUYING_STATE_DIR": str(tmp_path)})
    first, second = with_secrets(settings), with_secrets(settings)
    assert first == second and first.secret_key and len(webhook_key(first.dispatch_secret)) == 32
    files = list((tmp_path / "secrets").iterdir())
    assert files and all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    given = Settings.from_env({"HUYING_STATE_DIR": str(tmp_path), "HUYING_SECRET_KEY": "x" * 32})
    assert with_secrets(given).secret_key == "x" * 32


def test_a_dispatch_secret_is_a_standard_webhooks_one() -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    settings = Settings.from_env({"HUYING_DISPATCH_SECRET": secret})
    assert webhook_key(settings.dispatch_secret) == b"k" * 32
    with pytest.raises(SettingsError, match="DISPATCH_SECRET"):
        Settings.from_env({"HUYING_DISPATCH_SECRET": "k" * 32})


def test_a_moved_clock_runs_on_from_where_it_was_set() -> None:
    start = Settings.from_env({"HUYING_CLOCK": "2026-09-29T14:30:00"}).clock
    assert isinstance(start, datetime) and start.tzinfo is CITY_TIME
    clock = clock_from(start)
    assert timedelta(0) <= clock() - start < timedelta(seconds=5)
    assert clock().utcoffset() == timedelta(hours=8)


WECHAT = {
    "HUYING_WECHAT_TOKEN": "aToken",
    "HUYING_WECHAT_APPID": "wx0123456789abcdef",
    "HUYING_WECHAT_SECRET": "0123456789abcdef0123456789abcdef",
    "HUYING_WECHAT_AES_KEY": "k" * 43,
    "HUYING_WECHAT_AES_KEY_PREVIOUS": "p" * 43,
    "HUYING_WECHAT_API_BASE": "http://127.0.0.1:9000/",
}


def told_about(env: dict[str, str]) -> set[str]:
    with pytest.raises(SettingsError) as told:
        Settings.from_env(env)
    return {line.partition(":")[0] for line in str(told.value).splitlines()}


def test_a_wechat_account_is_whole_or_not_there() -> None:
    assert Settings.from_env(WECHAT).wechat_api_base == "http://127.0.0.1:9000"
    for name in ("HUYING_WECHAT_TOKEN", "HUYING_WECHAT_APPID"):
        with pytest.raises(SettingsError, match=f"{name} must be set too"):
            Settings.from_env({key: value for key, value in WECHAT.items() if key != name})
    assert told_about({"HUYING_WECHAT_TOKEN": "aToken"}) == {"HUYING_WECHAT_TOKEN"}
    without_key = {key: value for key, value in WECHAT.items() if key != "HUYING_WECHAT_AES_KEY"}
    assert told_about(without_key) == {"HUYING_WECHAT_AES_KEY_PREVIOUS"}
    passive = {key: WECHAT[key] for key in ("HUYING_WECHAT_TOKEN", "HUYING_WECHAT_APPID")}
    assert Settings.from_env(passive).wechat_secret == "", "answers need no secret"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUYING_WECHAT_TOKEN", "a b"),
        ("HUYING_WECHAT_APPID", "wx:1"),
        ("HUYING_WECHAT_AES_KEY", "k" * 44),
        ("HUYING_WECHAT_AES_KEY", "k" * 42 + "!"),
        ("HUYING_WECHAT_AES_KEY_PREVIOUS", "short"),
        ("HUYING_WECHAT_API_BASE", "http://api.example"),
        ("HUYING_WECHAT_API_BASE", "ftp://127.0.0.1"),
        ("HUYING_WECHAT_QUOTA", "five"),
        ("HUYING_WECHAT_QUOTA", "5/0h"),
        ("HUYING_WECHAT_QUOTA_EVENT", "3/1s"),
    ],
)
def test_a_wechat_setting_that_cannot_be_is_told_without_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as told:
        Settings.from_env(WECHAT | {name: value})
    assert name in str(told.value)
    assert "AES_KEY" not in name or value not in str(told.value)


def test_a_platform_for_texts_has_an_address_that_nobody_overhears_and_a_secret() -> None:
    both = {
        "HUYING_SMS_URL": "https://texts.example/send",
        "HUYING_SMS_SECRET": "whsec_" + base64.b64encode(b"t" * 32).decode(),
    }
    settings = Settings.from_env(both)
    assert settings.sms_url and both["HUYING_SMS_SECRET"] not in repr(settings)
    for name, other in (*both.items(),):
        assert told_about({name: other}) == set(both) - {name}
    assert told_about(both | {"HUYING_SMS_URL": "http://texts.example/send"}) >= {"HUYING_SMS_URL"}
    assert told_about(both | {"HUYING_SMS_SECRET": "short"}) >= {"HUYING_SMS_SECRET"}


def test_no_key_and_no_password_shows_where_settings_are_shown() -> None:
    secret = {
        "HUYING_SECRET_KEY": "s" * 40,
        "HUYING_DATABASE_URL": "postgresql://u:pass-word@h/d",
        "HUYING_RASA_TOKEN": "r-token",
    }
    shown = repr(Settings.from_env(WECHAT | secret))
    values = [
        *secret.values(),
        *(WECHAT[f"HUYING_WECHAT_{n}"] for n in ("TOKEN", "SECRET", "AES_KEY", "AES_KEY_PREVIOUS")),
    ]
    assert not any(value in shown for value in values)


def test_programs_that_post_are_named_once_with_the_digest_of_their_key() -> None:
    digest = "a" * 64
    given = {"HUYING_OPEN311_KEYS": f"app:{digest}, map.v2:{digest}"}
    assert Settings.from_env(given).open311_keys == {"app": digest, "map.v2": digest}
    for wrong in ("app", f"app:{digest},app:{digest}", "app:secret", f"an app:{digest}"):
        with pytest.raises(SettingsError, match="OPEN311_KEYS"):
            Settings.from_env({"HUYING_OPEN311_KEYS": wrong})


def test_sites_that_may_embed_the_chat_are_origins() -> None:
    told = Settings.from_env({"HUYING_EMBED_ORIGINS": "https://a.example, http://b.example:8080"})
    assert told.embed_origins == ("https://a.example", "http://b.example:8080")
    assert Settings.from_env({}).embed_origins == ()


@pytest.mark.parametrize("wrong", ["*", "a.example", "https://a.example/", "https://*.example", "'self'"])
def test_what_is_no_origin_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="HUYING_EMBED_ORIGINS"):
        Settings.from_env({"HUYING_EMBED_ORIGINS": wrong})
