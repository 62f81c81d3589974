"""The platform's encryption, written from its page on ``cryptography`` alone: a second opinion on our adapter.

Source: developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption (looked up on 2026-11-25 in a stored copy):
AES-256-CBC; key = base64(EncodingAESKey + "="); initial vector = the first 16 bytes of the key; plaintext = 16 random
bytes, the length of the XML in 4 bytes big-endian, the XML, the AppID; PKCS#7 to blocks of 32 bytes.
"""

import base64
import hashlib
import os
import struct
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7


def encoding_key(seed: bytes) -> str:
    """Return an EncodingAESKey: 43 characters that stand for 32 bytes."""
    return base64.b64encode(hashlib.sha256(seed).digest()).decode().removesuffix("=")


def signature(*parts: str) -> str:
    """Return SHA-1 over the sorted parts."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class AesClient:
    """One end of the encrypted talk between the platform and an account."""

    token: str
    appid: str
    key: str

    def seal(self, xml: str | bytes) -> str:
        """Return ``xml`` encrypted, in base64."""
        data = xml.encode() if isinstance(xml, str) else xml
        plain = os.urandom(16) + struct.pack(">I", len(data)) + data + self.appid.encode()
        padder = PKCS7(256).padder()
        cipher = self._cipher().encryptor()
        return base64.b64encode(
            cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
        ).decode()

    def open(self, sealed: str) -> str:
        """Return the XML under ``sealed``; fails unless padding, length and AppID are right."""
        cipher, unpadder = self._cipher().decryptor(), PKCS7(256).unpadder()
        padded = cipher.update(base64.b64decode(sealed, validate=True)) + cipher.finalize()
        plain = unpadder.update(padded) + unpadder.finalize()
        (length,) = struct.unpack(">I", plain[16:20])
        assert plain[20 + length :].decode() == self.appid
        return plain[20 : 20 + length].decode()

    def sign(self, timestamp: str, nonce: str, sealed: str) -> str:
        """Return the ``msg_signature``."""
        return signature(self.token, timestamp, nonce, sealed)

    def open_answer(self, answer: str) -> str:
        """Return the XML of an encrypted answer; fails unless its signature is right."""
        fields = {child.tag: child.text or "" for child in ET.fromstring(answer)}
        assert set(fields) == {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}
        right = self.sign(fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
        assert fields["MsgSignature"] == right
        return self.open(fields["Encrypt"])

    def _cipher(self) -> Cipher[modes.CBC]:
        key = base64.b64decode(self.key + "=")
        return Cipher(algorithms.AES(key), modes.CBC(key[:16]))
