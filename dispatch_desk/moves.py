"""A move: what a form asks for, decided on a case and its steps, and written in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from dispatch_desk.cases import Case
from hotline.casework import Taken


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A step to be taken, with what follows from it."""

    taken: Taken
    event: str = ""  #: what the gateway is told, if anything
    told: Mapping[str, Any] = field(default_factory=dict)  #: with that


Moved: TypeAlias = Move | str  #: the move, or a code for what is in its way
Mover: TypeAlias = Callable[[Case, Sequence[Taken], datetime], Moved]
