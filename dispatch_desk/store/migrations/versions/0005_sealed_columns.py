"""Which columns are sealed, and for what: ``huying keys`` goes by it."""

from groundwork import outbox
from groundwork.database import run_script
from groundwork.rotation import sealed_with_comments
from staff import schema

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SEALED = {
    "events_received.body": "desk.events",
    "cases.record": "desk.cases:{number}",
    "case_events.body": "desk.case_events:{number}",
    "unit_people.person": "desk.unit_people",
}


def upgrade() -> None:
    """Note it."""
    run_script(sealed_with_comments(SEALED | outbox.SEALED | schema.SEALED))
