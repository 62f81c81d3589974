"""The directory: whom each unit has on file, read and changed in one transaction each, every look and change noted."""

from collections.abc import Sequence

from dispatch_desk.people import Person, Standing, standings
from dispatch_desk.store import people
from groundwork.audit import Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from hotline.citypack import CityPack


class Directory:
    """The units of one city and their people."""

    def __init__(self, pool: Pool, vault: Vault, audit: Audit, pack: CityPack, *, clock: Clock) -> None:
        self._pool, self._vault, self._audit, self._clock = pool, vault, audit, clock
        self.pack = pack

    async def standings(self) -> tuple[Standing, ...]:
        """Return how every unit's file stands; nobody's name is read."""
        async with storage_errors(), self._pool.acquire() as connection:
            return standings(self.pack, await people.filled(connection))

    async def of_unit(self, unit: str, *, by: Author) -> Sequence[Person]:
        """Return everybody a unit has on file, after noting who looks."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            found = await people.of_unit(connection, self._vault, unit)
            if found:
                await self._audit.note(connection, Action.PEOPLE_SEEN, "unit", unit, by=by)
        return found

    async def put(self, entries: Sequence[Person], *, by: Author) -> None:
        """Enter people, all or none of them."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            changed = await people.put(connection, self._vault, entries, at=self._clock())
            for unit in sorted(changed):
                await self._audit.note(connection, Action.PEOPLE_CHANGED, "unit", unit, by=by, why="entered")

    async def remove(self, id: int, *, unit: str, by: Author) -> bool:
        """Take somebody off a unit's file; ``False`` if nobody of that number is on it."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            gone = await people.remove(connection, id, unit=unit)
            if gone:
                await self._audit.note(connection, Action.PEOPLE_CHANGED, "unit", unit, by=by, why="removed")
        return gone
