"""Looks into office documents, which are zip archives, without trusting what they say of themselves.

Everything here blocks: call it in a thread.
"""

import io
import zipfile

from channels.attachments import DOCX, XLSX
from channels.base import RefusedFileError

MOST_ENTRIES = 2_000
MOST_UNPACKED = 100 * 1024 * 1024  #: bytes of all entries together
STEP = 256 * 1024
_MARKS = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX}
_TYPES = "[Content_Types].xml"
_ENCRYPTED = 0x1


def document_type(data: bytes) -> str:
    """Return whether the archive ``data`` is a docx or an xlsx.

    Raises ``RefusedFileError``: another archive, one with macros or a password, damaged, or a bomb.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = _type_told(archive)
            _unpack(archive, len(data))
            return found
    except RefusedFileError:
        raise
    except Exception as error:  # a crooked archive raises whatever its reader trips over
        raise RefusedFileError("damaged", size=len(data)) from error


def _type_told(archive: zipfile.ZipFile) -> str:
    names = archive.namelist()
    if len(names) > MOST_ENTRIES:
        raise RefusedFileError("damaged")
    found = [kind for mark, kind in _MARKS.items() if mark in names]
    macros = any(name.lower().endswith("vbaproject.bin") for name in names)
    if len(found) != 1 or _TYPES not in names or macros or len(set(names)) != len(names):
        raise RefusedFileError("type")
    return found[0]


def _unpack(archive: zipfile.ZipFile, size: int) -> None:
    """Read every entry to its end, so that what is told about sizes and checksums is true."""
    entries, unpacked = archive.infolist(), 0
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise RefusedFileError("type")
    if sum(entry.compress_size for entry in entries) > size:  # entries that share their bytes
        raise RefusedFileError("damaged")
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise RefusedFileError("damaged")
    for entry in entries:
        with archive.open(entry) as stream:
            while piece := stream.read(STEP):
                unpacked += len(piece)
                if unpacked > MOST_UNPACKED:
                    raise RefusedFileError("damaged")
