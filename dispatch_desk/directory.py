"""The directory: whom each unit has on file and on duty, and what presses it; every look at people and every change is noted."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from dispatch_desk.inbox import asked_at
from dispatch_desk.people import Person, Standing, Turn, standings
from dispatch_desk.store import board, people, roster
from dispatch_desk.store.board import Line
from groundwork.audit import Action, Audit, Author
from groundwork.clock import Clock
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack

AHEAD = timedelta(days=13)  #: how far the roster is shown


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

    async def on_duty(self) -> Mapping[str, Sequence[Person]]:
        """Return whom each unit has on duty today; to be shown masked, for nobody's look is noted."""
        async with storage_errors(), self._pool.acquire() as connection:
            return await roster.on_duty(connection, self._vault, self.today())

    async def on_duty_at(self, unit: str) -> Sequence[Person]:
        """Return whom ``unit`` has on duty today; to be shown masked, for nobody's look is noted."""
        return (await self.on_duty()).get(unit, ())

    def rests(self) -> bool:
        """Tell whether today is no working day, when officers on duty stand in for the rest (XA-M4a)."""
        return not self.pack.calendar.is_working(self.today())

    async def turns(self, unit: str) -> Sequence[Turn]:
        """Return who of a unit is on duty in the next ``AHEAD`` days, beside ``of_unit``, which notes the look."""
        first = self.today()
        async with storage_errors(), self._pool.acquire() as connection:
            return await roster.of_unit(connection, self._vault, unit, first=first, last=first + AHEAD)

    async def board(self, scope: str | None) -> Sequence[Line]:
        """Return what presses each unit, or only the unit ``scope``."""
        asked = asked_at(self._clock(), scope=scope)
        async with storage_errors(), self._pool.acquire() as connection:
            return await board.lines(connection, now=asked.now, tomorrow=asked.tomorrow, scope=scope)

    async def enter_turns(self, id: int, days: Sequence[date], *, unit: str, by: Author) -> bool:
        """Put somebody of a unit on duty on these days; ``False`` if nobody of that number is on its file."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            done = await roster.enter(connection, id, unit=unit, days=days)
            if done:
                await self._audit.note(connection, Action.PEOPLE_CHANGED, "unit", unit, by=by, why="rostered")
        return done

    async def remove_turn(self, id: int, day: date, *, unit: str, by: Author) -> bool:
        """Take somebody of a unit off duty on that day; ``False`` where there was nothing to take off."""
        async with storage_errors(), self._pool.acquire() as connection, connection.transaction():
            gone = await roster.remove(connection, id, unit=unit, day=day)
            if gone:
                await self._audit.note(
                    connection, Action.PEOPLE_CHANGED, "unit", unit, by=by, why="unrostered"
                )
        return gone

    def today(self) -> date:
        """Return the day that it is in the city."""
        return self._clock().astimezone(CITY_TIME).date()

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
