"""Replies of units, those held back too: how many were overruled is counted here."""

from groundwork.database import run_script
from groundwork.rotation import sealed_with_comments

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE replies (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('held', 'sent', 'overruled')),
    draft bytea NOT NULL,  -- sealed: the words, what was found in them, why they were sent all the same
    written_at timestamptz NOT NULL
);
ALTER TABLE cases DROP CONSTRAINT cases_state_check,
    ADD CONSTRAINT cases_state_check CHECK (state IN ('received', 'signed', 'replied'));
CREATE INDEX replies_of ON replies (number, id);
"""
SEALED = {"replies.draft": "desk.replies:{number}"}


def upgrade() -> None:
    """Add them."""
    run_script(SCHEMA + sealed_with_comments(SEALED))
