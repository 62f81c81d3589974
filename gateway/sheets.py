"""Letters on their way to be sent, kept for half an hour so that Back and reload lose nothing; sealed, in Redis."""

import logging
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from groundwork.vault import Vault, VaultError

log = logging.getLogger(__name__)

PREFIX, PURPOSE = "sheet:", "mailbox.sheet"
LIFE = 1800  #: seconds
_AWAY = (RedisError, OSError, TimeoutError)


class RedisSheets:
    """Fills the mailbox's port; what it cannot keep is shown at once instead."""

    def __init__(self, redis: Redis, vault: Vault) -> None:
        self._redis, self._vault = redis, vault

    async def put(self, owner: str, value: Any) -> bool:
        """Keep ``value`` for ``owner``, or return ``False``."""
        try:
            await self._redis.set(self._name(owner), self._vault.seal_json(value, purpose=PURPOSE), ex=LIFE)
        except _AWAY as error:
            log.warning("sheets.away", extra={"error_type": type(error).__name__})
            return False
        return True

    async def get(self, owner: str) -> Any:
        """Return what was kept for ``owner``; ``None`` when it has expired or cannot be read now."""
        try:
            sealed = await self._redis.get(self._name(owner))
            return self._vault.open_json(sealed, purpose=PURPOSE) if isinstance(sealed, bytes) else None
        except (*_AWAY, VaultError) as error:
            log.warning("sheets.away", extra={"error_type": type(error).__name__})
            return None

    def _name(self, owner: str) -> str:
        return PREFIX + self._vault.digest(owner, purpose=PURPOSE).hex()
