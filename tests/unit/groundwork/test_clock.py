"""A clock that a file drives: read by every process alike, waited by, never in charge outside loopback."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from groundwork.clock import clock_from, pause
from groundwork.settings import Settings, SettingsError
from hotline.calendar import CITY_TIME

FIRST, LATER = (datetime(2026, month, 29, 9, tzinfo=CITY_TIME) for month in (9, 10))
BRIEF = timedelta(seconds=30)  #: of a slow machine


@pytest.fixture
def file(tmp_path: Path) -> Path:
    set_to(tmp_path / "clock", FIRST)
    return tmp_path / "clock"


def set_to(path: Path, at: datetime) -> None:
    draft = path.with_name("new")
    draft.write_text(at.isoformat())
    draft.replace(path)


def test_two_readers_of_one_file_agree_and_jump_together(file: Path) -> None:
    one, other = clock_from(file), clock_from(file)
    assert FIRST <= one() <= other() < FIRST + BRIEF
    set_to(file, LATER)
    assert LATER <= other() <= one() < LATER + BRIEF


def test_what_was_read_last_holds_while_the_file_is_gone_or_says_nothing(file: Path) -> None:
    clock = clock_from(file)
    before = clock()
    file.write_text("soon")
    assert before <= clock() < FIRST + BRIEF
    file.unlink()
    assert before <= clock() < FIRST + BRIEF


async def test_a_pause_of_a_month_ends_with_the_jump(file: Path) -> None:
    clock = clock_from(file)
    waiting = asyncio.create_task(pause(clock, timedelta(days=29).total_seconds()))
    await asyncio.sleep(0)
    assert not waiting.done()
    set_to(file, LATER)
    await asyncio.wait_for(waiting, BRIEF.total_seconds())


def test_a_file_drives_the_clock_on_loopback_only_and_must_be_there(file: Path) -> None:
    assert Settings.from_env({"HUYING_CLOCK": f"file:{file}"}).clock == file
    outside = {"HUYING_CLOCK": f"file:{file}", "HUYING_HOST": "0.0.0.0"}
    with pytest.raises(SettingsError, match="CLOCK: a file is allowed on loopback only"):
        Settings.from_env(outside)
    for wrong in (f"file:{file}.not", "file:clock"):
        with pytest.raises(SettingsError, match="names no file"):
            Settings.from_env({"HUYING_CLOCK": wrong})
