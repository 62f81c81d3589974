"""What is wrong with a form, in words for whoever sent it."""

from collections.abc import Sequence
from dataclasses import dataclass

from channels.multipart import Fault, FormRefusedError
from gateway.web.rendering import WORDS, megabytes
from groundwork.problems import ProblemError

#: what is wrong is that there is too much of it (RFC 9110, 15.5.14)
_SIZES = frozenset({"size", "total", "large", "too_long", "pixels"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One fault as it is shown: in a few words for a list, in a sentence beside the field."""

    field: str
    short: str
    detail: str


def told(faults: Sequence[Fault]) -> tuple[Told, ...]:
    """Return the words of each fault, in order."""
    return tuple(_told(fault) for fault in faults)


def _told(fault: Fault) -> Told:
    words = WORDS["faults"]
    reason = "too_few" if fault.reason == "digits" and _lacks(fault) > 0 else fault.reason
    if reason == "too_long" and fault.found is None:
        reason = "uncounted"  # so long that it was thrown away while it came in
    short, detail = words.get(f"{fault.field}.{reason}") or words[f"*.{reason}"]
    blanks = {
        "found": fault.found,
        "limit": fault.limit,
        "missing": _lacks(fault),
        "name": fault.name or WORDS["no_name"],
        "megabytes": megabytes(fault.found or 0),
        "limit_megabytes": megabytes(fault.limit or 0),
    }
    return Told(field=fault.field, short=short.format(**blanks), detail=detail.format(**blanks))


def _lacks(fault: Fault) -> int:
    return (fault.limit or 0) - (fault.found or 0)


def problem_of_form(error: FormRefusedError) -> ProblemError:
    """Return the problem document of a form that was refused."""
    reasons = {fault.reason for fault in error.faults}
    errors = [{"field": one.field, "detail": one.detail} for one in told(error.faults)]
    if "slow" in reasons:
        return ProblemError(408, "too-slow", "传得太慢，没有传完，请重新提交。", errors=errors)
    if reasons <= _SIZES:
        return ProblemError(413, "too-large", "内容太多，请按下面说的改过再提交。", errors=errors)
    return ProblemError(422, "form-refused", f"有{len(errors)}处要改，改好就能提交。", errors=errors)
