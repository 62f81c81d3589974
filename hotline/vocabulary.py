"""The closed word lists of the law files, and the marks that say what a field of a rule may hold.

A field is annotated with one mark; readers and editors' schemas follow it, the core only sees the plain type.
"""

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class OneOf:
    """A word out of a closed list."""

    of: str  #: what the words name, for messages
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The id of something that the city's files define."""

    of: str


@dataclass(frozen=True, slots=True)
class Form:
    """Words of a set form."""

    of: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Between:
    """A whole number with bounds."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression; those in view see the found words between ``<`` and ``>`` with their surroundings."""

    in_view: bool = False


@dataclass(frozen=True, slots=True)
class Reasoned:
    """A citation that a citizen reads: with the reason, and the route where there is one."""


KINDS = ("consultation", "help", "complaint", "report", "suggestion", "praise", "other")
QUESTION_FIELDS = ("what", "place", "time", "phone", "name")
WHATS = ("sign", "start", "contact", "progress", "plan", "return", "finish", "follow_up")
STARTS = ("filing", "dispatch", "transfer", "notice", "receipt", "signing", "closing_reply")
LENGTHS = ("working_days", "days", "hours")
CHANNELS = (
    "webchat", "wechat", "mailbox", "phone", "letter", "board", "platform", "transfer", "assignment", "website",
    "microblog", "app", "grid", "video", "digital_city", "governance", "warning", "community", "media", "region",
    "other",
)  # fmt: skip
#: How the centre put the matter to the unit, whatever channel it came by.
ASSIGNMENTS = ("platform", "written", "leader", "through_train")
MATTERS = ("utility", "enterprise")
#: What a demand may be beside its kind; each is told to the dispatcher with the words it was seen by.
TAGS = ("utility", "enterprise", "group", "sensitive", "whistle_blowing")
#: What turns out in the case and gives it a limit of its own; never known at filing.
CASES = (
    "statutory_period", "not_solvable_now", "unreasonable", "settled", "in_procedure", "second_handling", "redo",
)  # fmt: skip
#: What examples of matters that belong elsewhere are about; a city's ground says which of them it is.
GROUNDS = (
    "litigation", "arbitration", "reconsideration", "proceedings", "other-powers", "petition", "internal", "vague",
    "discipline", "disclosure", "secrets", "morals",
)  # fmt: skip
#: How a reply fails: two are reckoned, the others are told by the words in cities/common/replies.yaml.
TOLD_FAULTS = (
    "phone-not-answered", "not-our-duty", "not-our-duty-nowhere", "sent-to-the-other-party", "unchecked", "copied",
    "not-solvable-without-date", "not-solvable-without-reason", "refused-without-ground", "final-without-documents",
    "final-without-reason", "final", "unreasonable-without-mark", "rude",
)  # fmt: skip
FAULTS = ("empty", "beside", *TOLD_FAULTS)
#: What makes a reply hard to read; it is remarked on and holds nothing back.
REMARKS = ("long", "long_sentence", "abbreviation")
EMERGENCY_NUMBERS = ("110", "119", "120", "122")
DESK_STEPS = (
    "sign", "start", "contact", "return", "extend", "progress", "plan", "reply", "review", "close", "follow_up",
    "second_handling", "supervise",
)  # fmt: skip
LEVELS = ("city", "county", "township", "village", "vertical", "company", "institution")
ROLES = (
    "petitioner", "public", "media", "centre", "centre_director", "centre_staff", "sub_centre", "dispatch_centre",
    "editor", "unit", "lead_unit", "co_handler", "superior", "handler", "head_of_office", "deputy_head", "chief",
    "duty_leader", "duty_officer", "liaison", "dedicated_person", "part_time_contact", "county", "township", "village",
    "office", "office_leader", "office_deputy_head", "secretary_general", "deputy_mayor", "mayor", "city_leader",
    "city_government", "inspection", "discipline", "personnel", "political_legal", "authority_in_charge", "police",
    "joint_meeting", "data_bureau", "third_party", "assessor", "emergency_line", "neighbouring_hotline",
)  # fmt: skip
CONTENTS = (
    "reason", "basis", "proposal", "length", "new_date", "progress", "result", "plan", "work_so_far", "measures",
    "deputy_head", "person", "contact", "handler", "checker_name", "checker_phone", "time_of_contact", "conversation",
    "satisfaction", "documents", "seal", "written", "special_report", "signature", "name", "phone", "content", "category",
    "time", "summary", "number", "recording", "unit", "units", "parts", "body", "instruction", "approver", "again",
    "procedure", "verification", "major", "chief", "leader", "given_on", "remark", "seats",
)  # fmt: skip
TOPICS = (
    "acceptance", "record", "rights", "duties", "abuse", "guidance", "entrance", "call_in_day", "assistance", "poll",
    "knowledge", "network", "roster", "sign", "start", "contact", "handle", "plan", "progress", "approve", "reply",
    "review", "close", "return", "extend", "follow_up", "satisfaction", "second_handling", "supervise", "coordinate",
    "evaluate", "meeting", "escalate", "hand_over", "misconduct", "archive", "ledger", "publish", "data", "secrecy",
    "analysis", "collection", "bulletin", "statistics", "warning", "rate", "score", "bonus", "penalty", "rank",
    "reward", "interview", "accountability", "assessment",
)  # fmt: skip
EFFECTS = (
    "counts_as_satisfied", "not_done", "sent_back", "redone", "overdue", "accepted", "refused", "closed", "not_counted",
    "recorded", "supervised", "handed_over", "published", "interviewed", "public_statement", "no_awards", "counted_in_score",
    "left_out", "goes_to_superior", "explained", "led_elsewhere", "texted",
)  # fmt: skip
#: What in a case calls for supervision or for a word to those above.
SIGNS = (
    "unsigned", "overdue", "urged", "urged_without_result", "repeated", "many_people", "dissatisfied", "returned",
    "returned_again", "long_open", "sensitive", "instructed", "supervised", "extended", "enterprise",
)  # fmt: skip
RHYTHMS = ("live", "day", "week", "month", "quarter", "half_year", "year", "regularly", "event")
MEASURED = (
    "working_days", "days", "hours", "weeks", "months", "times", "people", "items", "copies", "places", "percent",
    "points", "yuan",
)  # fmt: skip
#: What a paper of the centre or of a unit is put together from (``hotline.analysis``); ``words`` are its own alone.
SHOWN = (
    "count", "kinds", "units", "areas", "topics", "channels", "opinions", "growing", "new", "seasonal", "days",
    "rates", "unit_rates", "repeats", "open", "media", "ledgers", "risks", "clues", "instructed", "seats", "cases", "words",
)  # fmt: skip
#: ``below`` and ``above`` leave the figure out, ``at_least`` and ``at_most`` take it in (R-ALL-20).
BOUNDS = ("exactly", "at_least", "at_most", "below", "above", "each")
COUNTS = (
    "tickets", "online_tickets", "calls", "calls_connected", "due", "contacted_in_time", "finished", "finished_in_time",
    "done_at_once",
    "reached", "solved", "rated", "satisfied", "repeated", "months", "monthly_scores", "best_of_group",
)  # fmt: skip
#: How a line of a score is reckoned (``hotline.marks``).
SCORED = (
    "per_percent_below", "share_off", "per_item", "entered", "weighted", "mean", "places", "money", "often", "recorded",
)  # fmt: skip

