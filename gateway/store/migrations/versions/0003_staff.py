from groundwork import audit
from groundwork.database import run_script
from staff import schema

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(schema.SCHEMA)
    run_script(schema.SECOND_FORM)
    run_script(audit.SCHEMA)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
