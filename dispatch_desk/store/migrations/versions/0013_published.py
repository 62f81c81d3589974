"""Whose name and telephone a unit lets be published; the latest steps of a name are found at once."""

from groundwork.database import run_script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SCHEMA = """
ALTER TABLE unit_people ADD COLUMN published boolean NOT NULL DEFAULT false;
CREATE INDEX case_steps_latest ON case_steps (step, at DESC);
"""


def upgrade() -> None:
    """Add it; nobody is published unasked."""
    run_script(SCHEMA)
