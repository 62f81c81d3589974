"""Papers of the centre and of units, what they are counted from, and who confirmed an entry of the score."""

from groundwork.database import run_script
from groundwork.rotation import sealed_with_comments

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SCHEMA = """
ALTER TABLE case_facts ADD COLUMN area text NOT NULL DEFAULT '', ADD COLUMN topic text NOT NULL DEFAULT '',
    ADD COLUMN related text[] NOT NULL DEFAULT '{}';
ALTER TABLE report_entries ADD COLUMN confirmation bytea;  -- sealed: by whom or by which paper; none: not confirmed
CREATE TABLE papers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule text NOT NULL,  -- of the city's file
    period text NOT NULL,  -- as hotline.periods names it
    unit text NOT NULL,  -- whose paper it is; empty for the centre
    state text NOT NULL CHECK (state IN ('draft', 'approved')),
    account_id bigint NOT NULL,  -- who wrote it last
    at timestamptz NOT NULL,  -- of the last change
    body bytea NOT NULL  -- sealed: words, chosen cases, who approved, the figures once they are frozen
);
CREATE INDEX papers_latest ON papers (id DESC);
CREATE INDEX papers_of ON papers (unit, id DESC);
CREATE TABLE paper_steps (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    paper bigint NOT NULL REFERENCES papers (id),
    step text NOT NULL CHECK (step IN ('sent', 'read', 'published', 'withdrawn')),
    account_id bigint NOT NULL,
    unit text NOT NULL,  -- whose account it was; empty for the centre
    at timestamptz NOT NULL,
    said bytea NOT NULL  -- sealed: to whom, or who read it
);
CREATE INDEX paper_steps_of ON paper_steps (paper, id);
"""
SEALED = {
    "report_entries.confirmation": "desk.report_entries",
    "papers.body": "desk.papers",
    "paper_steps.said": "desk.paper_steps",
}


def upgrade() -> None:
    """Add them."""
    run_script(SCHEMA + sealed_with_comments(SEALED))
