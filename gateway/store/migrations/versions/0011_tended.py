"""The queue of jobs is swept often, so that the next job is found at once however many there were."""

from groundwork.database import run_script
from groundwork.outbox import TENDED

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say so."""
    run_script(TENDED)
