"""Polls on the real record: begun by a dispatcher, answered once by each browser, counted live."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from gateway.store.polls import Polls
from groundwork.audit import PROGRAM, Audit
from groundwork.database import open_pool
from groundwork.vault import Vault
from hotline.polls import Answer, Poll, results
from tests.dispatch import settings_for

pytestmark = pytest.mark.enable_socket


@pytest.mark.duty("PDS-21")
async def test_a_browser_is_counted_once_and_results_are_live(gateway_url: str, tmp_path: Any) -> None:
    now = datetime.now(UTC)
    async with open_pool(gateway_url) as pool:
        await pool.execute("TRUNCATE polls, poll_answers")
        audit = Audit(Vault.from_settings(settings_for(gateway_url, tmp_path)), "gateway", clock=lambda: now)
        polls = Polls(pool, audit, city="pingdingshan")
        poll = Poll(
            id=0, question="满意吗？", options=("满意", "不满意"), ordered_by="市政府", first=date(2026, 11, 1),
            last=date(2026, 11, 30), areas=("示例区",),
        )  # fmt: skip
        id = await polls.add(poll, by=PROGRAM, at=now)
        answer = Answer(option=0, area="示例区", group="", day=date(2026, 11, 2))
        assert [await polls.answer(id, answer, voter=voter) for voter in (b"one", b"two", b"one")] == [
            True,
            True,
            False,
        ]
        kept = await polls.find(id)
        assert kept is not None and (kept.id, kept.question) == (id, "满意吗？")
        found = results(kept, await polls.answers(id))
        assert (found.whole.numbers, found.areas[0].numbers) == ((2, 0), (2, 0))
        assert [one.id for one in await polls.listed()] == [id]
        assert await Polls(pool, audit, city="suqian").find(id) is None
