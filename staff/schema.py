"""Tables of staff accounts; each program's first migration makes them in its own database."""

SCHEMA = """
CREATE TABLE staff_accounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
    role text NOT NULL CHECK (role IN ('editor', 'reviewer', 'dispatcher', 'unit', 'admin')),
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz
);
CREATE TABLE staff_sessions (
    token_digest bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES staff_accounts ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX staff_sessions_expiry ON staff_sessions (expires_at);
CREATE TABLE staff_tries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject bytea NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX staff_tries_of ON staff_tries (subject, at);
CREATE INDEX staff_tries_age ON staff_tries (at);
"""
