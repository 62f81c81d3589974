"""People found by digests of their names and numbers, tokens in their place, and who asked to unseal them."""

from groundwork.database import run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE tickets ADD COLUMN person text UNIQUE;  -- token; tickets of before have none

CREATE TABLE ticket_people (
    number text NOT NULL REFERENCES tickets,
    field text NOT NULL,
    digest bytea NOT NULL,  -- keyed
    PRIMARY KEY (number, field)
);
CREATE INDEX ticket_people_by ON ticket_people (field, digest);

CREATE TABLE unsealings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL REFERENCES tickets,
    why text NOT NULL,
    asked_by bigint NOT NULL REFERENCES staff_accounts,
    asked_at timestamptz NOT NULL,
    decided_by bigint REFERENCES staff_accounts,
    decided_at timestamptz,
    granted boolean NOT NULL DEFAULT false,
    CHECK (decided_by <> asked_by),  -- nobody alone
    CHECK ((decided_by IS NULL) = (decided_at IS NULL)),
    CHECK (NOT granted OR decided_by IS NOT NULL)
);
CREATE INDEX unsealings_open ON unsealings (asked_at) WHERE decided_by IS NULL;
"""


def upgrade() -> None:
    run_script(TABLES)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
