"""Every step taken on a case, so that figures, limits and marks can be reckoned from it."""

from groundwork.database import run_script
from groundwork.rotation import sealed_with_comments

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE case_steps (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL,
    step text NOT NULL,
    unit text NOT NULL,
    account_id bigint,  -- none where the petitioner or the clock took it
    at timestamptz NOT NULL,
    data bytea NOT NULL  -- sealed: what the form held
);
CREATE INDEX case_steps_of ON case_steps (number, id);
CREATE INDEX case_steps_in_time ON case_steps (at, step);
"""
SEALED = {"case_steps.data": "desk.case_steps:{number}"}


def upgrade() -> None:
    """Add them."""
    run_script(SCHEMA + sealed_with_comments(SEALED))
