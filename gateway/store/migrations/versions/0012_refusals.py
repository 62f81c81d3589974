"""Which rule had refused a matter that a person was asked to look at again."""

from groundwork.database import run_script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMN = """
ALTER TABLE tickets ADD COLUMN refused_by text;  -- id of the scope rule; null for what was never refused
CREATE INDEX tickets_refused ON tickets (filed_at) WHERE refused_by IS NOT NULL;
"""


def upgrade() -> None:
    """Add it."""
    run_script(COLUMN)
