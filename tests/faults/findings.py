"""What must be true when everything is quiet again; every line returned is a fault of the product."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from groundwork.database import Connection
from groundwork.vault import Vault
from tests.faults.centre import Arrival, Centre
from tests.faults.citizens import Citizen
from tests.faults.stories import Filed

#: what the programs never log, whatever dies around them: faults of our own
NEVER_LOGGED = ("decision.failed", "effect.gave_up", "sweep.one_failed", "spool.unreadable", "unstructured")
ASKED_AGAIN = 4  #: times, when all is quiet


@dataclass(frozen=True, kw_only=True, slots=True)
class OnRecord:
    """A message as the database holds it."""

    id: int
    conversation: str
    settled: bool
    kinds: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """A ticket as the database holds it."""

    number: str
    kind: str
    sequence: int  #: of the last event that the centre is owed


async def owed(connection: Connection) -> dict[str, int]:
    """Count what is not done yet."""
    row = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM messages WHERE settled_at IS NULL) AS unsettled,"
        " (SELECT count(*) FROM effects WHERE done_at IS NULL AND gave_up_at IS NULL) AS effects"
    )
    assert row is not None
    return {name: count for name, count in row.items() if count}


async def findings(
    connection: Connection, vault: Vault, citizens: Sequence[Citizen], centre: Centre
) -> list[str]:
    """Compare every message, ticket and event with what was said."""
    messages = await _messages(connection)
    tickets = await _tickets(connection)
    found: list[str] = []
    expected = {
        vault.digest(citizen.line.key(said.id), purpose="messages.key"): (citizen, said)
        for citizen in citizens
        for said in citizen.said
    }
    # Said again because it had not come through, and then it had all the same: that story is another one.
    late = {
        vault.digest(citizen.line.key(id), purpose="messages.key"): citizen
        for citizen in citizens
        for said in citizen.said
        for id in said.given_up
    }
    astray = {late[digest].name for digest in messages.keys() & late.keys()}
    strange = messages.keys() - expected.keys() - late.keys()
    found += [f"{len(strange)} messages on record that nobody sent"] * bool(strange)
    by_citizen: defaultdict[str, list[OnRecord]] = defaultdict(list)
    for digest, (citizen, said) in expected.items():
        record = messages.get(digest)
        if record is None:
            found.append(f"{citizen.name}: acknowledged and lost: {said.id}")
            continue
        by_citizen[citizen.name].append(record)
        if not record.settled:
            found.append(f"{citizen.name}: never settled: {said.id}")
        if record.kinds != said.step.kinds and citizen.name not in astray:
            found.append(f"{citizen.name}: {said.id} got {record.kinds} instead of {said.step.kinds}")
    told = centre.told()
    for citizen in citizens:
        records = by_citizen[citizen.name]
        found += [f"{citizen.name}: {what}" for what in _one_conversation(records)]
        mine = tickets.get(records[0].conversation, []) if records else []
        if citizen.name in astray:
            continue
        found += [f"{citizen.name}: {what}" for what in _filed(citizen.story.tickets, mine, told)]
    registered = {ticket.number for some in tickets.values() for ticket in some}
    found += [f"the centre knows {number}, which is on no record" for number in told.keys() - registered]
    return [*found, *await _effects(connection, told), *centre.wrong]


def _one_conversation(records: Sequence[OnRecord]) -> list[str]:
    found = []
    if len({record.conversation for record in records}) > 1:
        found.append("one citizen's messages are in several conversations")
    if [record.id for record in records] != sorted(record.id for record in records):
        found.append("messages were admitted out of order")
    return found


def _filed(
    wanted: Sequence[Filed], mine: Sequence[Registered], told: Mapping[str, Sequence[Arrival]]
) -> list[str]:
    found = []
    heard: Counter[Filed] = Counter()
    for ticket in mine:
        arrivals = told.get(ticket.number, ())
        sequences = [arrival.sequence for arrival in arrivals]
        if sequences != list(range(1, ticket.sequence + 1)):
            found.append(f"the centre heard {sequences} of {ticket.number}, owed are 1 to {ticket.sequence}")
        if arrivals and arrivals[0].name == "filed":
            data = arrivals[0].data
            heard[
                Filed(
                    kind=data["kind"],
                    place=data["place"],
                    phone=data["contact"]["phone"],
                    events=tuple(arrival.name for arrival in arrivals),
                )
            ] += 1
    if len(mine) != len(wanted):
        found.append(f"{len(mine)} tickets instead of {len(wanted)}")
    if heard != Counter(wanted):
        found.append(f"the centre heard {[*heard.elements()]}, wanted was {[*wanted]}")
    return found


async def _messages(connection: Connection) -> dict[bytes, OnRecord]:
    rows = await connection.fetch(
        "SELECT m.id, m.key_digest, m.conversation, m.settled_at IS NOT NULL AS settled,"
        " coalesce(array_agg(r.kind ORDER BY r.position) FILTER (WHERE r.id IS NOT NULL), '{}') AS kinds"
        " FROM messages m LEFT JOIN replies r ON r.message_id = m.id GROUP BY m.id"
    )
    return {
        row["key_digest"]: OnRecord(
            id=row["id"], conversation=row["conversation"], settled=row["settled"], kinds=tuple(row["kinds"])
        )
        for row in rows
    }


async def _tickets(connection: Connection) -> dict[str, list[Registered]]:
    rows = await connection.fetch(
        "SELECT number, conversation, kind, sequence FROM tickets ORDER BY filed_at"
    )
    by_conversation: defaultdict[str, list[Registered]] = defaultdict(list)
    for row in rows:
        by_conversation[row["conversation"]].append(
            Registered(number=row["number"], kind=row["kind"], sequence=row["sequence"])
        )
    return dict(by_conversation)


async def _effects(connection: Connection, told: Mapping[str, Sequence[Arrival]]) -> list[str]:
    row = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE kind = 'event') AS events,"
        " count(*) FILTER (WHERE done_at IS NULL) AS undone,"
        " count(*) FILTER (WHERE gave_up_at IS NOT NULL) AS gave_up FROM effects"
    )
    assert row is not None
    arrived = sum(map(len, told.values()))
    found = [f"{row[name]} effects {name}" for name in ("undone", "gave_up") if row[name]]
    if row["events"] != arrived:
        found.append(f"{row['events']} events were owed, {arrived} arrived")
    return found


def logged_wrong(logged: Mapping[str, int]) -> list[str]:
    """Return what the logs hold that they never should."""
    return [f"logged {logged[event]} times: {event}" for event in NEVER_LOGGED if logged.get(event)]


async def asked_again(citizens: Sequence[Citizen], gateways: Sequence[str]) -> None:
    """Let every citizen whose channel allows it ask for every reply once more, at every gateway."""
    gate = asyncio.Semaphore(16)

    async def again(citizen: Citizen, index: int, gateway: str) -> None:
        statuses: list[int] = []
        async with gate:
            for _ in range(ASKED_AGAIN):  # a busy machine may answer that it still waits for what is there
                outcome = await citizen.ask(citizen.said[index], gateway, patience=30)
                if outcome.settled:
                    return
                statuses.append(outcome.status)
        citizen.complain(index, f"asked again when all was quiet, it was not settled ({statuses})")

    await asyncio.gather(
        *(
            again(citizen, index, gateway)
            for citizen in citizens
            if citizen.line.asks_again
            for index in range(len(citizen.said))
            for gateway in gateways
        )
    )
