"""Opinion polls and their answers."""

from groundwork.database import run_script

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE polls (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city text NOT NULL,
    first date NOT NULL,
    last date NOT NULL,
    at timestamptz NOT NULL,
    account_id bigint REFERENCES staff_accounts,  -- who began it
    body jsonb NOT NULL  -- public: question, options, areas, groups
);
CREATE INDEX polls_latest ON polls (city, id DESC);
CREATE TABLE poll_answers (
    poll bigint NOT NULL REFERENCES polls (id),
    voter bytea NOT NULL,  -- keyed digest of a random cookie: tells one browser from another, nothing else
    option smallint NOT NULL,
    area text NOT NULL,
    people text NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (poll, voter)
);
"""


def upgrade() -> None:
    run_script(TABLES)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
