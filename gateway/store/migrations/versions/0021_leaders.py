"""Leaders have accounts at the dispatch desk; the tables of both programs take the same roles."""

from groundwork.database import run_script
from staff.schema import LEADERS

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let them in."""
    run_script(LEADERS)
