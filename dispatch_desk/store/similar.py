"""Answered cases about the topic of another one, the newest first; none that is confidential, people masked."""

from dispatch_desk.cases import Case
from dispatch_desk.store.cases import opened
from groundwork.database import Connection
from groundwork.vault import Vault
from hotline.casework import Stage

_ANSWERED = (Stage.REPLIED, Stage.FOLLOWED_UP, Stage.CLOSED)
_LOOKED_THROUGH = 1000
_OF_TOPIC = "SELECT number FROM case_facts WHERE topic = $1 ORDER BY filed_at DESC LIMIT $5"
_OF_UNIT = "SELECT number FROM case_units WHERE unit = $6 ORDER BY received_at DESC, number DESC LIMIT $5"


async def answered(
    connection: Connection, vault: Vault, case: Case, *, unit: str | None, limit: int
) -> list[Case]:
    """Return at most ``limit`` of them; with ``unit`` given only cases that are shown to it."""
    looked, more = (_OF_TOPIC, []) if unit is None else (_OF_UNIT, [unit])
    rows = await connection.fetch(
        f"SELECT c.number, c.record FROM ({looked}) l JOIN cases c USING (number) JOIN case_facts f USING (number)"  # noqa: S608 - ours
        " WHERE f.topic = $1 AND c.number <> $2 AND c.state = ANY($3) AND NOT c.confidential"
        " ORDER BY c.received_at DESC, c.number DESC LIMIT $4",
        case.topic, case.number, [state.value for state in _ANSWERED], limit, _LOOKED_THROUGH, *more,
    )  # fmt: skip
    return [opened(vault, row["number"], row["record"], known=False) for row in rows]
