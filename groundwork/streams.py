"""Encryption of whole files, chunk by chunk: what was cut, moved or altered does not open.

A sealed file is a header and its chunks, each a chunk of the plain file with a tag. The header names the
vault key, so that files are read after a rotation, and holds the salt from which the file's own key is
derived; it is bound to every chunk. A chunk's nonce is its number and whether it is the last one (the
STREAM construction: Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015, figure 8).
"""

import os
import struct
from collections.abc import Callable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from groundwork.vault import Vault, VaultError

CHUNK = 64 * 1024  #: bytes of the plain file in each chunk but the last
_TAG = 16
_SALT = 32
_MAGIC = b"HYF1"
_LONGEST_NAME = 16  #: of a vault key (groundwork/settings.py)


class Sealer:
    """Seals one file; every piece given to ``add`` comes out in the end, in order."""

    def __init__(self, vault: Vault, *, purpose: str) -> None:
        name, salt = vault.newest, os.urandom(_SALT)
        self._header = _MAGIC + bytes([len(name)]) + name.encode() + salt
        self._key = AESGCM(vault.file_key(name, salt, purpose=purpose))
        self._waiting = bytearray()
        self._count = 0

    def begin(self) -> bytes:
        """Return what a sealed file begins with."""
        return self._header

    def add(self, piece: bytes) -> bytes:
        """Take ``piece`` and return what is sealed by now, which may be nothing yet."""
        self._waiting += piece
        sealed = bytearray()
        while len(self._waiting) > CHUNK:  # the last chunk, which may be a full one, is sealed by ``end``
            sealed += self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]
        return bytes(sealed)

    def end(self) -> bytes:
        """Return the rest of the sealed file."""
        return self._seal(bytes(self._waiting), last=True)

    def _seal(self, plain: bytes, *, last: bool) -> bytes:
        sealed = self._key.encrypt(_nonce(self._count, last=last), plain, self._header)
        self._count += 1
        return sealed


def opened(vault: Vault, read: Callable[[int], bytes], *, purpose: str) -> Iterator[bytes]:
    """Yield the plain chunks of the sealed file that ``read`` reads, or raise ``VaultError``.

    Every chunk is genuine when it comes; only when the iteration ends by itself was the file whole.
    """
    header, key = _read_header(vault, read, purpose)
    sealed, count = read(CHUNK + _TAG), 0
    while True:
        following = read(CHUNK + _TAG)
        try:
            yield key.decrypt(_nonce(count, last=not following), sealed, header)
        except (InvalidTag, ValueError):  # ValueError: shorter than a tag
            raise VaultError(f"altered, cut off, or not sealed for {purpose}") from None
        if not following:
            return
        sealed, count = following, count + 1


def key_of(read: Callable[[int], bytes]) -> str:
    """Return the name of the vault key that a sealed file was sealed with, or raise ``VaultError``."""
    return _name(read).decode("ascii", "replace")


def _read_header(vault: Vault, read: Callable[[int], bytes], purpose: str) -> tuple[bytes, AESGCM]:
    name = _name(read)
    start, salt = _MAGIC + bytes([len(name)]), read(_SALT)
    if len(salt) != _SALT:
        raise VaultError("not a whole sealed file")
    key = vault.file_key(name.decode("ascii", "replace"), salt, purpose=purpose)
    return start + name + salt, AESGCM(key)


def _name(read: Callable[[int], bytes]) -> bytes:
    start = read(len(_MAGIC) + 1)
    if start[:-1] != _MAGIC or start[-1] > _LONGEST_NAME:
        raise VaultError("not a sealed file")
    return read(start[-1])


def _nonce(count: int, *, last: bool) -> bytes:
    # The key is this file's own, so that the number of the chunk is all that a nonce must tell.
    return struct.pack(">7xI?", count, last)
