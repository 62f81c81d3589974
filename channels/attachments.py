"""Which files citizens may send along: told by their content, never by their name alone. Pure."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from channels.base import RefusedFileError
from hotline.message import clean

LARGEST = 10 * 1024 * 1024  #: bytes of one file (CONTRACT)
LONGEST_NAME = 100  #: characters of a file's name, as it is kept
HEAD = 64  #: bytes that tell a type

JPEG, PNG, GIF, WEBP = "image/jpeg", "image/png", "image/gif", "image/webp"
PDF, TEXT, MP3, AMR, MP4 = "application/pdf", "text/plain", "audio/mpeg", "audio/amr", "video/mp4"
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX, XLSX = f"{_OFFICE}.wordprocessingml.document", f"{_OFFICE}.spreadsheetml.sheet"
ZIP = "application/zip"  #: a docx or xlsx, told apart by what it holds

IMAGES = frozenset({JPEG, PNG, GIF, WEBP})
#: the endings that each type may have; the first is put behind a name that has none
ENDINGS: Mapping[str, tuple[str, ...]] = {
    JPEG: ("jpg", "jpeg", "jpe", "jfif"),
    PNG: ("png",),
    GIF: ("gif",),
    WEBP: ("webp",),
    PDF: ("pdf",),
    DOCX: ("docx",),
    XLSX: ("xlsx",),
    TEXT: ("txt",),
    MP3: ("mp3",),
    AMR: ("amr",),
    MP4: ("mp4", "m4v", "m4a"),
}

#: ISO/IEC 14496-12, 4.3, brands registered for MP4 (not QuickTime, not HEIF, not 3GPP)
_MP4_BRANDS = frozenset(
    {b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"M4A ", b"MSNV", b"dash"}
)  # fmt: skip
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")
#: what looks like an ending: letters, or a digit and letters; the figures of a date are none
_ENDING = re.compile(r"\.((?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,8})\Z")
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)  # controls, text direction


def type_of(head: bytes) -> str | None:
    """Return what a file that begins with ``head`` says it is; ``None`` for text and for what is not taken."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return MP4 if head[8:12] in _MP4_BRANDS else None
    for start, found in _STARTS:
        if head.startswith(start):
            return found
    return MP3 if _is_mp3_frame(head) else None


_STARTS = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"%PDF-", PDF),
    (b"PK\x03\x04", ZIP),
    (b"ID3", MP3),
    (b"#!AMR\n", AMR),
    (b"#!AMR-WB\n", AMR),
)


def _is_mp3_frame(head: bytes) -> bool:
    """Tell whether ``head`` is the header of an MPEG audio frame of layer III (ISO/IEC 11172-3, 2.4.1.3)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    version, rate, bits = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    return version != 1 and rate != 3 and bits not in (0, 15)


@dataclass(slots=True)
class Sniffer:
    """Watches a file go by and says in the end what it is."""

    size: int = 0
    _head: bytearray = field(default_factory=bytearray)
    _is_text: bool = True
    _readers: list[codecs.IncrementalDecoder] = field(
        default_factory=lambda: [codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030")]
    )

    def see(self, chunk: bytes) -> None:
        """Look at the next piece; raises ``RefusedFileError`` when the file is larger than any may be."""
        self.size += len(chunk)
        if self.size > LARGEST:
            raise RefusedFileError("size", size=self.size)
        if len(self._head) < HEAD:
            self._head += chunk[: HEAD - len(self._head)]
        if self._is_text:
            self._is_text = not _CONTROLS.search(chunk) and self._reads(chunk)

    def type(self) -> str:
        """Return the type of the whole file, or raise ``RefusedFileError``: empty, or none that is taken."""
        if not self.size:
            raise RefusedFileError("empty")
        found = type_of(bytes(self._head))
        if found is None and self._is_text and self._reads(b"", final=True):
            return TEXT
        if found is None:
            raise RefusedFileError("type", size=self.size)
        return found

    def _reads(self, chunk: bytes, *, final: bool = False) -> bool:
        # Text files written in China are UTF-8 or GB 18030; one of the two must read all of it.
        self._readers = [reader for reader in self._readers if _decodes(reader, chunk, final)]
        return bool(self._readers)


def _decodes(reader: codecs.IncrementalDecoder, chunk: bytes, final: bool) -> bool:
    try:
        reader.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def kept_name(name: str, kind: str) -> str:
    """Return the name under which a file of type ``kind`` is kept: no folders, no controls, an ending of its type.

    Raises ``RefusedFileError`` where the ending says that it is something else.
    """
    bare = _UNSAFE.sub("", clean(re.split(r"[\\/]", name)[-1])).strip(" .")
    found = _ENDING.search(bare)
    if found is not None and found[1].lower() not in ENDINGS[kind]:
        raise RefusedFileError("mismatch")
    stem, ending = (bare[: found.start()], found[1]) if found else (bare, ENDINGS[kind][0])
    return f"{stem[: LONGEST_NAME - len(ending) - 1] or 'file'}.{ending}"


def says_otherwise(name: str) -> bool:
    """Tell whether ``name`` ends like a file that is taken, so that another content is a contradiction."""
    found = _ENDING.search(name)
    return found is not None and any(found[1].lower() in endings for endings in ENDINGS.values())
