"""When things are due in a case: the city's limits, moved by what was decided in the case."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime

from hotline.calendar import CITY_TIME
from hotline.casework import CaseFile, Filed, Step, Taken, casefile_of
from hotline.citation import Citation
from hotline.citypack import CityPack
from hotline.dates import Change
from hotline.deadlines import ARRIVALS, SIGNINGS, Due, due_moments, extended, limited

_NAMED = (Step.SET_LIMIT, Step.PROGRESS, Step.INSTRUCT, Step.SHEET, Step.REDO)  #: may name a day of their own
#: Steps after which dates are reckoned anew; a follow-up runs from the reply, a second handling begins another limit.
MOVES_DATES = frozenset(
    {
        *_NAMED, Step.SIGN, Step.DESIGNATE, Step.GRANT_EXTENSION, Step.GRANT_CLAIM, Step.HOLD_REPLY, Step.REPLY,
        Step.REOPEN,
    }
)  # fmt: skip
MEND = "mend"  #: what is due by the day that the centre sets for a reply that it held back


def dues_of(pack: CityPack, file: CaseFile) -> tuple[Due, ...]:
    """Return every moment that runs in the case, in order of time, by the law of the day on which it was filed.

    A limit named in the case by the law, the centre or a leader stands before the general one (R-ALL-9); extensions
    run on from it (R-ALL-11); another unit's clocks begin with the dispatch to it (R-ALL-8).
    """
    pack = pack.on(file.filed.at.astimezone(CITY_TIME).date())
    dues = tuple(_running(pack, file))
    named = _named_limit(pack, file)
    if named is not None:
        general = due_in(dues, "finish")
        dues = (*(due for due in dues if due is not general), named)
    dues = (*dues, *_mending(pack, file))
    return tuple(sorted(_with_more_time(pack, file, dues), key=lambda due: (due.at, due.what)))


def changes_of(pack: CityPack, filed: Filed, steps: Iterable[Taken]) -> tuple[Change, ...]:
    """Return every settled date that a step moved, oldest first, with the step and the reason that its form gave."""
    changes: list[Change] = []
    file = casefile_of(filed, ())
    held = dues_of(pack, file)
    for taken in steps:
        file = file.after(taken)
        if taken.step not in MOVES_DATES:
            continue
        dues = dues_of(pack, file)
        reason = taken.data.get("reason", "")
        changes += (
            Change(old=old, new=new, why=taken.step.value, at=taken.at, reason=reason)
            for old, new in _moved(held, dues)
            if not old.provisional
        )
        held = dues
    return tuple(changes)


def _moved(held: tuple[Due, ...], dues: tuple[Due, ...]) -> Iterator[tuple[Due, Due]]:
    """Yield each due moment that is gone with the one in its place; what stayed or came in addition is none."""
    for what in dict.fromkeys(due.what for due in dues):
        olds, news = ([due for due in some if due.what == what] for some in (held, dues))
        stayed = {due.at for due in olds} & {due.at for due in news}
        yield from zip(
            (due for due in olds if due.at not in stayed),
            (due for due in news if due.at not in stayed),
            strict=False,
        )


def due_in(dues: tuple[Due, ...], what: str) -> Due | None:
    """Return the moment for ``what``; the last where an instruction opened a limit of its own beside the first."""
    return next((due for due in reversed(dues) if due.what == what), None)


def granted(file: CaseFile) -> tuple[int, ...]:
    """Return the length of every extension since the case was begun or begun again, in the limit's own unit of time."""
    return tuple(int(one.data["length"]) for one in file.anew(Step.GRANT_EXTENSION))


