"""A sealed file opens whole and unaltered, under any configured key, or not at all."""

import base64
import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.settings import Settings
from groundwork.streams import CHUNK, Sealer, opened
from groundwork.vault import Vault, VaultError


def vault(*names: str) -> Vault:
    keys = ",".join(
        f"{name}:{base64.b64encode(name.encode().ljust(32, b'x')).decode()}" for name in names or ("k1",)
    )
    return Vault.from_settings(replace(Settings(), secret_key="s" * 40, vault_keys=keys))


VAULT = vault()


def sealed(plain: bytes, *, by: Vault = VAULT, steps: int = 10_007) -> bytes:
    sealer = Sealer(by, purpose="files")
    pieces = [sealer.add(plain[at : at + steps]) for at in range(0, len(plain), steps)]
    return b"".join([sealer.begin(), *pieces, sealer.end()])


def unsealed(data: bytes, *, by: Vault = VAULT, purpose: str = "files") -> bytes:
    return b"".join(opened(by, io.BytesIO(data).read, purpose=purpose))


HEADER = len(sealed(b"")) - 16


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5])
@pytest.mark.parametrize("steps", [1_000, CHUNK, 10 * CHUNK])
def test_what_was_sealed_comes_back_whatever_its_pieces_were(size: int, steps: int) -> None:
    plain = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    data = sealed(plain, steps=steps)
    assert unsealed(data) == plain
    assert len(plain) < 8 or plain[:64] not in data


@settings(print_blob=True, max_examples=60, deadline=None)
@given(st.data())
def test_any_altered_byte_is_noticed(data: st.DataObject) -> None:
    damaged = bytearray(sealed(b"p" * (CHUNK + 100)))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(VaultError):
        unsealed(bytes(damaged))


@pytest.mark.parametrize("kept", [0, 3, HEADER - 1, HEADER, HEADER + 5, HEADER + CHUNK + 16, -1])
def test_a_file_that_was_cut_off_does_not_open_as_a_shorter_one(kept: int) -> None:
    with pytest.raises(VaultError):
        unsealed(sealed(b"p" * (3 * CHUNK))[:kept])


def test_chunks_cannot_change_places_be_repeated_or_come_from_another_file() -> None:
    data, other = sealed(b"a" * CHUNK + b"b" * CHUNK + b"c"), sealed(b"d" * CHUNK + b"e" * CHUNK + b"f")
    size = CHUNK + 16
    header, one, two, end = (
        data[:HEADER],
        data[HEADER : HEADER + size],
        data[HEADER + size : HEADER + 2 * size],
        data[HEADER + 2 * size :],
    )
    for forged in (two + one + end, one + one + end, one + two + two + end, one + other[HEADER + size :]):
        with pytest.raises(VaultError):
            unsealed(header + forged)


def test_files_are_read_after_a_rotation_and_not_without_the_old_key() -> None:
    old, rotated = sealed(b"photo"), vault("k2", "k1")
    assert unsealed(old, by=rotated) == b"photo"
    assert unsealed(sealed(b"new", by=rotated), by=rotated) == b"new"
    with pytest.raises(VaultError, match="VAULT_KEYS"):
        unsealed(old, by=vault("k2"))


def test_a_file_does_not_open_for_another_purpose() -> None:
    with pytest.raises(VaultError, match="other"):
        unsealed(sealed(b"photo"), purpose="other")


def test_the_same_file_twice_looks_different() -> None:
    assert sealed(b"photo") != sealed(b"photo")


@given(st.binary(max_size=200))
def test_anything_else_is_refused_not_a_crash(noise: bytes) -> None:
    with pytest.raises(VaultError):
        unsealed(noise)