KindId = Annotated[str, OneOf("kind", KINDS)]
ClassId = Annotated[str, Known("class")]
UnitId = Annotated[str, Known("unit")]
GroupId = Annotated[str, Known("group")]
DutyId = Annotated[str, Known("duty")]
ReadingId = Annotated[str, Known("reading")]
ChannelId = Annotated[str, OneOf("channel", CHANNELS)]
Assignment = Annotated[str, OneOf("assignment", ASSIGNMENTS)]
CaseId = Annotated[str, OneOf("case", CASES)]
MatterId = Annotated[str, Known("matter")]
TagId = Annotated[str, OneOf("tag", TAGS)]
EmergencyNumber = Annotated[str, OneOf("emergency_number", EMERGENCY_NUMBERS)]
What = Annotated[str, OneOf("what", WHATS)]
Role = Annotated[str, OneOf("role", ROLES)]
Content = Annotated[str, OneOf("content", CONTENTS)]
Topic = Annotated[str, OneOf("topic", TOPICS)]
Effect = Annotated[str, OneOf("effect", EFFECTS)]
Sign = Annotated[str, OneOf("sign", SIGNS)]
Shown = Annotated[str, OneOf("shown", SHOWN)]
Rhythm = Annotated[str, OneOf("rhythm", RHYTHMS)]
Measured = Annotated[str, OneOf("measured", MEASURED)]
Id = Annotated[str, Form("id", r"[A-Za-z][A-Za-z0-9_\-]{0,59}")]
Pattern = Annotated[str, Expression()]
PatternInView = Annotated[str, Expression(in_view=True)]
WorkingDays = Annotated[int, Between(1, 250)]
Days = Annotated[int, Between(1, 366)]
Hours = Annotated[int, Between(1, 720)]
Times = Annotated[int, Between(1, 99)]
