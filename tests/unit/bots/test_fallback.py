import logging

import pytest

from bots.fallback import WithFallback
from hotline.errors import UnderstandingAwayError
from hotline.understanding import Intent, Understanding


class Reads:
    def __init__(self, by: str) -> None:
        self._by = by

    async def understand(self, text: str) -> Understanding:
        return Understanding(intent=Intent.HELP, confidence=0.9, by=self._by)


class Away:
    async def understand(self, text: str) -> Understanding:
        raise UnderstandingAwayError("rasa: status 500")


async def test_the_primary_is_asked_first() -> None:
    both = WithFallback(Reads("rasa"), Reads("keywords"))
    assert (await both.understand("停水了")).by == "rasa"
    assert (both.answered, both.fallbacks) == (1, 0)


async def test_when_it_is_away_the_fallback_reads_and_no_word_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    both = WithFallback(Away(), Reads("keywords"))
    with caplog.at_level(logging.DEBUG):
        assert (await both.understand("张三家停水了")).by == "keywords"
    assert (both.answered, both.fallbacks) == (0, 1)
    assert [record.getMessage() for record in caplog.records] == ["understanding.fell_back"]
    assert "张三" not in str([record.__dict__ for record in caplog.records])
