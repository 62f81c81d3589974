"""Staff with units, one-time passwords and second factors; the audit log; cases that a unit can be shown."""

from groundwork import audit
from groundwork.database import run_script
from staff import schema

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

#: Older rows are filled by ``dispatch_desk migrate``, which has the key that their records are sealed with.
COLUMN = """
ALTER TABLE cases ADD COLUMN lead_unit text;
CREATE INDEX cases_of_unit ON cases (lead_unit);
"""


def upgrade() -> None:
    """Add them."""
    run_script(schema.SECOND_FORM)
    run_script(audit.SCHEMA)
    run_script(COLUMN)
