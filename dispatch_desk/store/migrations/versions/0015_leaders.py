"""Leaders have accounts and are shown what went up to them; answered cases of a topic are found at once."""

from groundwork.database import run_script
from staff.schema import LEADERS

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

SCHEMA = """
CREATE TABLE gone_up (
    number text NOT NULL,
    matter text NOT NULL,  -- the rule of the city's desk.yaml and, after a colon, its item
    told text[] NOT NULL,  -- as whom leaders are told
    at timestamptz NOT NULL,
    PRIMARY KEY (number, matter)
);
CREATE INDEX gone_up_latest ON gone_up (at DESC);
CREATE INDEX case_facts_of_topic ON case_facts (topic, filed_at DESC);
"""


def upgrade() -> None:
    """Let them in."""
    run_script(LEADERS + SCHEMA)
