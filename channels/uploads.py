"""Reads a form from a request, its files straight to where they are kept; slow and cut ones come to an end."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

from channels.attachments import says_otherwise
from channels.base import KeepsFiles, RefusedFileError, StagedFile, StoredFile
from channels.multipart import (
    BrokenFormError,
    Event,
    Fault,
    Field,
    FileBegins,
    FileData,
    FileEnds,
    FormReader,
    Rules,
)
from hotline.errors import StorageAwayError

WHOLE_WITHIN = 180.0  #: seconds for a form: 30 MB at 1.4 Mbit/s
NEXT_WITHIN = 20.0  #: seconds that a sender may be silent
_CUT = (ConnectionError, ClientError, HttpProcessingError, web.RequestPayloadError)


@dataclass(slots=True)
class Form:
    """What a form holds; its files are staged until they are put on record or dropped."""

    values: dict[str, list[str]] = field(default_factory=dict)
    files: list[StagedFile] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  #: names of files that could not be written

    def one(self, name: str) -> str:
        """Return the value of a field that comes once; empty when it did not come."""
        return next(iter(self.values.get(name, ())), "")

    async def put(self, files: KeepsFiles, *, owner: str) -> tuple[StoredFile, ...]:
        """Put every file on record for ``owner``; raises ``StorageAwayError``, also for one that was lost."""
        if self.lost:
            raise StorageAwayError("a file could not be written")
        return tuple([await files.put(staged, owner=owner) for staged in self.files])

    async def drop(self, files: KeepsFiles) -> None:
        """Forget every file that was not put on record."""
        for staged in self.files:
            await files.drop(staged)


async def read_form(request: web.Request, rules: Rules, files: KeepsFiles, form: Form) -> None:
    """Read the form in ``request`` into ``form``, as far as it goes; raises ``BrokenFormError``.

    Whatever comes of it, the caller drops what ``form`` holds and was not put on record.
    """
    reader = FormReader(request.headers.get("Content-Type", ""), rules)
    form.faults = reader.faults
    if (request.content_length or 0) > rules.largest_form:
        raise BrokenFormError("large")
    events = _events(request, reader)
    try:
        async with asyncio.timeout(WHOLE_WITHIN):
            async for event in events:
                if isinstance(event, Field):
                    form.values.setdefault(event.name, []).append(event.value)
                elif isinstance(event, FileBegins):
                    await _stage(event, events, rules, files, form)
    except TimeoutError:
        raise BrokenFormError("slow") from None
    finally:
        await events.aclose()


async def _events(request: web.Request, reader: FormReader) -> AsyncGenerator[Event, None]:
    chunks = request.content.iter_any()
    while True:
        try:
            async with asyncio.timeout(NEXT_WITHIN):
                chunk = await anext(chunks, b"")
        except _CUT as error:
            raise BrokenFormError("cut") from error
        if not chunk:
            break
        for event in reader.feed(chunk):
            yield event
    reader.finish()


async def _stage(
    begun: FileBegins, events: AsyncIterator[Event], rules: Rules, files: KeepsFiles, form: Form
) -> None:
    """Stage one file, or note why it is not taken; ``events`` stand behind it afterwards."""
    one = _OneFile(events)
    try:
        form.files.append(await files.stage(one.chunks(), name=begun.name))
    except RefusedFileError as error:
        ends = await one.rest()
        form.faults.append(ends.fault or _fault(error, begun, ends, rules))
    except StorageAwayError:
        # The rest of the form may tell of a danger, so it is read to its end.
        await one.rest()
        form.lost.append(begun.name)


class _OneFile:
    """The part of the events that is one file."""

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self._events = events
        self._ends: FileEnds | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield its bytes; raises ``RefusedFileError`` when not all of them are handed on."""
        async for event in self._events:
            if isinstance(event, FileData):
                yield event.data
            elif isinstance(event, FileEnds):
                self._ends = event
                if event.fault is not None:
                    raise RefusedFileError("size", size=event.size)
                return

    async def rest(self) -> FileEnds:
        """Pass over what is left of it."""
        while self._ends is None:
            event = await anext(self._events)
            self._ends = event if isinstance(event, FileEnds) else None
        return self._ends


def _fault(error: RefusedFileError, begun: FileBegins, ends: FileEnds, rules: Rules) -> Fault:
    reason = "mismatch" if error.why == "type" and says_otherwise(begun.name) else error.why
    name = "".join(letter for letter in begun.name if letter.isprintable())[:60]
    return Fault(field=rules.file, reason=reason, found=ends.size, limit=rules.largest_file, name=name)
