"""The order of the list: danger that nobody signed yet, the newest first; then what is due first."""

from groundwork.database import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEX = """
DROP INDEX cases_by_due;
CREATE INDEX cases_in_order ON cases (
    (urgent AND state = 'received') DESC,
    (CASE WHEN (urgent AND state = 'received') THEN received_at END) DESC NULLS LAST,
    due_at,
    number
);
"""


def upgrade() -> None:
    """Replace the index that the list is read by."""
    run_script(INDEX)
