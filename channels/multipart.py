"""Reads multipart/form-data while it comes in: bytes in, parts out, every limit kept on the way. Pure.

What cannot be a form at all ends the reading (``BrokenFormError``). What is wrong with one part alone is
noted as a fault, so that whoever sent it is told everything at once; its bytes are passed over.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from hotline.errors import NotAMessageError
from hotline.message import clean

# What it warns about is told to whoever sent it; it would quote them in the log.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

LARGEST_HEADERS = 8  #: lines before a part
LONGEST_HEADER = 2_048  #: bytes of one of them
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")  # RFC 2046, 5.1.1
_EXTENDED_NAME = re.compile(r";\s*filename\*\s*=\s*(?i:utf-8)'[^']*'([^;\s\"]+)")  # RFC 8187
_UTF_8 = frozenset({b"", b"utf-8", b"utf8", b"us-ascii", b"ascii"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What is wrong with one part of a form: where, and why, out of a closed set of reasons.

    ``form``: broken, parts, large, slow, cut. A field: unknown, repeated, charset, missing, too_long,
    choice, flag, key, digits, phone, email, degrees, link, date, span. A file: size, pixels, type, mismatch, empty, damaged, count, total,
    gone.
    """

    field: str
    reason: str
    found: int | None = None  #: how many characters, digits or bytes there are
    limit: int | None = None  #: how many there may be
    name: str = ""  #: of the file


class FormRefusedError(NotAMessageError):
    """A form cannot be taken as it is; ``faults`` says everything that is wrong with it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(", ".join(f"{fault.field}: {fault.reason}" for fault in self.faults))


class BrokenFormError(FormRefusedError):
    """What arrived cannot be read as a form to its end; nothing of it is kept."""

    def __init__(self, reason: str) -> None:
        super().__init__([Fault(field="form", reason=reason)])


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What a form may hold."""

    fields: Mapping[str, int]  #: names and the most bytes of each value
    file: str  #: name of the field that holds files
    repeated: frozenset[str] = frozenset()  #: fields that may come more than once
    most_parts: int = 40
    most_files: int = 5
    largest_file: int = 10 * 1024 * 1024
    largest_files: int = 30 * 1024 * 1024  #: together
    largest_form: int = 100 * 1024 * 1024  #: what is passed over counts too


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A whole text field, line ends as one character."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FileBegins:
    """From here on ``FileData`` belongs to this file."""

    name: str  #: as it was sent


@dataclass(frozen=True, kw_only=True, slots=True)
class FileData:
    """The next bytes of a file."""

    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class FileEnds:
    """A file is over; ``fault`` says why not all of it was handed on."""

    size: int
    fault: Fault | None = None


Event: TypeAlias = Field | FileBegins | FileData | FileEnds


@dataclass(slots=True)
class _Part:
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    name: str = ""
    filename: str = ""
    is_file: bool = False
    begun: bool = False  #: a file that was told about
    size: int = 0
    value: bytearray = field(default_factory=bytearray)
    fault: Fault | None = None  #: why what follows is passed over