def _running(pack: CityPack, file: CaseFile, **known: datetime) -> Iterator[Due]:
    happened = dict.fromkeys(ARRIVALS, file.begun) | known
    if signings := file.of(Step.SIGN):
        happened |= dict.fromkeys(SIGNINGS, signings[0].at)
    if replies := file.anew(Step.REPLY):
        happened["closing_reply"] = replies[-1].at
    yield from _reckoned(pack, file, happened, "platform")
    if file.ordered and any(file.assignment in rule.assignments for rule in pack.deadlines):
        # Its own limit, beside the one that runs already (R-KF-4).
        own = _reckoned(pack, file, happened | {"notice": file.ordered.at}, file.assignment)
        yield from (due for due in own if due.what == "finish")


def _reckoned(
    pack: CityPack, file: CaseFile, happened: dict[str, datetime], assignment: str
) -> tuple[Due, ...]:
    filed = file.filed
    return due_moments(
        pack, kind=filed.kind, ticket_class=filed.ticket_class, channel=filed.channel, at=file.begun,
        happened=happened, assignment=assignment, matters=filed.matters, cases=file.cases,
    )  # fmt: skip


def day_named(taken: Taken) -> date | None:
    """Return the day that a step's form sets as the last one, if it does."""
    try:
        return date.fromisoformat(taken.data["new_date"])
    except (KeyError, ValueError):
        return None


def _named_limit(pack: CityPack, file: CaseFile) -> Due | None:
    """Return the finish by the last day that was named in the case."""
    named = (one for one in reversed(file.since) if one.step in _NAMED)
    for taken in named:
        day = day_named(taken)
        citation = _citation(pack, file, taken)
        if day is not None and citation is not None:
            return limited(pack, "finish", day, citation, since=taken.at)
    return None


def _mending(pack: CityPack, file: CaseFile) -> Iterator[Due]:
    """Yield by when a reply that was held back is to be mended: a limit beside the others, which buys them no time."""
    for taken in reversed(file.since):
        if taken.step is Step.REPLY:
            return
        day = day_named(taken) if taken.step is Step.HOLD_REPLY else None
        if day is not None and (citation := _citation(pack, file, taken)) is not None:
            yield limited(pack, MEND, day, citation, since=taken.at)
            return


def _citation(pack: CityPack, file: CaseFile, taken: Taken) -> Citation | None:
    """Return the article of the rule by which ``taken`` was taken."""
    turned = taken.data.get("case", "")
    rules = [rule for rule in pack.case_steps if rule.step == taken.step and rule.is_for(file.filed)]
    orders = (rule.citation for rule in pack.desk_rules if rule.topic == turned)
    return next((rule.citation for rule in rules if (rule.turns_out or "") == turned), next(orders, None))


def _with_more_time(pack: CityPack, file: CaseFile, dues: tuple[Due, ...]) -> Iterator[Due]:
    """Yield ``dues`` with every finish put off that ran when the extension was asked for, and the follow-up behind it."""
    finishes = [due for due in dues if due.what == "finish"]
    if not finishes or not file.anew(Step.GRANT_EXTENSION):
        yield from dues
        return
    later = [_put_off(pack, file, due, beside=place > 0) for place, due in enumerate(finishes)]
    for due in dues:
        if due.what == "finish":
            yield later[finishes.index(due)]
        elif due.what == "follow_up" and not file.anew(Step.REPLY):
            found = due_in(tuple(_running(pack, file, closing_reply=later[-1].at)), "follow_up")
            yield replace(found or due, provisional=True, why=due.why)
        else:
            yield due


def _put_off(pack: CityPack, file: CaseFile, finish: Due, *, beside: bool) -> Due:
    """Return a finish after the extensions; one that an order opened ``beside`` the first knows none from before it."""
    opened = file.ordered.at if beside and file.ordered else file.begun
    asked = [one.at for one in file.anew(Step.ASK_EXTENSION)]
    for one in file.anew(Step.GRANT_EXTENSION):
        asked_at = max((at for at in asked if at <= one.at), default=one.at)
        if opened <= one.at and asked_at <= finish.at:
            finish = extended(pack, finish, int(one.data["length"]))
    return finish
