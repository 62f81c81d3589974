"""What is sealed opens only with its key, unaltered, for its purpose."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.settings import Settings
from groundwork.vault import Vault, VaultError


def keys(*names: str) -> str:
    return ",".join(f"{name}:{base64.b64encode(name.encode().ljust(32, b'x')).decode()}" for name in names)


SETTINGS = replace(Settings(), secret_key="s" * 40, vault_keys=keys("k1"))
VAULT = Vault.from_settings(SETTINGS)


@given(st.binary(max_size=2000))
def test_what_was_sealed_comes_back(plain: bytes) -> None:
    sealed = VAULT.seal(plain, purpose="a")
    assert VAULT.open(sealed, purpose="a") == plain
    assert len(plain) < 8 or plain not in sealed


@given(st.binary(min_size=1, max_size=50), st.data())
def test_any_altered_byte_is_noticed(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(VAULT.seal(plain, purpose="a"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(VaultError):
        VAULT.open(bytes(sealed), purpose="a")


def test_a_value_cannot_be_moved_to_another_column() -> None:
    with pytest.raises(VaultError, match="other"):
        VAULT.open(VAULT.seal(b"phone", purpose="one"), purpose="other")


def test_after_a_rotation_old_values_open_and_new_ones_use_the_new_key() -> None:
    old = VAULT.seal_json({"name": "样例"}, purpose="a")
    rotated = Vault.from_settings(replace(SETTINGS, vault_keys=keys("k2", "k1")))
    assert rotated.open_json(old, purpose="a") == {"name": "样例"}
    with pytest.raises(VaultError, match="VAULT_KEYS"):
        VAULT.open(rotated.seal(b"new", purpose="a"), purpose="a")


def test_lookups_survive_a_rotation_and_differ_by_purpose() -> None:
    rotated = Vault.from_settings(replace(SETTINGS, vault_keys=keys("k2", "k1")))
    assert VAULT.digest("13900000000", purpose="phone") == rotated.digest("13900000000", purpose="phone")
    assert VAULT.digest("13900000000", purpose="phone") != VAULT.digest("13900000000", purpose="name")


@given(st.binary(max_size=60))
def test_anything_else_is_refused_not_a_crash(noise: bytes) -> None:
    with pytest.raises(VaultError):
        VAULT.open(noise, purpose="a")
