"""Whether the file of a case is complete before it goes to the archive: what the city's text orders and no step shows."""

from collections.abc import Callable, Mapping, Sequence

from hotline.casework import Step, Taken
from hotline.citypack import CityPack, DeskStep
from hotline.following_up import Standing

_Shown = Callable[[frozenset[Step], Standing, bool], bool]


def _took(step: Step) -> _Shown:
    return lambda taken, _, __: step in taken


#: What shows that a step of the text was taken; nobody owes a call to somebody unknown (R-ALL-16).
_SHOWN: Mapping[str, _Shown] = {
    "sign": _took(Step.SIGN),
    "contact": lambda taken, _, reachable: Step.CONTACT in taken or not reachable,
    "reply": _took(Step.REPLY),
    "follow_up": lambda _, stands, reachable: stands.view is not None or not reachable,
    "close": _took(Step.CLOSE),
}


def missing(
    pack: CityPack, taken: Sequence[Taken], stands: Standing, *, reachable: bool
) -> tuple[DeskStep, ...]:
    """Return the steps of the city's text that a file lacks, in the text's order."""
    steps = frozenset(one.step for one in taken)
    return tuple(
        step for id, step in pack.desk.items() if id in _SHOWN and not _SHOWN[id](steps, stands, reachable)
    )
