"""What is done to a case after it was filed: every step that a city's text knows, by its name, and one step taken.

A case is the list of the steps taken, oldest first; whatever is asked of it later (may it be extended, was it late,
how often was it returned) is reckoned from that list and the city's rules, never kept beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Step(StrEnum):
    """The name of a step; the desk's pages say it in Chinese."""

    SIGN = "sign"
    CONTACT = "contact"  #: the unit spoke with the petitioner
    START = "start"
    PROGRESS = "progress"
    SPLIT = "split"  #: the lead gave parts to co-handlers
    WHISTLE = "whistle"  #: other units were called to the place
    COORDINATE = "coordinate"
    ASK_RETURN = "ask_return"
    GRANT_RETURN = "grant_return"
    REFUSE_RETURN = "refuse_return"
    DESIGNATE = "designate"  #: the centre names the unit that leads
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    PLAN = "plan"
    SET_LIMIT = "set_limit"
    SPECIAL_REPORT = "special_report"
    INSTRUCT = "instruct"  #: a leader's words on the case
    SHEET = "sheet"  #: the form on which a case goes to a leader
    ESCALATE = "escalate"
    HAND_OVER = "hand_over"  #: a clue goes to another body
    MISCONDUCT = "misconduct"
    REPLY = "reply"
    HOLD_REPLY = "hold_reply"  #: the gate, or the centre's review, sends it back
    FOLLOW_UP = "follow_up"  #: one attempt to ask how the petitioner finds the result
    RATE = "rate"
    SET_RATING_ASIDE = "set_rating_aside"
    REDO = "redo"  #: second handling
    EVALUATE = "evaluate"  #: by a third party
    URGE = "urge"
    SUPERVISE = "supervise"
    REPORT_UP = "report_up"
    LEDGER = "ledger"  #: entered in a ledger of its own
    CLOSE = "close"
    ARCHIVE = "archive"
    REOPEN = "reopen"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """One step that was taken."""

    step: Step
    at: datetime
    unit: str = ""  #: the unit that took it; empty for the centre itself
    by: int | None = None  #: the account; none where the petitioner or the clock did
    data: Mapping[str, str] = field(
        default_factory=dict
    )  #: what the form held, by ``hotline.vocabulary.CONTENTS``
