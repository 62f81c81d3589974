"""Tables of staff accounts; each program's migrations make them in its own database."""

#: As the desk's first migration makes them; changes go below.
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

#: Unit scope, one-time passwords, second factor, listed sessions, sign-in through another provider.
SECOND_FORM = """
ALTER TABLE staff_accounts
    ADD COLUMN unit text NOT NULL DEFAULT '',  -- whose tickets an account with the role unit sees; none without one
    ADD COLUMN one_time_until timestamptz,  -- the password must be changed at the first sign-in, before this moment
    ADD COLUMN signed_in_at timestamptz,
    ADD COLUMN totp_secret bytea,  -- sealed
    ADD COLUMN totp_offered bytea,  -- sealed; not confirmed by a first code yet
    ADD COLUMN totp_step bigint NOT NULL DEFAULT 0,  -- of the last code that was taken: none is taken twice
    ADD COLUMN provider_digest bytea UNIQUE;  -- issuer and subject of an OpenID provider
ALTER TABLE staff_sessions
    ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN seen_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN stage text NOT NULL DEFAULT 'open' CHECK (stage IN ('open', 'code', 'password', 'factor')),
    ADD COLUMN address bytea;  -- sealed; shown to its owner
CREATE INDEX staff_sessions_of ON staff_sessions (account_id);
CREATE TABLE staff_recovery_codes (
    account_id bigint NOT NULL REFERENCES staff_accounts ON DELETE CASCADE,
    digest bytea NOT NULL,
    PRIMARY KEY (account_id, digest)  -- a code that was used is gone
);
"""

#: Leaders, with the whole city's cases or with those of the body that is named.
LEADERS = """
ALTER TABLE staff_accounts DROP CONSTRAINT staff_accounts_role_check,
    ADD CONSTRAINT staff_accounts_role_check
        CHECK (role IN ('editor', 'reviewer', 'dispatcher', 'unit', 'leader', 'admin'));
"""

#: column and purpose, for the migrations' ``sealed_with_comments``
SEALED = {
    "staff_accounts.totp_secret": "staff.totp:{id}",
    "staff_accounts.totp_offered": "staff.totp:{id}",
    "staff_sessions.address": "staff.session_address",
}
