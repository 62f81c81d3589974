from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

from groundwork import outbox
from groundwork.database import run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- order of admission
    key_digest bytea NOT NULL UNIQUE,
    fingerprint bytea NOT NULL,
    city text NOT NULL,
    channel text NOT NULL,
    conversation text NOT NULL,
    sender text NOT NULL,
    received_at timestamptz NOT NULL,
    body bytea NOT NULL,
    claimed_until timestamptz NOT NULL,
    settled_at timestamptz
);
CREATE INDEX messages_pending ON messages (conversation, id) WHERE settled_at IS NULL;
CREATE INDEX messages_of ON messages (conversation, id);

CREATE TABLE conversations (
    id text PRIMARY KEY,
    city text NOT NULL,
    state bytea NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE replies (
    id uuid PRIMARY KEY,
    message_id bigint NOT NULL REFERENCES messages,
    position integer NOT NULL,
    kind text NOT NULL,
    body bytea NOT NULL,
    said_at timestamptz NOT NULL,
    UNIQUE (message_id, position)
);

CREATE TABLE tickets (
    number text PRIMARY KEY,
    city text NOT NULL,
    message_id bigint NOT NULL REFERENCES messages,
    conversation text NOT NULL,
    sender text NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL,
    class text,
    urgent boolean NOT NULL,
    lead_unit text NOT NULL,
    state text NOT NULL DEFAULT 'filed',
    filed_at timestamptz NOT NULL,
    sequence integer NOT NULL DEFAULT 1,  -- of the last event owed to the dispatch centre
    query_code bytea NOT NULL,
    code_digest bytea NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX tickets_of ON tickets (conversation, filed_at);

CREATE TABLE ticket_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number text NOT NULL REFERENCES tickets,
    event_digest bytea NOT NULL UNIQUE,
    source text NOT NULL,
    sequence integer NOT NULL,
    name text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    data bytea NOT NULL
);
CREATE INDEX ticket_events_of ON ticket_events (number, at, id);

CREATE TABLE articles (
    id text PRIMARY KEY,
    city text NOT NULL,
    version integer NOT NULL,
    status text NOT NULL,
    body jsonb NOT NULL,  -- words of the government, public
    updated_at timestamptz NOT NULL,
    change bigint NOT NULL
);
CREATE SEQUENCE article_changes;
CREATE UNIQUE INDEX articles_changed ON articles (change);
CREATE INDEX articles_of ON articles (city, status);

CREATE TABLE article_versions (
    article_id text NOT NULL REFERENCES articles,
    version integer NOT NULL,
    body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (article_id, version)
);
"""


def upgrade() -> None:
    run_script(TABLES)
    run_script(outbox.SCHEMA)
    run_script(QueryBuilderEnvironment().build_install_query())


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
