"""What was told about tickets by text message, and which texts asked for a grade."""

from groundwork.database import run_script

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE texts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city text NOT NULL,
    number text NOT NULL REFERENCES tickets (number),
    conversation text NOT NULL,  -- pseudonym of the telephone; what was said stands in its conversation
    event text NOT NULL,
    asks boolean NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX texts_asking ON texts (conversation, id DESC) WHERE asks;
CREATE INDEX texts_of ON texts (number);
"""


def upgrade() -> None:
    run_script(TABLES)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
