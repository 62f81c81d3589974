"""What the inbox is sorted, filtered and counted by, beside the sealed record; who is on duty on which day."""

from groundwork.database import run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

#: The record moves out of the row, so that what lists read lies close together. Rows of before are filled by
#: ``dispatch_desk migrate``, which has the key that their records are sealed with.
COLUMNS = """
ALTER TABLE cases ALTER COLUMN record SET STORAGE EXTERNAL;
ALTER TABLE cases SET (toast_tuple_target = 128);
ALTER TABLE cases
    ADD COLUMN kind text,
    ADD COLUMN class text,
    ADD COLUMN channel text,
    ADD COLUMN confidential boolean,
    ADD COLUMN units text[],  -- the lead and its co-handlers: who is shown the case
    -- Microseconds since 1970: danger that nobody signed comes before all, the newest first; then what is due first.
    ADD COLUMN place bigint GENERATED ALWAYS AS (
        CASE WHEN urgent AND state = 'received'
            THEN -(extract(epoch FROM received_at - timestamptz '1970-01-01 00:00+00') * 1000000)::bigint
            ELSE coalesce((extract(epoch FROM due_at - timestamptz '1970-01-01 00:00+00') * 1000000)::bigint,
                          9223372036854775807)
        END
    ) STORED;
"""
INDEXES = """
DROP INDEX cases_in_order;
DROP INDEX cases_of_unit;
CREATE INDEX cases_in_order ON cases (place, number) INCLUDE (kind, class, channel, state, confidential, urgent);
CREATE INDEX cases_newest ON cases (received_at, number);
CREATE INDEX cases_by_due ON cases (due_at) INCLUDE (kind, class, channel, state, confidential, urgent) WHERE due_at IS NOT NULL;
CREATE INDEX cases_of_state ON cases (state, place, number) INCLUDE (kind, class, channel, confidential, urgent);
CREATE INDEX cases_of_kind ON cases (kind, place, number);
CREATE INDEX cases_of_class ON cases (class, place, number);
CREATE INDEX cases_of_channel ON cases (channel, place, number);
CREATE INDEX cases_confidential ON cases (place, number) WHERE confidential;
CREATE INDEX cases_urgent ON cases (place, number) WHERE urgent;
CREATE INDEX cases_by_number ON cases (number text_pattern_ops);
CREATE INDEX cases_by_end_of_number ON cases (reverse(number) text_pattern_ops);
"""
#: A line for each case and unit, so that a unit's list is read as quickly as the centre's; the trigger keeps it.
OF_UNITS = """
CREATE TABLE case_units (
    unit text NOT NULL,
    number text NOT NULL,
    place bigint NOT NULL,
    received_at timestamptz NOT NULL,
    due_at timestamptz,
    state text NOT NULL,
    kind text,
    class text,
    channel text,
    confidential boolean,
    urgent boolean NOT NULL,
    PRIMARY KEY (number, unit)
);
CREATE INDEX case_units_in_order ON case_units (unit, place, number)
    INCLUDE (kind, class, channel, state, confidential, urgent);
CREATE INDEX case_units_newest ON case_units (unit, received_at, number);
CREATE INDEX case_units_by_due ON case_units (unit, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX case_units_of_state ON case_units (unit, state, place, number);
CREATE FUNCTION cases_of_units() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM case_units;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM case_units WHERE number = OLD.number;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO case_units (unit, number, place, received_at, due_at, state, kind, class, channel, confidential, urgent)
        SELECT DISTINCT one, NEW.number, NEW.place, NEW.received_at, NEW.due_at, NEW.state, NEW.kind, NEW.class, NEW.channel,
               NEW.confidential, NEW.urgent
        FROM unnest(NEW.units) AS one;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER cases_of_units AFTER INSERT OR DELETE OR UPDATE OF state, urgent, due_at, units ON cases
    FOR EACH ROW EXECUTE FUNCTION cases_of_units();
CREATE TRIGGER cases_of_no_units AFTER TRUNCATE ON cases FOR EACH STATEMENT EXECUTE FUNCTION cases_of_units();
"""
#: Open lists hear of it when the transaction ends; the payload names the case and nothing of what it says.
NOTICES = """
CREATE FUNCTION cases_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('desk_cases', TG_OP || ' ' || NEW.number);
    RETURN NULL;
END
$$;
CREATE TRIGGER cases_tell AFTER INSERT OR UPDATE OF state, urgent, due_at, units ON cases
    FOR EACH ROW EXECUTE FUNCTION cases_tell();
"""
ROSTER = """
CREATE TABLE duty_roster (
    day date NOT NULL,
    person_id bigint NOT NULL REFERENCES unit_people ON DELETE CASCADE,
    PRIMARY KEY (day, person_id)
);
CREATE INDEX duty_roster_of ON duty_roster (person_id, day);
"""


def upgrade() -> None:
    """Add them."""
    run_script(COLUMNS + INDEXES + OF_UNITS + NOTICES + ROSTER)
