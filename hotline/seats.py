"""The figures of each seat of a telephone system, as they are pasted out of it: a name, then six whole numbers a line."""

from dataclasses import dataclass

COLUMNS = ("calls", "talk", "work", "idle", "accepted", "passed_on")  #: times in minutes
MOST = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """One seat's figures of a period, by ``COLUMNS``."""

    name: str
    figures: tuple[int, ...]


def read_seats(text: str) -> tuple[Seat, ...] | None:
    """Return the seats that ``text`` tells of, one a line parted by tabs, commas or gaps; ``None`` where a line is none."""
    seats = []
    for line in filter(str.strip, text.splitlines()):
        name, *cells = line.replace(",", " ").replace("\uff0c", " ").split()
        if len(cells) != len(COLUMNS) or not all(
            cell.isascii() and cell.isdigit() and len(cell) < 10 for cell in cells
        ):
            return None
        seats.append(Seat(name=name, figures=tuple(map(int, cells))))
    return tuple(seats) if len(seats) <= MOST else None


def summed(seats: tuple[Seat, ...]) -> tuple[int, ...]:
    """Return the sums of all seats, by ``COLUMNS``."""
    return tuple(map(sum, zip(*(seat.figures for seat in seats), strict=True))) or (0,) * len(COLUMNS)
