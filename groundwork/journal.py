"""Structured logs: an event name and ids, one JSON object a line, never a citizen's words."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from groundwork.identities import redacted

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One record, one line; free text is redacted and exceptions keep their type and place only."""

    def format(self, record: logging.LogRecord) -> str:
        """Return ``record`` as one line of JSON."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redacted(record.getMessage()),
        }
        extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        line |= {name: redacted(value) if isinstance(value, str) else value for name, value in extra.items()}
        if record.exc_info and record.exc_info[0] is not None:
            line |= _where(record.exc_info[0], record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def _where(kind: type[BaseException], trace: Any) -> dict[str, Any]:
    # The message of a foreign exception may quote what it choked on, so only its type is kept.
    frames = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(trace)[-6:]]
    return {"error": kind.__name__, "frames": frames}


def open_journal(level: str = "INFO") -> None:
    """Send every logger of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("pgqueuer", "aiohttp.access", "asyncio", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # What it says of a request that cannot be read quotes the request; faults of handlers are logged by ourselves.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
