"""Cases may be closed."""

from groundwork.database import run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SCHEMA = """
ALTER TABLE cases DROP CONSTRAINT cases_state_check,
    ADD CONSTRAINT cases_state_check CHECK (state IN ('received', 'signed', 'replied', 'closed'));
"""


def upgrade() -> None:
    """Add them."""
    run_script(SCHEMA)
