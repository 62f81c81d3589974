"""Events received, cases and what happened to them, owed effects, staff."""

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

from groundwork import outbox
from groundwork.database import run_script
from staff import schema as staff_schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE events_received (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key_digest bytea NOT NULL UNIQUE,  -- source, event id and subject together
    name text NOT NULL,
    subject text NOT NULL,
    sequence bigint NOT NULL,
    body bytea NOT NULL,
    received_at timestamptz NOT NULL,
    applied_at timestamptz
);
CREATE INDEX events_waiting ON events_received (subject, sequence) WHERE applied_at IS NULL;

CREATE TABLE cases (
    number text PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('received', 'signed')),
    urgent boolean NOT NULL,
    due_at timestamptz,  -- of what has to be done first
    record bytea NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX cases_by_due ON cases (urgent DESC, due_at, number);

CREATE TABLE case_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL REFERENCES cases,
    said_here boolean NOT NULL,  -- by this desk, not by the gateway
    name text NOT NULL,
    sequence bigint NOT NULL,
    at timestamptz NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX case_events_of ON case_events (number, at);
CREATE UNIQUE INDEX case_events_said_here ON case_events (number, sequence) WHERE said_here;
"""


def upgrade() -> None:
    """Make everything."""
    run_script(TABLES)
    run_script(outbox.SCHEMA)
    run_script(QueryBuilderEnvironment().build_install_query())
    run_script(staff_schema.SCHEMA)
