"""Versions of what past dispatches teach: kept as files, one in use, the way back open.

A file is a line of JSON that says what is in it, then the numbers one kind after the other; it is mapped, not read, so
that weights cost no process memory of its own. Weights tell something of the words that they were learnt from: the
folder is the owner's alone.
"""

import json
import logging
import mmap
import os
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hotline.errors import HotlineError
from hotline.routing import Routing, Trust

log = logging.getLogger(__name__)

FOLDER, IN_USE, ENDING = "routing", "in_use.json", ".weights"
MOST_KEPT = 6
#: name of each row of numbers with the code of its type in ``array``
ROWS: tuple[tuple[str, Any], ...] = (
    ("keys", "Q"),
    ("rarity", "f"),
    ("starts", "I"),
    ("owners", "H"),
    ("weights", "h"),
)
MARK_ROW = "mark"
MARK = 0x0102030405060708  #: tells whether this machine orders bytes like the one that wrote


class RoutingFileError(HotlineError):
    """A version cannot be read, or there is none to go back to: train again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version and what is known of it."""

    name: str
    in_use: bool
    notes: Mapping[str, Any]  #: as they were given when it was added


class RoutingVersions:
    """The versions of one installation, in a folder of its state."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER

    def add(self, routing: Routing, notes: Mapping[str, Any]) -> None:
        """Keep ``routing`` beside the others; it is not in use yet."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        head = {
            "version": routing.version, "units": routing.units, "bias": routing.bias, "trust": asdict(routing.trust),
            "weight_scale": routing.weight_scale, "notes": dict(notes),
            "lengths": [len(getattr(routing, name)) for name, _ in ROWS],
        }  # fmt: skip
        line = json.dumps(head, ensure_ascii=False).encode()
        rows = [array("Q", [MARK]), *(getattr(routing, name) for name, _ in ROWS)]
        path = self._path(routing.version)
        with open(path.with_suffix(".part"), "wb", opener=_private) as file:
            file.write(line + b" " * (-(len(line) + 1) % 8) + b"\n")
            file.writelines(memoryview(row).cast("B") for row in rows)
        path.with_suffix(".part").replace(path)
        self._forget_old()

    def load(self, name: str) -> Routing:
        """Return that version; raises ``RoutingFileError``."""
        try:
            with self._path(name).open("rb") as file:
                content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            return _routing(content)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RoutingFileError(f"version {name} cannot be read: {type(error).__name__}") from error

    def used(self) -> tuple[str, ...]:
        """Return the versions that were put into use and not taken back, the one in use last."""
        try:
            found = json.loads((self._folder / IN_USE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ()
        return tuple(name for name in found if isinstance(name, str) and self._path(name).exists())

    def use(self, name: str) -> None:
        """Put a version into use; running programs take it up within seconds."""
        self.load(name)
        self._write((*(one for one in self.used() if one != name), name))

    def roll_back(self) -> str:
        """Return to the version before the one in use, or to none; its name, empty for none."""
        used = self.used()
        if not used:
            raise RoutingFileError("no version is in use")
        self._write(used[:-1])
        return used[-2] if len(used) > 1 else ""

    def all(self) -> tuple[Version, ...]:
        """Return every version, oldest first."""
        current = self.used()[-1:]
        names = sorted(path.stem for path in self._folder.glob(f"*{ENDING}"))
        return tuple(Version(name=name, in_use=(name,) == current, notes=self.notes(name)) for name in names)

    def notes(self, name: str) -> Mapping[str, Any]:
        """Return what was noted of a version when it was added; empty where it cannot be read."""
        try:
            with self._path(name).open("rb") as file:
                found: Mapping[str, Any] = json.loads(file.readline())["notes"]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return found

    def _path(self, name: str) -> Path:
        return self._folder / f"{Path(name).name}{ENDING}"

    def _write(self, used: tuple[str, ...]) -> None:
        part = self._folder / f"{IN_USE}.part"
        with open(part, "w", encoding="utf-8", opener=_private) as file:
            json.dump(used[-MOST_KEPT:], file)
        part.replace(self._folder / IN_USE)

    def _forget_old(self) -> None:
        used = self.used()
        idle = [path for path in sorted(self._folder.glob(f"*{ENDING}")) if path.stem not in used]
        for path in idle[:-MOST_KEPT]:
            path.unlink(missing_ok=True)  # whoever has it mapped keeps it


class RoutingInUse:
    """The version in use, followed as it changes."""

    def __init__(self, versions: RoutingVersions) -> None:
        self._versions = versions
        self._name = ""
        self._routing: Routing | None = None
        self.refresh()

    def __call__(self) -> Routing | None:
        """Return what past dispatches teach; ``None`` where nothing was learnt or it cannot be read."""
        return self._routing

    def refresh(self) -> None:
        """Take up what was put into use since; a version that cannot be read leaves the duties to choose."""
        name = "".join(self._versions.used()[-1:])
        if name == self._name:
            return
        self._name, self._routing = name, self._load(name)

    def _load(self, name: str) -> Routing | None:
        if not name:
            return None
        try:
            routing = self._versions.load(name)
        except RoutingFileError as error:
            log.error("routing.unreadable", extra={"version": name, "error_type": type(error).__name__})
            return None
        log.info("routing.in_use", extra={"version": name, "units": len(routing.units)})
        return routing


def _routing(content: memoryview) -> Routing:
    begin = bytes(content[: 1 << 24]).index(b"\n") + 1
    head = json.loads(bytes(content[:begin]))
    rows: dict[str, Any] = {}
    for (name, code), length in zip(((MARK_ROW, "Q"), *ROWS), (1, *head["lengths"]), strict=True):
        end = begin + length * array(code).itemsize
        rows[name] = content[begin:end].cast(code)
        begin = end
    if rows.pop(MARK_ROW)[0] != MARK or len(rows["weights"]) != rows["starts"][-1]:
        raise ValueError("cut short, or written by another kind of machine")
    trust = head["trust"] | {"shares": tuple(head["trust"]["shares"])}
    return Routing(
        version=head["version"],
        units=tuple(head["units"]),
        bias=tuple(head["bias"]),
        trust=Trust(**trust),
        weight_scale=head["weight_scale"],
        **rows,
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
