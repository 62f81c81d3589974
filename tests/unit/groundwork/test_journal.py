"""Logs carry event names and ids; what foreign errors quote does not get out."""

import json
import logging
import subprocess
import sys

from groundwork.journal import JsonLines
from groundwork.settings import PROJECT


def line_of(record: logging.LogRecord) -> dict[str, object]:
    return dict(json.loads(JsonLines().format(record)))


def test_a_record_is_one_line_of_json() -> None:
    record = logging.makeLogRecord({"msg": "message.admitted", "levelname": "INFO", "message_id": 7})
    line = line_of(record)
    assert line["event"] == "message.admitted" and line["message_id"] == 7 and line["level"] == "info"


def test_an_exceptions_text_is_not_logged() -> None:
    try:
        raise ValueError("张样例 13900000000 says")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    line = line_of(logging.makeLogRecord({"msg": "it.failed", "exc_info": info}))
    assert line["error"] == "ValueError" and "13900000000" not in json.dumps(line, ensure_ascii=False)
    assert "张样例" not in json.dumps(line, ensure_ascii=False)


def test_a_number_that_slips_into_a_message_is_masked() -> None:
    line = line_of(logging.makeLogRecord({"msg": "called 13900000000", "note": "13900000000"}))
    assert "13900000000" not in json.dumps(line)


def test_what_the_server_says_of_an_unreadable_request_is_not_logged() -> None:
    program = (
        "import logging; from groundwork.journal import open_journal; open_journal();"
        "logging.getLogger('aiohttp.server').error('Error handling request: zhang 13900000000');"
        "logging.getLogger('gateway').error('request.failed')"
    )
    argv = [sys.executable, "-c", program]
    said = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, check=True).stderr
    assert "request.failed" in said
    assert "zhang" not in said
