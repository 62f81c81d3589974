"""When each unit was reminded of its articles."""

from groundwork.database import run_script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE article_reminders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city text NOT NULL,
    unit text NOT NULL,
    at timestamptz NOT NULL,
    account_id bigint REFERENCES staff_accounts,  -- none: by itself
    checking integer NOT NULL,  -- what waited then
    expiring integer NOT NULL,
    expired integer NOT NULL,
    low integer NOT NULL
);
CREATE INDEX article_reminders_of ON article_reminders (city, unit, at DESC);
"""


def upgrade() -> None:
    run_script(TABLES)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
