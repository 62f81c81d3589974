"""Questions that a unit is asked to write the answer to, and how many those were when it was reminded."""

from groundwork.database import run_script

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE unanswered_questions ADD COLUMN unit text NOT NULL DEFAULT '';  -- asked to write; outcome 'unit'
CREATE INDEX unanswered_questions_of_units ON unanswered_questions (city, unit) WHERE outcome = 'unit';
ALTER TABLE article_reminders ADD COLUMN asked integer NOT NULL DEFAULT 0;
"""


def upgrade() -> None:
    run_script(TABLES)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
