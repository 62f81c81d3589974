"""Secrets that a loopback installation makes for itself, once, readable by its owner alone."""

import base64
import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from groundwork.settings import Settings, SettingsError, key_pairs


def with_secrets(settings: Settings) -> Settings:
    """Return ``settings`` with every unset secret read from, or made under, the state folder."""
    folder = settings.state_dir / "secrets"
    keys, file = _vault_keys(settings, folder)
    return replace(
        settings,
        secret_key=settings.secret_key or kept(folder / "secret_key", lambda: secrets.token_urlsafe(48)),
        vault_keys=keys,
        vault_keys_file=file,
        dispatch_secret=settings.dispatch_secret
        or kept(folder / "dispatch_secret", lambda: f"whsec_{_random(32)}"),
        rasa_token=settings.rasa_token or kept(folder / "rasa_token", lambda: secrets.token_urlsafe(24)),
    )


def has_secrets(settings: Settings) -> bool:
    """Tell whether there is an installation: its keys are given, or were made before."""
    given = settings.vault_keys or settings.vault_keys_file
    return bool(given) or (settings.state_dir / "secrets").is_dir()


def _vault_keys(settings: Settings, folder: Path) -> tuple[str, Path | None]:
    """Return the keys and the file that they stand in, if they stand in one."""
    if settings.vault_keys_file is not None and not settings.vault_keys:
        file = settings.vault_keys_file
        try:
            keys = file.read_text().strip()
            key_pairs(keys)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise SettingsError(f"HUYING_VAULT_KEYS_FILE: {file}: {why}") from None
        return keys, file
    if settings.vault_keys:
        return settings.vault_keys, settings.vault_keys_file
    file = folder / "vault_keys"
    return kept(file, lambda: new_key("k1")), file


def new_key(name: str) -> str:
    """Return a fresh random key of the vault, as ``VAULT_KEYS`` writes it."""
    return f"{name}:{_random(32)}"


def rewrite(path: Path, text: str) -> None:
    """Put ``text`` in the place of what ``path`` holds, in one step, for its owner's eyes only."""
    draft = _written(path, text)
    draft.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def kept(path: Path, make: Callable[[], str]) -> str:
    """Return what ``path`` holds; the first process to ask writes it, with mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = _written(path, make())
        try:
            os.link(draft, path)  # atomic: of two processes one wins, both read the winner's
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def _written(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _random(size: int) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()
