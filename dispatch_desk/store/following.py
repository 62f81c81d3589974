"""Cases that a unit replied to, with their steps: whom to call, what was closed and waits for the archive."""

from collections.abc import Mapping, Sequence

from dispatch_desk.cases import Case
from dispatch_desk.store.cases import opened
from dispatch_desk.store.steps import of_cases
from groundwork.database import Connection
from groundwork.vault import Vault
from hotline.casework import Taken

Followed = Sequence[tuple[Case, Sequence[Taken]]]


async def replied(connection: Connection, vault: Vault, *, limit: int) -> Followed:
    """Return the cases whose petitioner's view is not known yet, what is due first on top; people are masked."""
    rows = await connection.fetch(
        "SELECT number, record FROM cases WHERE state = 'replied' ORDER BY due_at NULLS LAST, number LIMIT $1",
        limit,
    )
    found = [opened(vault, row["number"], row["record"], known=False) for row in rows]
    taken: Mapping[str, Sequence[Taken]] = await of_cases(connection, vault, [case.number for case in found])
    return [(case, taken.get(case.number, ())) for case in found]
