from groundwork.database import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE recipients (  -- citizens of channels that push
    sender text PRIMARY KEY,
    channel text NOT NULL,
    address bytea NOT NULL,  -- sealed: the platform's name for the citizen
    allowance jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE deliveries (  -- the replies to one message, to be pushed
    message_id bigint PRIMARY KEY REFERENCES messages,
    conversation text NOT NULL,
    sender text NOT NULL REFERENCES recipients,
    channel text NOT NULL,
    parts_sent integer NOT NULL DEFAULT 0,
    answered boolean NOT NULL DEFAULT false,  -- went out as the answer to the push itself
    leased_until timestamptz,
    kept_at timestamptz,  -- nothing may be sent now; shown first when the citizen next writes
    done_at timestamptz
);
CREATE INDEX deliveries_of ON deliveries (conversation, message_id);

CREATE TABLE attachments (
    id text PRIMARY KEY,
    owner text NOT NULL,
    name bytea NOT NULL,  -- sealed: names of files tell who people are
    type text NOT NULL,
    size bigint NOT NULL,
    digest text NOT NULL,  -- keyed; the name of the encrypted file
    state text NOT NULL DEFAULT 'kept',  -- kept, awaited (still with the platform), or why it was refused
    reference bytea,  -- sealed: the platform's name for what is awaited
    message_id bigint REFERENCES messages,  -- the first message that names it; without one it is swept
    made_at timestamptz NOT NULL
);
CREATE INDEX attachments_unnamed ON attachments (made_at) WHERE message_id IS NULL;
CREATE INDEX attachments_files ON attachments (digest);

CREATE TABLE letters (  -- the ledger of the mailbox: every letter, answered and refused ones too
    number text PRIMARY KEY,
    city text NOT NULL,
    message_id bigint NOT NULL UNIQUE REFERENCES messages,
    conversation text NOT NULL,
    outcome text NOT NULL,  -- ticket, answered or refused
    received_at timestamptz NOT NULL,
    query_code bytea NOT NULL,
    code_digest bytea NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX letters_of ON letters (city, received_at);
"""


def upgrade() -> None:
    run_script(TABLES)


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
