"""How an article comes to citizens: draft, unit check, centre review, published; pure.

A working copy goes through the stages while the published version goes on answering. Nobody reviews what they wrote.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from hotline.errors import HotlineError
from kb.article import Article, Status

EXPIRING = timedelta(days=30)  #: before an article expires, its unit is reminded


class Stage(StrEnum):
    """Where a working copy stands."""

    DRAFT = "draft"
    CHECKING = "checking"  #: with the unit that answers for it
    REVIEWING = "reviewing"  #: with the centre
    RETURNED = "returned"  #: with its author again, and why


class Standing(StrEnum):
    """Where the version on record stands, at a moment."""

    AHEAD = "ahead"  #: published, and not yet in force
    PUBLISHED = "published"
    EXPIRING = "expiring"  #: published, and over within thirty days
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """What somebody does to an article."""

    WRITE = "write"
    SUBMIT = "submit"
    CHECK = "check"  #: the unit says that it is true
    RETURN = "return"
    PUBLISH = "publish"
    DISCARD = "discard"
    WITHDRAW = "withdraw"


class Part(StrEnum):
    """What somebody is in this."""

    EDITOR = "editor"
    UNIT = "unit"
    REVIEWER = "reviewer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Somebody who does a step."""

    id: int
    part: Part
    unit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Working:
    """A working copy; ``article`` holds the words as they would be published."""

    article: Article
    stage: Stage = Stage.DRAFT
    base: int = 0  #: the version on record that it was begun from
    revision: int = 1  #: counts what was written
    authors: frozenset[int] = frozenset()
    checked_by: int | None = None
    remark: str = ""
    since: datetime  #: when it came to this stage
    edited_at: datetime


class StepRefusedError(HotlineError):
    """The step cannot be done; ``why`` is one of ``part stage author unit source remark regression``."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


_FROM: Mapping[Step, frozenset[Stage]] = {
    Step.WRITE: frozenset({Stage.DRAFT, Stage.RETURNED}),
    Step.SUBMIT: frozenset({Stage.DRAFT, Stage.RETURNED}),
    Step.CHECK: frozenset({Stage.CHECKING}),
    Step.RETURN: frozenset({Stage.CHECKING, Stage.REVIEWING}),
    Step.PUBLISH: frozenset({Stage.REVIEWING}),
    Step.DISCARD: frozenset({Stage.DRAFT, Stage.RETURNED}),
}
_BY: Mapping[Step, frozenset[Part]] = {
    Step.WRITE: frozenset(Part),
    Step.SUBMIT: frozenset(Part),
    Step.CHECK: frozenset({Part.UNIT, Part.REVIEWER}),
    Step.RETURN: frozenset({Part.UNIT, Part.REVIEWER}),
    Step.PUBLISH: frozenset({Part.REVIEWER}),
    Step.DISCARD: frozenset(Part),
    Step.WITHDRAW: frozenset({Part.REVIEWER}),
}
_TO = {
    Step.WRITE: Stage.DRAFT,
    Step.SUBMIT: Stage.CHECKING,
    Step.CHECK: Stage.REVIEWING,
    Step.RETURN: Stage.RETURNED,
}


def why_not(
    working: Working, step: Step, actor: Actor, *, remark: str = "", regressions: int = 0
) -> str | None:
    """Return why ``actor`` cannot do ``step`` now, or ``None``; the words are those of ``StepRefusedError``."""
    if actor.part not in _BY[step]:
        return "part"
    if working.stage not in _FROM[step]:
        return "stage"
    if step in (Step.CHECK, Step.PUBLISH) and actor.id in working.authors:
        return "author"
    if actor.part is Part.UNIT and not _is_the_units(working, step, actor):
        return "unit"
    if step is Step.SUBMIT and not working.article.source.strip():
        return "source"
    if not remark.strip() and _needs_remark(step, actor):
        return "remark"
    if step is Step.PUBLISH and regressions and not remark.strip():
        return "regression"
    return None


def _is_the_units(working: Working, step: Step, actor: Actor) -> bool:
    """A unit acts on its own articles alone, takes nothing back from the centre and throws away only what it wrote alone."""
    if not actor.unit or actor.unit != working.article.unit:
        return False
    if step is Step.DISCARD:
        return working.authors == {actor.id}
    return step is not Step.RETURN or working.stage is Stage.CHECKING


def _needs_remark(step: Step, actor: Actor) -> bool:
    """A return says what is to be changed; a check without the unit says how the unit agreed."""
    return step is Step.RETURN or (step is Step.CHECK and actor.part is Part.REVIEWER)


def stepped(
    working: Working, step: Step, actor: Actor, *, at: datetime, remark: str = "", regressions: int = 0
) -> Working:
    """Return the working copy after ``step``, or raise ``StepRefusedError``; not for ``PUBLISH`` and ``DISCARD``."""
    if why := why_not(working, step, actor, remark=remark, regressions=regressions):
        raise StepRefusedError(why)
    checked_by = actor.id if step is Step.CHECK else None
    since = working.since if working.stage is _TO[step] else at
    return replace(working, stage=_TO[step], remark=remark.strip(), checked_by=checked_by, since=since)


def written(working: Working, article: Article, actor: Actor, *, at: datetime) -> Working:
    """Return the working copy with ``article``'s words, or raise ``StepRefusedError``."""
    drafted = stepped(working, Step.WRITE, actor, at=at, remark=working.remark)
    if actor.part is Part.UNIT and article.unit != actor.unit:
        raise StepRefusedError("unit")
    return replace(
        drafted,
        article=article,
        revision=working.revision + 1,
        authors=working.authors | {actor.id},
        edited_at=at,
    )


def standing(article: Article, at: datetime) -> Standing:
    """Return where a version on record stands at that moment."""
    if article.status is not Status.PUBLISHED:
        return Standing.WITHDRAWN
    if article.valid_to is not None and article.valid_to <= at:
        return Standing.EXPIRED
    if article.valid_from is not None and at < article.valid_from:
        return Standing.AHEAD
    if article.valid_to is not None and article.valid_to - at <= EXPIRING:
        return Standing.EXPIRING
    return Standing.PUBLISHED
