"""What the dispatch centre publishes of its work."""

from groundwork.database import run_script

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE notices (
    city text NOT NULL,
    id text NOT NULL,
    sequence bigint NOT NULL,  -- a later word about the same notice has a higher one
    at timestamptz NOT NULL,
    withdrawn boolean NOT NULL,
    body jsonb NOT NULL,  -- public: words and counts, no case and no person
    PRIMARY KEY (city, id)
);
CREATE INDEX notices_shown ON notices (city, at DESC) WHERE NOT withdrawn;
"""


def upgrade() -> None:
    run_script(TABLES)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
