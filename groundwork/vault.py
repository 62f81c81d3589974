"""Encryption of what people say and who they are, and look-ups that reveal neither."""

import hashlib
import hmac
import json
import logging
import os
import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from groundwork.settings import Settings, key_pairs

log = logging.getLogger(__name__)

LOOKS_AGAIN = 1.0  #: seconds after which a program that seals has seen that the file of the keys was replaced
_NONCE = 12


class VaultError(Exception):
    """A sealed value cannot be opened: its key is not configured, or it was altered."""


@lru_cache(
    maxsize=256
)  # purposes are a handful of constants; a message needs several of them again and again
def _derived(root: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(root)


class KeyRing:
    """The keys of a vault, newest first; those of a file are read again when the file was replaced.

    So a key can be added while programs run: each knows it before it meets the first value sealed with it.
    """

    def __init__(self, listed: str, file: Path | None = None) -> None:
        self._file, self._mark, self._looked = file, _mark(file), time.monotonic()
        self._take(listed)

    def newest(self) -> str:
        """Return the name of the key that seals from now on."""
        if self._file is not None and time.monotonic() - self._looked > LOOKS_AGAIN:
            self._look_again()
        return self._newest

    def key(self, name: str) -> bytes:
        """Return the key ``name``, or raise ``VaultError``."""
        if name not in self._keys:
            self._look_again()
        key = self._keys.get(name)
        if key is None:
            raise VaultError("sealed with a key that is not configured; add it to HUYING_VAULT_KEYS")
        return key

    def _look_again(self) -> None:
        self._looked = time.monotonic()
        mark = _mark(self._file)
        if self._file is None or mark in (None, self._mark):
            return
        try:
            self._take(self._file.read_text())
        except (OSError, ValueError) as error:  # half a file is no reason to forget the keys that are known
            log.error("vault.keys_unreadable", extra={"error_type": type(error).__name__})
            return
        self._mark = mark

    def _take(self, listed: str) -> None:
        pairs = key_pairs(listed)
        self._keys, self._newest = dict(pairs), pairs[0][0]


def key_name(sealed: bytes) -> str:
    """Return the name of the key that ``sealed`` was sealed with."""
    return sealed[1 : 1 + (sealed[0] if sealed else 0)].decode("ascii", "replace")


def _mark(file: Path | None) -> tuple[int, int] | None:
    try:
        found = file.stat() if file is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_ino)


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals with the newest key (AES-256-GCM), opens with any configured one.

    A sealed value is ``len(id) | id | nonce | ciphertext``. ``purpose`` is bound to it as associated
    data, so that a value cannot be moved to another column.
    """

    _keys: KeyRing = field(repr=False)
    _root: bytes = field(repr=False)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Make the vault of an installation from its ``VAULT_KEYS`` and ``SECRET_KEY``."""
        ring = KeyRing(settings.vault_keys, settings.vault_keys_file)
        return cls(ring, settings.secret_key.encode())

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return ``plain`` encrypted for ``purpose``."""
        newest = self._keys.newest()
        name, nonce = newest.encode(), os.urandom(_NONCE)
        sealed = AESGCM(self._keys.key(newest)).encrypt(nonce, plain, purpose.encode())
        return bytes([len(name)]) + name + nonce + sealed

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return what was sealed for ``purpose``, or raise ``VaultError``."""
        end = 1 + (sealed[0] if sealed else 0)
        key = self._keys.key(key_name(sealed))
        try:
            return AESGCM(key).decrypt(sealed[end : end + _NONCE], sealed[end + _NONCE :], purpose.encode())
        except (InvalidTag, ValueError):  # ValueError: cut off before the nonce ends
            raise VaultError(f"altered, or not sealed for {purpose}") from None

    def seal_json(self, value: Any, *, purpose: str) -> bytes:
        """Return ``value`` as encrypted JSON."""
        return self.seal(json.dumps(value, ensure_ascii=False).encode(), purpose=purpose)

    def open_json(self, sealed: bytes, *, purpose: str) -> Any:
        """Return the value that was sealed as JSON."""
        return json.loads(self.open(sealed, purpose=purpose))

    def file_key(self, name: str, salt: bytes, *, purpose: str) -> bytes:
        """Return the key of one file, derived from the vault key ``name``, or raise ``VaultError``."""
        info = f"file:{purpose}".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(self._keys.key(name))

    @property
    def newest(self) -> str:
        """The name of the key that seals from now on."""
        return self._keys.newest()

    def derived(self, purpose: str) -> bytes:
        """Return a 32-byte key for ``purpose``, derived from the secret key alone (HKDF)."""
        return _derived(self._root, purpose)

    def digest(self, value: str, *, purpose: str) -> bytes:
        """Return a keyed digest for look-ups; it survives a rotation of the vault keys."""
        return hmac.new(self.derived(purpose), value.encode(), hashlib.sha256).digest()
