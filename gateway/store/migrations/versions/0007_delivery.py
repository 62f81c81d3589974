"""What the centre fetches by itself, how the link to it stands, and the receipts of filings."""

from groundwork.database import run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE dispatch_feed (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    effect_id bigint NOT NULL UNIQUE,
    number text NOT NULL,
    position bigint UNIQUE  -- in the order in which a reader finds it; given when somebody first reads that far
);
CREATE INDEX dispatch_feed_new ON dispatch_feed (id) WHERE position IS NULL;
CREATE INDEX dispatch_feed_of ON dispatch_feed (number, id);
INSERT INTO dispatch_feed (effect_id, number)
    SELECT e.id, t.number FROM effects e JOIN tickets t ON e.lane = 'ticket:' || t.number
    WHERE e.kind = 'event' ORDER BY e.id;

CREATE TABLE dispatch_link (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    worked_at timestamptz,
    failing_since timestamptz,  -- the first failure after which nothing arrived
    failures integer NOT NULL DEFAULT 0,
    last_error text,
    hold_until timestamptz,  -- the centre asked to be left alone (Retry-After)
    disabled_at timestamptz,  -- the centre wants nothing more (410)
    recovered_at timestamptz  -- it was down and is not any more; what waits is to be tried at once
);
INSERT INTO dispatch_link DEFAULT VALUES;

CREATE TABLE receipts (
    sequence bigint PRIMARY KEY,  -- 1, 2, 3 … without gaps
    number text NOT NULL,
    at timestamptz NOT NULL,
    digest bytea NOT NULL,  -- of the ticket as filed
    previous bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX receipts_of ON receipts (number);
CREATE FUNCTION receipts_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'receipts are only ever added to' USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;
CREATE TRIGGER receipts_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON receipts
    FOR EACH STATEMENT EXECUTE FUNCTION receipts_refuse();
ALTER TABLE receipts ENABLE ALWAYS TRIGGER receipts_stay;
"""


def upgrade() -> None:
    run_script(TABLES)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
