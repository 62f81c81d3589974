"""Whom each unit has on file; who they are is sealed."""

from groundwork.database import run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE unit_people (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text NOT NULL,
    role text NOT NULL,
    person bytea NOT NULL,  -- sealed: name and phone
    digest bytea NOT NULL,  -- of unit, role and name: nobody stands there twice
    noted_at timestamptz NOT NULL,
    UNIQUE (unit, role, digest)
);
"""


def upgrade() -> None:
    """Add them."""
    run_script(SCHEMA)
