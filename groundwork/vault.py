"""Encryption of what people say and who they are, and look-ups that reveal neither."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from groundwork.settings import Settings

_NONCE = 12


class VaultError(Exception):
    """A sealed value cannot be opened: its key is not configured, or it was altered."""


@lru_cache(
    maxsize=256
)  # purposes are a handful of constants; a message needs several of them again and again
def _derived(root: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(root)


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals with the newest key (AES-256-GCM), opens with any configured one.

    A sealed value is ``len(id) | id | nonce | ciphertext``. ``purpose`` is bound to it as associated
    data, so that a value cannot be moved to another column.
    """

    _keys: Mapping[str, bytes] = field(repr=False)
    _newest: str
    _root: bytes = field(repr=False)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Make the vault of an installation from its ``VAULT_KEYS`` and ``SECRET_KEY``."""
        pairs = [part.strip().partition(":") for part in settings.vault_keys.split(",")]
        keys = {name: base64.b64decode(key) for name, _, key in pairs}
        return cls(keys, pairs[0][0], settings.secret_key.encode())

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return ``plain`` encrypted for ``purpose``."""
        name = self._newest.encode()
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self._keys[self._newest]).encrypt(nonce, plain, purpose.encode())
        return bytes([len(name)]) + name + nonce + sealed

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return what was sealed for ``purpose``, or raise ``VaultError``."""
        end = 1 + (sealed[0] if sealed else 0)
        key = self._key(sealed[1:end].decode("ascii", "replace"))
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
        return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(self._key(name))

    def _key(self, name: str) -> bytes:
        key = self._keys.get(name)
        if key is None:
            raise VaultError("sealed with a key that is not configured; add it to HUYING_VAULT_KEYS")
        return key

    @property
    def newest(self) -> str:
        """The name of the key that seals from now on."""
        return self._newest

    def derived(self, purpose: str) -> bytes:
        """Return a 32-byte key for ``purpose``, derived from the secret key alone (HKDF)."""
        return _derived(self._root, purpose)

    def digest(self, value: str, *, purpose: str) -> bytes:
        """Return a keyed digest for look-ups; it survives a rotation of the vault keys."""
        return hmac.new(self.derived(purpose), value.encode(), hashlib.sha256).digest()
