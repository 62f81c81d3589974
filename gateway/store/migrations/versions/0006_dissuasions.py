"""When somebody was talked out of what the city's text forbids, where the text has that recorded."""

from groundwork.database import run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE dissuasions (
    message_id bigint PRIMARY KEY REFERENCES messages,  -- what was said stays sealed there
    city text NOT NULL,
    at timestamptz NOT NULL,
    misconduct text NOT NULL,  -- id of the city's rule
    tickets text[] NOT NULL  -- of the same conversation, by then
);
CREATE INDEX dissuasions_latest ON dissuasions (city, at);
"""


def upgrade() -> None:
    run_script(TABLES)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
