"""Makes one answer of what a citizen is owed. Pure: the same parcels always give the same answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from channels.base import Parcel, SentReply
from channels.wording import LONGEST, Wording


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """One part of a parcel: its text, and how many parts are said once it is."""

    parcel: Parcel
    text: str
    count: int
    whole: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """What one answer says, and how much of which parcels that is."""

    text: str
    said: tuple[Slice, ...]  #: the last slice of each parcel that is in it
    left: tuple[Parcel, ...]  #: parcels that found no room


def bundle(leased: Sequence[Parcel], replies: Sequence[SentReply], wording: Wording) -> Bundle:
    """Say what was kept before what is new, but a number to call before everything.

    ``replies`` are those to the message at hand. Where no parcel holds them, somebody else is sending
    them or they are not on record: then only a number to call is said, which cannot be said too often.
    """
    ids = {sent.id for sent in replies}
    own = [parcel for parcel in leased if any(sent.id in ids for sent in parcel.replies)]
    earlier = [parcel for parcel in leased if parcel.id < own[0].id] if own else list(leased)
    later = [parcel for parcel in leased if parcel not in own and parcel not in earlier]
    urgent = any(sent.reply.kind == "emergency" for sent in replies)
    order = [*own, *earlier, *later] if urgent else [*earlier, *own, *later]
    first = wording.parts([sent.reply for sent in replies])[0] if urgent and not own else ""
    slices = (each for parcel in order for each in _slices(parcel, wording, earlier=parcel in earlier))
    text, said = first, dict[int, Slice]()
    for each in slices:
        longer = f"{text}\n\n{each.text}" if text else each.text
        if text and len(longer.encode()) > LONGEST:
            break
        text, said[each.parcel.id] = longer, each
    left = tuple(parcel for parcel in leased if parcel.id not in said)
    return Bundle(text=text, said=tuple(said.values()), left=left)


def _slices(parcel: Parcel, wording: Wording, *, earlier: bool) -> Iterator[Slice]:
    parts = wording.parts([sent.reply for sent in parcel.replies])
    for number in range(parcel.parts_sent, len(parts)):
        text = wording.with_earlier(parts[number]) if earlier and number == 0 else parts[number]
        yield Slice(parcel=parcel, text=text, count=number + 1, whole=number + 1 == len(parts))
