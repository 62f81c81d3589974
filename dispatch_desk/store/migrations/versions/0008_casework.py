"""Which other units handle a case together with its lead, so that they see it; and cases that are closed."""

from groundwork.database import run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SCHEMA = """
ALTER TABLE cases ADD COLUMN co_handlers text[],  -- filled from the sealed record when the desk starts
    DROP CONSTRAINT cases_state_check,
    ADD CONSTRAINT cases_state_check CHECK (state IN ('received', 'signed', 'replied', 'closed'));
CREATE INDEX cases_of_helpers ON cases USING gin (co_handlers);
"""


def upgrade() -> None:
    """Add them."""
    run_script(SCHEMA)
