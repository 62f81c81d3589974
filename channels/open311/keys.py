"""Who may post: each client has a key, of which only the digest is kept."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping


def digest_of(key: str) -> str:
    """Return what is kept of ``key``; keys are drawn at random, so that a plain digest tells nothing."""
    return hashlib.sha256(key.encode()).hexdigest()


def new_key() -> str:
    """Draw a key of 256 bits."""
    return secrets.token_urlsafe(32)


def client_of(key: str, known: Mapping[str, str]) -> str | None:
    """Return the name of the client whose digest in ``known``, by name, is that of ``key``."""
    digest = digest_of(key)
    found = [name for name, theirs in known.items() if hmac.compare_digest(digest, theirs)]
    return found[0] if found else None
