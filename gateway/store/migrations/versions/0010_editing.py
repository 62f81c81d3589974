"""Working copies of articles on their way through review, what was done to them, and what citizens asked and thought."""

from groundwork.database import run_script
from groundwork.rotation import sealed_with_comments

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE article_drafts (
    article_id text PRIMARY KEY,
    city text NOT NULL,
    stage text NOT NULL,
    body jsonb NOT NULL,  -- not published: shown to staff alone
    unit text NOT NULL,
    base integer NOT NULL,  -- the version on record that it was begun from; 0: none
    revision integer NOT NULL,  -- counts what was written; a form that was filled in over an older one is refused
    authors bigint[] NOT NULL,  -- everyone who wrote in it
    checked_by bigint REFERENCES staff_accounts,
    remark text NOT NULL DEFAULT '',
    since timestamptz NOT NULL,  -- when it came to this stage
    edited_at timestamptz NOT NULL
);
CREATE INDEX article_drafts_of ON article_drafts (city, stage, since);

CREATE TABLE article_steps (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    article_id text NOT NULL,
    version integer NOT NULL,  -- that the step led to, or was about
    step text NOT NULL,
    account_id bigint REFERENCES staff_accounts,  -- none: a command or program
    at timestamptz NOT NULL,
    remark text NOT NULL DEFAULT ''
);
CREATE INDEX article_steps_of ON article_steps (article_id, id);

CREATE TABLE golden_questions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city text NOT NULL,
    question text NOT NULL,
    article_id text,  -- that must answer it; none: nothing may
    added_by bigint REFERENCES staff_accounts,
    added_at timestamptz NOT NULL,
    UNIQUE (city, question)
);

CREATE TABLE article_uses (
    article_id text NOT NULL,
    day date NOT NULL,
    answered integer NOT NULL DEFAULT 0,
    solved integer NOT NULL DEFAULT 0,
    unsolved integer NOT NULL DEFAULT 0,
    PRIMARY KEY (article_id, day)
);

CREATE TABLE unanswered_questions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,  -- of the message: deciding it twice asks it once
    city text NOT NULL,
    at timestamptz NOT NULL,
    body bytea NOT NULL,  -- without what tells who asked
    outcome text NOT NULL DEFAULT ''
);
CREATE INDEX unanswered_questions_open ON unanswered_questions (city, at) WHERE outcome = '';

CREATE TABLE article_corrections (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city text NOT NULL,
    article_id text NOT NULL,
    version integer NOT NULL,
    account_id bigint REFERENCES staff_accounts,  -- none: a citizen
    at timestamptz NOT NULL,
    body bytea NOT NULL,
    closed_at timestamptz,
    closed_by bigint REFERENCES staff_accounts
);
CREATE INDEX article_corrections_open ON article_corrections (city, at) WHERE closed_at IS NULL;

-- An article that was never published is a working copy from now on.
INSERT INTO article_drafts (article_id, city, stage, body, unit, base, revision, authors, since, edited_at)
    SELECT id, city, 'draft', body, coalesce(body->>'unit', ''), 0, 1, '{}', updated_at, updated_at
    FROM articles WHERE status = 'draft';
"""
SEALED = {"unanswered_questions.body": "unanswered", "article_corrections.body": "correction"}


def upgrade() -> None:
    run_script(TABLES + sealed_with_comments(SEALED))


def downgrade() -> None:
    raise NotImplementedError("records of the state are not dropped by a command")
