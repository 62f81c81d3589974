"""What comes after a reply: cases that were followed up or closed, and the warnings before and after due moments."""

from groundwork.database import run_script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SCHEMA = """
ALTER TABLE cases DROP CONSTRAINT cases_state_check;
ALTER TABLE cases ADD CONSTRAINT cases_state_check
    CHECK (state IN ('received', 'signed', 'replied', 'followed_up', 'closed'));
CREATE INDEX cases_open ON cases (due_at, number) WHERE state <> 'closed';
CREATE TABLE due_warnings (
    number text NOT NULL,
    what text NOT NULL,  -- as hotline.deadlines.Due names it
    due_at timestamptz NOT NULL,
    phase text NOT NULL CHECK (phase IN ('before', 'after')),
    unit text NOT NULL,  -- whose officer on duty is warned
    at timestamptz NOT NULL,
    PRIMARY KEY (number, what, due_at, phase)
);
CREATE INDEX due_warnings_latest ON due_warnings (at DESC);
"""


def upgrade() -> None:
    """Make room for them."""
    run_script(SCHEMA)
