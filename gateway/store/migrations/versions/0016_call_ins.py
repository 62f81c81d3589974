"""Days on which leaders take calls: announced ahead, with what was taken on them."""

from groundwork.database import run_script

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE call_ins (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city text NOT NULL,
    day date NOT NULL,
    first time NOT NULL,
    last time NOT NULL,
    leader text NOT NULL,  -- announced to everybody, so in the clear
    place text NOT NULL,
    announced_at timestamptz NOT NULL,
    taken_back_at timestamptz,
    calls integer,  -- how many were taken
    tickets text[] NOT NULL DEFAULT '{}'  -- numbers of what was filed of them
);
CREATE INDEX call_ins_latest ON call_ins (city, day DESC, id DESC);
"""


def upgrade() -> None:
    """Make room for them."""
    run_script(TABLES)


def downgrade() -> None:
    """Refuse: what was announced stays on record."""
    raise NotImplementedError("records of the state are not dropped by a command")
