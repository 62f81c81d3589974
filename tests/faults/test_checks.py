"""What the checks find, on made-up cases: a check that finds nothing proves nothing."""

import json
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

from tests.faults.platform import HABITS, Journal, Shown, TroubledPlatform
from tests.faults.reached import Owed, compared, said_again
from tests.wechat.platform import APPID, SECRET

CALM = (Owed(words=("一",)), Owed(words=("二", "三")))
FIRE = Owed(words=("打119", "单号"), urgent=True)


def shown(*contents: str) -> list[Shown]:
    return [Shown(at=float(at), content=content) for at, content in enumerate(contents)]


@pytest.mark.parametrize(
    "contents", [("一", "二\n三"), ("一二三",), ("一", "一", "二三"), ("一", "二三", "一")]
)
def test_everything_in_order_is_right_even_said_twice(contents: tuple[str, ...]) -> None:
    assert compared(CALM, shown(*contents)) == []


def test_a_reply_that_never_came_is_found() -> None:
    assert compared(CALM, shown("一", "二")) == ["never shown: 三"]
    assert compared((*CALM, *CALM), shown("一", "二三", "一", "二")) == ["never shown: 三"]


def test_replies_out_of_order_are_found() -> None:
    (found,) = compared(CALM, shown("二三", "一"))
    assert found.startswith("out of order")


def test_a_number_to_call_may_overtake_and_must_come() -> None:
    assert compared((*CALM, FIRE), shown("打119\n单号\n一", "二三")) == []
    assert compared((*CALM, FIRE), shown("打119", "一二三")) == ["never shown: 单号"]


def test_what_is_important_may_overtake_only_where_messages_are_short() -> None:
    owed = (*CALM, Owed(words=("单号",), important=True))
    assert compared(owed, shown("一", "单号", "二三"), short=True) == []
    assert compared(owed, shown("一", "单号", "二三")) != []
    assert compared(owed, shown("二三", "单号", "一"), short=True) != []


def test_what_is_said_twice_is_counted_with_the_time_before() -> None:
    assert said_again(CALM, shown("一", "二三")) == []
    assert said_again(CALM, shown("一", "二三", "一")) == [("一", [0.0])]


def test_words_inside_longer_ones_are_not_counted() -> None:
    owed = (Owed(words=("不客气",)), Owed(words=("不客气。再见",)))
    assert compared(owed, shown("不客气。再见")) == ["never shown: 不客气"]


@pytest.mark.enable_socket
async def test_a_platform_that_was_killed_knows_who_may_be_written_to(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    before = TroubledPlatform(journal.path, "seed")
    before.wrote("o1")
    for _ in range(4):
        before.keep("o1", "好")
        before._spend("o1")
    after = TroubledPlatform(journal.path, "seed")
    assert len(after.sent) == 4 and not after.tokens
    assert [after._spend("o1") for _ in range(2)] == [0, 45047], "the fifth of five, and no more"
    journal.read()
    journal.read()
    assert [one.content for one in journal.shown["o1"]] == ["好"] * 4 and len(journal.wrote["o1"]) == 1


@pytest.mark.enable_socket
async def test_a_message_whose_answer_is_cut_off_was_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.platform.HABITS", dict.fromkeys(HABITS, 0) | {"cut": 1})
    platform, journal = TroubledPlatform(tmp_path / "journal", "seed"), Journal(tmp_path / "journal")
    platform.wrote("o1")
    async with platform.serving() as url, ClientSession() as http:
        query = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
        async with http.get(f"{url}/cgi-bin/token", params=query) as answer:
            token = (await answer.json())["access_token"]
        body = json.dumps({"touser": "o1", "msgtype": "text", "text": {"content": "好"}}, ensure_ascii=False)
        with pytest.raises(ClientError):
            await http.post(f"{url}/cgi-bin/message/custom/send?access_token={token}", data=body.encode())
    journal.read()
    assert len(journal.shown["o1"]) == len(journal.cut["o1"]) == 1
