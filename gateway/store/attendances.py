"""That a person was asked for in a conversation, and who has taken it, as the settling transaction sees it."""

from groundwork.database import Connection, lock
from hotline.conversation import Attendance
from hotline.message import InboundMessage
from hotline.ticket import Ticket


async def asked(connection: Connection, message: InboundMessage, ticket: Ticket) -> None:
    """Put a conversation before people where ``ticket``, filed from ``message``, asks for one; danger goes first."""
    if ticket.asks_person:
        await connection.execute(
            "INSERT INTO callbacks (city, conversation, channel, sender, asked_at, urgent) VALUES ($1, $2, $3, $4, $5,"
            " EXISTS (SELECT FROM tickets WHERE conversation = $2 AND urgent AND state <> ALL($6)))"
            " ON CONFLICT (conversation) WHERE closed_at IS NULL DO NOTHING",
            message.city, message.conversation, message.channel, message.sender, ticket.filed_at,
            ["closed", "withdrawn"],
        )  # fmt: skip
        await connection.execute(
            "UPDATE tickets SET callback = (SELECT id FROM callbacks WHERE conversation = $2 AND closed_at IS NULL)"
            " WHERE number = $1",
            ticket.number, message.conversation,
        )  # fmt: skip
    if ticket.urgent:
        await connection.execute(
            "UPDATE callbacks SET urgent = true WHERE conversation = $1 AND closed_at IS NULL",
            message.conversation,
        )


async def attendance_of(connection: Connection, conversation: str) -> Attendance | None:
    """Return the person who has taken ``conversation``; ``None`` where nobody has."""
    row = await connection.fetchrow(
        "SELECT taken_at, spoke_at FROM callbacks WHERE conversation = $1 AND closed_at IS NULL", conversation
    )
    if row is None or row["taken_at"] is None:
        return None
    return Attendance(since=row["taken_at"], spoke_at=row["spoke_at"])


async def hold(connection: Connection, conversation: str) -> None:
    """Let nobody else say or decide anything in ``conversation`` until the transaction ends."""
    await lock(connection, f"conversation:{conversation}")
