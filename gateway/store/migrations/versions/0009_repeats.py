"""Tickets that may be about one matter, and what people decided about it."""

from groundwork.database import run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE tickets ADD COLUMN compared_at timestamptz;  -- when it was looked for repeats
UPDATE tickets SET compared_at = filed_at;  -- what is there already is compared with, and not looked at again
CREATE INDEX tickets_to_compare ON tickets (filed_at) WHERE compared_at IS NULL;
CREATE INDEX tickets_recent ON tickets (city, lead_unit, filed_at);

CREATE TABLE repeats (
    number text NOT NULL REFERENCES tickets,  -- the later one
    main text NOT NULL REFERENCES tickets,
    same_person boolean NOT NULL,  -- linked and counted as an urge; nobody has to decide
    likeness real NOT NULL,
    same_place boolean NOT NULL,
    found_at timestamptz NOT NULL,
    merged boolean,  -- null: waits for a person
    decided_by bigint REFERENCES staff_accounts,
    decided_at timestamptz,
    PRIMARY KEY (number, main),
    CHECK (number <> main),
    CHECK ((merged IS NULL) = (decided_by IS NULL) AND (merged IS NULL) = (decided_at IS NULL)),
    CHECK (merged IS NULL OR NOT same_person)
);
CREATE UNIQUE INDEX repeats_merged ON repeats (number) WHERE merged;
CREATE INDEX repeats_of ON repeats (main) WHERE merged;
CREATE INDEX repeats_open ON repeats (found_at) WHERE merged IS NULL AND NOT same_person;

CREATE VIEW repeats_to_decide AS  -- neither is over, and neither stands under another one or over it
    SELECT r.number, r.main, r.likeness, r.same_place, r.found_at, l.city, l.body AS later_body, m.body AS main_body
    FROM repeats r JOIN tickets l ON l.number = r.number JOIN tickets m ON m.number = r.main
    WHERE r.merged IS NULL AND NOT r.same_person
        AND l.state NOT IN ('closed', 'withdrawn') AND m.state NOT IN ('closed', 'withdrawn')
        AND NOT EXISTS (SELECT FROM repeats o WHERE o.merged
            AND (o.number IN (r.number, r.main) OR o.main = r.number));
"""


def upgrade() -> None:
    run_script(TABLES)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
