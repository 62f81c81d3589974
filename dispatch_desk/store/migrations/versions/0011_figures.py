"""What figures are reckoned from stands in the clear, beside the sealed cases; what people enter for a score."""

from groundwork.database import run_script
from groundwork.rotation import sealed_with_comments

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE case_facts (
    number text PRIMARY KEY,
    kind text NOT NULL,
    class text,
    channel text NOT NULL,
    assignment text NOT NULL,
    unit text NOT NULL,
    filed_at timestamptz NOT NULL,
    sign_at timestamptz,
    contact_at timestamptz,
    finish_at timestamptz
);
CREATE INDEX case_facts_filed ON case_facts (filed_at);
CREATE INDEX case_facts_sign ON case_facts (sign_at);
CREATE INDEX case_facts_contact ON case_facts (contact_at);
CREATE INDEX case_facts_finish ON case_facts (finish_at);
ALTER TABLE case_steps ADD COLUMN said text[] NOT NULL DEFAULT '{}';  -- codes alone, "satisfaction=4"
CREATE TABLE report_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit text NOT NULL,
    month date NOT NULL,  -- its first day
    rule text NOT NULL,
    item text NOT NULL,
    value numeric NOT NULL,
    reason bytea NOT NULL,  -- sealed
    account_id bigint,
    entered_at timestamptz NOT NULL,
    withdrawn_at timestamptz
);
CREATE INDEX report_entries_of ON report_entries (month, unit) WHERE withdrawn_at IS NULL;
"""
SEALED = {"report_entries.reason": "desk.report_entries"}


def upgrade() -> None:
    """Add them."""
    run_script(SCHEMA + sealed_with_comments(SEALED))
