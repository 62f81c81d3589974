"""Which columns are sealed, and for what: ``huying keys`` goes by it."""

from groundwork import outbox
from groundwork.database import run_script
from groundwork.rotation import sealed_with_comments
from staff import schema

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SEALED = {
    "messages.body": "messages.body",
    "conversations.state": "conversations.state",
    "replies.body": "replies.body",
    "tickets.query_code": "tickets.query_code",
    "tickets.body": "tickets.body",
    "ticket_events.data": "ticket_events.data",
    "recipients.address": "recipients.address",
    "attachments.name": "attachments.name",
    "attachments.reference": "attachments.reference",
    "letters.query_code": "letters.query_code",
    "letters.body": "letters.body",
}


def upgrade() -> None:
    run_script(sealed_with_comments(SEALED | outbox.SEALED | schema.SEALED))


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
