"""What reached the citizens on WeChat: passive answers and customer-service messages against the replies on record."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from gateway.store.deliveries import IMPORTANT
from gateway.store.ledger import REPLY
from groundwork.database import Connection
from groundwork.identities import open_record
from groundwork.vault import Vault
from hotline.records import from_record
from hotline.reply import Reply
from hotline.returning import Allowance
from tests.faults.citizens import Follower
from tests.faults.platform import Journal, Shown

NOTED_WITHIN = 10.0  #: seconds from sending to noting, at the longest; who dies or hangs in them sends twice
FREELY = 4  #: messages that are sent after somebody wrote, before only the outcome of a ticket is


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """The replies to one message."""

    words: tuple[str, ...]
    urgent: bool = False  #: a number to call overtakes everything
    important: bool = False  #: overtakes what is kept because hardly anything may be sent any more


@dataclass(slots=True)
class Reached:
    """How replies came to the citizens."""

    answers: int = 0  #: in the response to a push
    messages: int = 0  #: by customer-service message
    kept: int = (
        0  #: replies that could not be sent for a while, and were shown when their citizen wrote again
    )
    twice: int = 0
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.answers} answers, {self.messages} customer-service messages,"
            f" {self.kept} kept and shown later, {self.twice} said twice"
        )


async def kept(
    connection: Connection, vault: Vault, followers: Sequence[Follower], journal: Journal
) -> tuple[list[Follower], list[str]]:
    """Return who is still owed something, and what was kept though it could have been sent."""
    rows = await connection.fetch(
        "SELECT m.key_digest, d.kept_at, p.allowance,"
        " array(SELECT r.kind FROM replies r WHERE r.message_id = d.message_id) AS kinds"
        " FROM deliveries d JOIN messages m ON m.id = d.message_id JOIN recipients p ON p.sender = d.sender"
        " WHERE d.done_at IS NULL"
    )
    by_key = {digest: follower for follower in followers for digest in _digests(vault, follower)}
    waiting, found = dict[str, Follower](), list[str]()
    for row in rows:
        follower = by_key[row["key_digest"]]
        waiting[follower.name] = follower
        if row["kept_at"] is None:
            found.append(f"{follower.name}: owed a reply, and nobody is at it")
        allowance = from_record(Allowance, json.loads(row["allowance"]))
        important = not IMPORTANT.isdisjoint(row["kinds"])
        if allowance.choose(datetime.now(UTC), important=important) is not None:
            found.append(f"{follower.name}: a reply is kept that may be sent")
        if not _was_refused(follower, journal):
            found.append(f"{follower.name}: a reply is kept though the platform refused nothing")
    return [*waiting.values()], found


def _was_refused(follower: Follower, journal: Journal) -> bool:
    """Tell whether the platform refused something, or its count was used up, since the citizen last wrote."""
    openid = follower.line.openid
    wrote = max(journal.wrote[openid], default=0.0)
    sent = [*journal.shown[openid], *(Shown(at=at, content="") for at in journal.cut[openid])]
    return (
        any(at >= wrote for at in journal.refused[openid]) or sum(one.at >= wrote for one in sent) >= FREELY
    )


async def reached(
    report: Reached, connection: Connection, vault: Vault, followers: Sequence[Follower], journal: Journal,
    troubles: Sequence[tuple[float, float]],
) -> None:  # fmt: skip
    """Compare what every follower saw with what is on record; what was said twice must have a reason."""
    owed = await _owed(connection, vault)
    for follower in followers:
        openid = follower.line.openid
        mine = [owed[digest] for digest in _digests(vault, follower) if digest in owed]
        seen = sorted([*follower.line.answers, *journal.shown[openid]], key=lambda shown: shown.at)
        report.answers += len(follower.line.answers)
        report.messages += len(journal.shown[openid])
        reasons = [*((at, at) for at in journal.cut[openid]), *troubles]
        report.findings += [
            "\n  ".join([f"{follower.name} ({follower.habit}): {what}", *follower.trail, *map(str, seen)])
            for what in compared(mine, seen, short=_was_short(openid, journal))
        ]
        again = list(said_again(mine, seen))
        report.twice += len(again)
        report.findings += [
            f"{follower.name}: said twice without a reason: {word[:12]} at {at}"
            for word, at in again
            if not any(
                began <= one + NOTED_WITHIN and one <= ended + 1 for one in at for began, ended in reasons
            )
        ]
    over = journal.overdrawn
    report.findings += [f"{over} messages were sent for which there was no allowance"] * bool(over)


def _digests(vault: Vault, follower: Follower) -> list[bytes]:
    ids = [id for said in follower.said for id in (*said.given_up, said.id)]
    return [vault.digest(follower.line.key(id), purpose="messages.key") for id in ids]


async def _owed(connection: Connection, vault: Vault) -> Mapping[bytes, Owed]:
    rows = await connection.fetch(
        "SELECT m.key_digest, r.body FROM messages m JOIN replies r ON r.message_id = m.id"
        " WHERE m.channel = 'wechat' ORDER BY m.id, r.position"
    )
    said = defaultdict[bytes, list[Reply]](list)
    for row in rows:
        said[row["key_digest"]].append(
            from_record(Reply, open_record(vault, row["body"], purpose=REPLY, known=True))
        )
    return {
        key: Owed(
            words=tuple(_told(reply) for reply in replies),
            urgent=any(reply.kind == "emergency" for reply in replies),
            important=any(reply.kind in IMPORTANT for reply in replies),
        )
        for key, replies in said.items()
    }


def _told(reply: Reply) -> str:
    """Return the words that WeChat must show: a ticket's number, an answer's short form where it has one."""
    short = reply.sources[0].short if reply.kind == "answer" and reply.sources else ""
    return reply.ticket.number if reply.ticket else short or reply.text


def compared(mine: Sequence[Owed], seen: Sequence[Shown], *, short: bool = False) -> list[str]:
    """Return what never came, or came out of order; where messages were ``short``, what is important may overtake."""
    words = [word for owed in mine for word in owed.words]
    came = [word for _, word in _occurrences(words, seen)]
    if missing := Counter(words) - Counter(came):
        return [f"never shown: {word[:24]}" for word in missing]
    calm = [owed for owed in mine if not owed.urgent]
    lines = [[one for one in calm if one.important is which] for which in (True, False)] if short else [calm]
    if all(_in_order(line, came) for line in lines):
        return []
    return [f"out of order: {[word[:8] for word in came]}, not {[word[:8] for word in words]}"]


def _in_order(owed: Sequence[Owed], came: Sequence[str]) -> bool:
    rest = iter(came)
    return all(word in rest for one in owed for word in one.words)


def _was_short(openid: str, journal: Journal) -> bool:
    """Tell whether at some time hardly anything might be sent, because so much had been since the citizen wrote."""
    wrote = [*journal.wrote[openid], float("inf")]
    sent = [shown.at for shown in journal.shown[openid]]
    return any(sum(one <= at < next_ for at in sent) >= FREELY for one, next_ in pairwise(wrote))


def said_again(mine: Sequence[Owed], seen: Sequence[Shown]) -> list[tuple[str, list[float]]]:
    """Return what was shown more often than it was said, with the times at which it had been shown before."""
    words = Counter(word for owed in mine for word in owed.words)
    times = defaultdict[str, list[float]](list)
    for at, word in _occurrences(words, seen):
        times[word].append(at)
    return [(word, at[:more]) for word, at in times.items() for more in range(words[word], len(at))]


def _occurrences(words: Sequence[str] | Counter[str], seen: Sequence[Shown]) -> list[tuple[float, str]]:
    """Return every place where one of ``words`` stands in what was shown, in order; longer ones before those inside."""
    found = list[tuple[float, str]]()
    for shown in seen:
        taken = list[tuple[int, str]]()
        text = shown.content
        for word in sorted(set(words), key=len, reverse=True):
            while (place := text.find(word)) >= 0:
                taken.append((place, word))
                text = text[:place] + "\0" * len(word) + text[place + len(word) :]
        found += [(shown.at, word) for _, word in sorted(taken)]
    return found
