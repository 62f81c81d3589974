"""Secrets that a loopback installation makes for itself, once, readable by its owner alone."""

import base64
import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from groundwork.settings import Settings


def with_secrets(settings: Settings) -> Settings:
    """Return ``settings`` with every unset secret read from, or made under, the state folder."""
    folder = settings.state_dir / "secrets"
    return replace(
        settings,
        secret_key=settings.secret_key or kept(folder / "secret_key", lambda: secrets.token_urlsafe(48)),
        vault_keys=settings.vault_keys or kept(folder / "vault_keys", lambda: f"k1:{_random(32)}"),
        dispatch_secret=settings.dispatch_secret
        or kept(folder / "dispatch_secret", lambda: f"whsec_{_random(32)}"),
        rasa_token=settings.rasa_token or kept(folder / "rasa_token", lambda: secrets.token_urlsafe(24)),
    )


def kept(path: Path, make: Callable[[], str]) -> str:
    """Return what ``path`` holds; the first process to ask writes it, with mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # atomic: of two processes one wins, both read the winner's
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def _random(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()
