"""Who saw or changed what, why, when and from where: only ever added to, each entry chained to the one before."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from groundwork.clock import Clock
from groundwork.database import Connection, lock
from groundwork.vault import Vault

SCHEMA = """
CREATE TABLE audit_log (
    sequence bigint PRIMARY KEY,  -- 1, 2, 3 … without gaps
    at timestamptz NOT NULL,
    via text NOT NULL,
    account_id bigint,  -- who; none when a program or a command did it, or nobody had signed in
    action text NOT NULL,
    kind text NOT NULL,  -- to what
    subject text NOT NULL,
    why text NOT NULL,
    address bytea,  -- from where, as a digest
    previous bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE INDEX audit_log_of ON audit_log (kind, subject, sequence);
CREATE FUNCTION audit_log_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to' USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;
CREATE TRIGGER audit_log_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuses();
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_stays;  -- replicas' sessions may not skip it either
"""
MAX_WORDS = 200  #: characters of subject and reason
_LOCK = "audit"


class Action(StrEnum):
    """Everything that leaves an entry."""

    SIGNED_IN = "staff.signed_in"
    SIGN_IN_FAILED = "staff.sign_in_failed"
    LOCKED_OUT = "staff.locked_out"
    SIGNED_OUT = "staff.signed_out"
    SESSIONS_ENDED = "staff.sessions_ended"
    PASSWORD_CHANGED = "staff.password_changed"  # noqa: S105 - the name of an act
    FACTOR_SET = "staff.factor_set"
    FACTOR_REMOVED = "staff.factor_removed"
    RECOVERY_CODE_USED = "staff.recovery_code_used"
    ACCOUNT_MADE = "account.made"
    ACCOUNT_LOCKED = "account.locked"
    ACCOUNT_UNLOCKED = "account.unlocked"
    ACCOUNT_RESET = "account.reset"
    ACCOUNT_CHANGED = "account.changed"
    PERSON_SEEN = "person.seen"
    FILE_SEEN = "file.seen"
    PERSON_SOUGHT = "person.sought"
    UNSEALING_ASKED = "unsealing.asked"
    UNSEALING_GRANTED = "unsealing.granted"
    UNSEALING_REFUSED = "unsealing.refused"
    CASE_SIGNED = "case.signed"
    CASE_STEP = "case.step"
    REPLY_SENT = "reply.sent"
    REPLY_HELD = "reply.held"
    REPLY_OVERRULED = "reply.overruled"
    REPEAT_MERGED = "repeat.merged"
    REPEAT_APART = "repeat.apart"
    REPEAT_PARTED = "repeat.parted"
    CALLBACK_SEEN = "callback.seen"
    CALLBACK_TAKEN = "callback.taken"
    CALLBACK_SAID = "callback.said"
    CALLBACK_CALLED = "callback.called"
    CALLBACK_RETURNED = "callback.returned"
    CALLBACK_CLOSED = "callback.closed"
    PEOPLE_SEEN = "people.seen"
    PEOPLE_CHANGED = "people.changed"
    CALL_IN_KEPT = "call_in.kept"
    SCORE_ENTERED = "score.entered"
    SCORE_WITHDRAWN = "score.withdrawn"
    SCORE_CONFIRMED = "score.confirmed"
    POLL_BEGUN = "poll.begun"
    PAPER_WRITTEN = "paper.written"
    PAPER_APPROVED = "paper.approved"
    PAPER_STEP = "paper.step"
    ARTICLE_RECORDED = "article.recorded"
    ARTICLES_IMPORTED = "articles.imported"
    ARTICLE_STEP = "article.step"
    GOLDEN_CHANGED = "golden.changed"
    EFFECT_GAVE_UP = "effect.gave_up"
    EFFECT_RETRIED = "effect.retried"
    EFFECT_ABANDONED = "effect.abandoned"
    DISPATCH_DISABLED = "dispatch.disabled"
    DISPATCH_ENABLED = "dispatch.enabled"
    KEYS_ROTATED = "keys.rotated"


class Via(StrEnum):
    """Which way somebody acted."""

    PAGE = "page"
    COMMAND = "command"
    PROGRAM = "program"


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Whose act it is."""

    via: Via
    account_id: int | None = None
    address: str | None = None


PROGRAM: Final = Author(via=Via.PROGRAM)
COMMAND: Final = Author(via=Via.COMMAND)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of the log; subject and reason are ids and codes, never anybody's words."""

    sequence: int
    at: datetime
    via: str
    account_id: int | None
    action: str
    kind: str
    subject: str
    why: str
    address: bytes | None
    previous: bytes
    hash: bytes


class Audit:
    """The log of one program, in its own database."""

    def __init__(self, vault: Vault, program: str, *, clock: Clock) -> None:
        self._vault, self._clock = vault, clock
        self._key = vault.derived(f"audit.{program}")
        self.genesis = hmac.new(self._key, b"genesis", hashlib.sha256).digest()

    async def note(
        self, connection: Connection, action: Action, kind: str, subject: str, *, by: Author, why: str = ""
    ) -> int:
        """Add an entry in the caller's transaction and return its number.

        The last statement of the transaction: the next entry of anybody waits until it ends.
        """
        if max(len(subject), len(why)) > MAX_WORDS:
            raise ValueError("an entry holds ids and codes, not texts")
        await lock(connection, _LOCK)
        last = await connection.fetchrow(
            "SELECT sequence, hash FROM audit_log ORDER BY sequence DESC LIMIT 1"
        )
        values: dict[str, Any] = {
            "sequence": last["sequence"] + 1 if last else 1,
            "at": self._clock().astimezone(UTC),
            "via": by.via.value,
            "account_id": by.account_id,
            "action": action.value,
            "kind": kind,
            "subject": subject,
            "why": why,
            "address": None if by.address is None else self.address_digest(by.address),
            "previous": last["hash"] if last else self.genesis,
        }
        values["hash"] = self.hash_of(values)
        await connection.execute(
            "INSERT INTO audit_log (sequence, at, via, account_id, action, kind, subject, why, address, previous,"
            " hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            *values.values(),
        )
        return int(values["sequence"])

    def address_digest(self, address: str) -> bytes:
        """Return what stands for an address: the same for the same, and not to be turned back."""
        return self._vault.digest(address, purpose="audit.address")[:16]

    def hash_of(self, values: Mapping[str, Any]) -> bytes:
        """Return the keyed hash over an entry's content and the hash before it."""
        content = [
            values["sequence"],
            values["at"].astimezone(UTC).isoformat(timespec="microseconds"),
            *(values[name] for name in ("via", "account_id", "action", "kind", "subject", "why")),
            None if values["address"] is None else values["address"].hex(),
        ]
        canonical = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
        return hmac.new(self._key, values["previous"] + canonical, hashlib.sha256).digest()

    def seal_of(self, text: str) -> str:
        """Return the keyed hash of an anchor's line."""
        return hmac.new(self._key, b"anchor" + text.encode(), hashlib.sha256).hexdigest()


async def page(connection: Connection, *, before: int | None, limit: int) -> list[Entry]:
    """Return the newest entries, or those before number ``before``."""
    rows = await connection.fetch(
        "SELECT * FROM audit_log WHERE $1::bigint IS NULL OR sequence < $1 ORDER BY sequence DESC LIMIT $2",
        before,
        limit,
    )
    return [Entry(**dict(row)) for row in rows]
