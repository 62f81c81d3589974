"""Settings are read once, and every problem is told at once."""

import base64
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from groundwork.clock import clock_from
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
    assert start is not None and start.tzinfo is CITY_TIME
    clock = clock_from(start)
    assert timedelta(0) <= clock() - start < timedelta(seconds=5)
    assert clock().utcoffset() == timedelta(hours=8)
