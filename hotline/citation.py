"""Where a judgement comes from: instrument, article, and the way that the law opens instead."""

from dataclasses import dataclass
from enum import StrEnum


class LawStatus(StrEnum):
    """Whether an instrument is in force or only a draft for comment."""

    ADOPTED = "adopted"
    DRAFT = "draft"


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Whom to turn to instead, and how."""

    name: str
    how: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """One article of one instrument, as shown to citizens and lawyers."""

    instrument: str
    article: str
    status: LawStatus = LawStatus.ADOPTED
    reason: str = ""
    route: Route | None = None
