"""Whose name and telephone a unit lets be published, as the list of liaison officers is."""

from groundwork.database import run_script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SCHEMA = """
ALTER TABLE unit_people ADD COLUMN published boolean NOT NULL DEFAULT false;
"""


def upgrade() -> None:
    """Add it; nobody is published unasked."""
    run_script(SCHEMA)
