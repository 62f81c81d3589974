"""Conversations in which a person was asked for: who has taken one, and until when it is theirs."""

from groundwork.database import run_script

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE callbacks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city text NOT NULL,
    conversation text NOT NULL,
    channel text NOT NULL,
    sender text NOT NULL,
    asked_at timestamptz NOT NULL,
    urgent boolean NOT NULL,  -- danger was told in the same conversation
    taken_by bigint REFERENCES staff_accounts,
    taken_at timestamptz,
    spoke_at timestamptz,  -- when whoever has taken it last wrote to the citizen
    closed_by bigint REFERENCES staff_accounts,
    closed_at timestamptz,
    CHECK ((taken_by IS NULL) = (taken_at IS NULL)),
    CHECK (spoke_at IS NULL OR taken_at IS NOT NULL),
    CHECK ((closed_by IS NULL) = (closed_at IS NULL))
);
CREATE UNIQUE INDEX callbacks_of ON callbacks (conversation) WHERE closed_at IS NULL;
CREATE INDEX callbacks_open ON callbacks (city, urgent DESC, asked_at) WHERE closed_at IS NULL;
ALTER TABLE tickets ADD COLUMN callback bigint REFERENCES callbacks;
CREATE INDEX tickets_to_call ON tickets (callback, filed_at) WHERE callback IS NOT NULL;
"""


def upgrade() -> None:
    run_script(TABLES)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
