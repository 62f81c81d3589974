"""Replies carry the order in which they were settled, so that a reader who was away is told all of them, once."""

from groundwork.database import run_script

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Not the order of messages: one that was admitted earlier may be on record later. A conversation is settled by one
# transaction at a time, so that within it a higher number is never seen before a lower one.
IN_ORDER = """
ALTER TABLE replies ADD COLUMN sequence bigint;
UPDATE replies SET sequence = ordered.sequence FROM (
    SELECT id, row_number() OVER (ORDER BY message_id, position) AS sequence FROM replies
) ordered WHERE ordered.id = replies.id;
ALTER TABLE replies ALTER COLUMN sequence SET NOT NULL;
ALTER TABLE replies ALTER COLUMN sequence ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('replies', 'sequence'), coalesce(max(sequence), 0) + 1, false) FROM replies;
"""


def upgrade() -> None:
    """Say so."""
    run_script(IN_ORDER)
