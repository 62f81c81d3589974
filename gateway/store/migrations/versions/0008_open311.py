"""Tickets listed for everybody, newest first; confidential ones are not among them."""

from groundwork.database import run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE tickets ADD COLUMN confidential boolean NOT NULL DEFAULT false;  -- of before: only the body tells
CREATE INDEX tickets_listed ON tickets (city, filed_at DESC, number) WHERE NOT confidential;
"""


def upgrade() -> None:
    run_script(COLUMNS)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