class FormReader:
    """Takes the body of one form in any pieces; the same body always gives the same events and faults."""

    def __init__(self, content_type: str, rules: Rules) -> None:
        self._rules, self._boundary = rules, _boundary_of(content_type)
        self.faults: list[Fault] = []
        self._events: list[Event] = []
        self._part = _Part()
        self._seen: set[str] = set()
        self._parts = self._files = self._size = 0
        self._file_bytes = 0  # of the files that were handed on
        self._ended = False
        self._start: bytearray | None = bytearray()  # until the first boundary is there
        self._key, self._value = bytearray(), bytearray()
        self._parser = MultipartParser(
            self._boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._key.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header,
                "on_headers_finished": self._headers,
                "on_part_data": lambda data, start, end: self._data(data[start:end]),
                "on_part_end": self._end,
                "on_end": self._finished,
            },
            max_header_count=LARGEST_HEADERS,
            max_header_size=LONGEST_HEADER,
        )

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next piece and return what came to its end in it; raises ``BrokenFormError``."""
        self._size += len(chunk)
        if self._size > self._rules.largest_form:
            raise BrokenFormError("large")
        if not self._ended:
            self._write(self._begun_rightly(chunk))
        events, self._events = self._events, []
        return events

    def finish(self) -> None:
        """Say that there is nothing more; raises ``BrokenFormError`` when the form was not over."""
        if not self._ended:
            raise BrokenFormError("broken")

    def _begun_rightly(self, chunk: bytes) -> bytes:
        # No browser or library writes anything before the first boundary, and parsers differ about it.
        if self._start is None:
            return chunk
        wanted = b"--" + self._boundary
        self._start += chunk
        known = self._start[: len(wanted)]
        if not wanted.startswith(known):
            raise BrokenFormError("broken")
        if len(self._start) < len(wanted):
            return b""
        begun, self._start = bytes(self._start), None
        return begun

    def _write(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BrokenFormError("broken") from error

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > self._rules.most_parts:
            raise BrokenFormError("parts")
        self._part = _Part()

    def _header(self) -> None:
        self._part.headers.append((bytes(self._key).lower(), bytes(self._value)))
        self._key.clear()
        self._value.clear()

    def _headers(self) -> None:
        told = dict(self._part.headers)
        disposition, options = parse_options_header(told.get(b"content-disposition", b"").decode("latin-1"))
        if disposition != b"form-data" or b"name" not in options or len(told) != len(self._part.headers):
            raise BrokenFormError("broken")
        part, part.name = self._part, _text(options[b"name"])
        part.filename = _filename(told[b"content-disposition"], options)
        part.is_file = part.name == self._rules.file
        part.fault = self._objection(part, told.get(b"content-type", b""))

    def _objection(self, part: _Part, content_type: bytes) -> Fault | None:
        if part.is_file:
            return None
        if part.name not in self._rules.fields:
            return Fault(field=_shown(part.name), reason="unknown")
        if part.name in self._seen and part.name not in self._rules.repeated:
            return Fault(field=part.name, reason="repeated")
        self._seen.add(part.name)
        _, options = parse_options_header(content_type.decode("latin-1"))
        if options.get(b"charset", b"").lower() not in _UTF_8:
            return Fault(field=part.name, reason="charset")
        return None

    def _data(self, data: bytes) -> None:
        part = self._part
        part.size += len(data)
        if part.is_file:
            self._file_data(part, data)
        elif part.fault is None:
            part.value += data
            if part.size > self._rules.fields[part.name]:
                part.fault = Fault(field=part.name, reason="too_long")
                part.value.clear()

    def _file_data(self, part: _Part, data: bytes) -> None:
        if not part.begun:
            self._begin_file(part)
        if part.fault is None and part.size > self._rules.largest_file:
            part.fault = self._file_fault(part, "size", self._rules.largest_file)
        if part.fault is None and self._file_bytes + part.size > self._rules.largest_files:
            part.fault = self._file_fault(part, "total", self._rules.largest_files)
        if part.fault is None:
            self._events.append(FileData(data=data))

    def _begin_file(self, part: _Part) -> None:
        part.begun = True
        self._files += 1
        if self._files > self._rules.most_files:
            part.fault = self._file_fault(part, "count", self._rules.most_files)
        self._events.append(FileBegins(name=part.filename))

    def _file_fault(self, part: _Part, reason: str, limit: int) -> Fault:
        return Fault(field=part.name, reason=reason, limit=limit, name=_shown(part.filename))

    def _end(self) -> None:
        part = self._part
        if part.is_file:
            self._end_file(part)
        elif part.fault is not None:
            self.faults.append(part.fault)
        else:
            self._end_field(part)

    def _end_file(self, part: _Part) -> None:
        if not part.begun:
            if not part.filename:
                return  # nothing was chosen
            self._begin_file(part)
        fault = part.fault and replace(part.fault, found=part.size)
        if fault is None:
            self._file_bytes += part.size
        self._events.append(FileEnds(size=part.size, fault=fault))

    def _end_field(self, part: _Part) -> None:
        try:
            # Lone surrogates are taken out like U+0000; bytes that are no UTF-8 at all are not guessed at.
            value = bytes(part.value).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            self.faults.append(Fault(field=part.name, reason="charset"))
            return
        value = clean(value).replace("\r\n", "\n").replace("\r", "\n")
        self._events.append(Field(name=part.name, value=value))

    def _finished(self) -> None:
        self._ended = True


def _boundary_of(content_type: str) -> bytes:
    # aiohttp gives headers as text of any letters, the library reads Latin-1.
    header = content_type.encode("utf-8", "surrogateescape").decode("latin-1")
    kind, options = parse_options_header(header)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not _BOUNDARY.fullmatch(boundary):
        raise BrokenFormError("broken")
    return boundary


def _filename(header: bytes, options: Mapping[bytes, bytes]) -> str:
    """Return a file's name: as browsers write it, percent-encoded, or as RFC 8187 has it."""
    if b"filename" in options:
        name = _text(options[b"filename"])
        return _unquoted(name) if name.isascii() else name
    extended = _EXTENDED_NAME.search(_text(header))
    return _unquoted(extended[1]) if extended else ""


def _unquoted(name: str) -> str:
    try:
        return clean(unquote(name, errors="strict"))
    except UnicodeDecodeError:
        return name


def _text(value: bytes) -> str:
    return clean(value.decode("utf-8", "replace"))


def _shown(name: str) -> str:
    """Return a name that somebody sent as it may be shown to them again."""
    return "".join(letter for letter in name if letter.isprintable())[:60]
