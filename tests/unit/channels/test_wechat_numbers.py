"""A number that a citizen sees chooses what stands beside it, whatever was said before."""

import random
import re
import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from channels.wording import Wording
from cities.loading import load_pack
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack
from hotline.conversation import Conversation
from hotline.decision import decide
from hotline.message import InboundMessage
from hotline.replies import reply_for
from hotline.scene import Heard
from hotline.screening import screen_acceptance, screen_emergency
from hotline.ticket import TicketIdentity, ticket_number
from hotline.turn import Turn
from hotline.understanding import Finding, Intent, Understanding
from tests.web.fake_app import HIT

NOON = datetime(2026, 9, 29, 12, tzinfo=CITY_TIME)
TEXTS = [
    "你好", "路灯坏了三天没有人来修", "示例路1号门口", "13900000000", "不留", "是", "不是", "屋里好像有点烟味", "好像闻到煤气味",
    "法院已经判了，我不服", "怎么办身份证", "转人工", "不提交了", "谢谢", "我要投诉",
]  # fmt: skip


def turned(pack: CityPack, state: Conversation, message: InboundMessage, intent: Intent) -> Turn:
    heard = Heard(
        message=message,
        danger=screen_emergency(message.screened, pack),
        ground=screen_acceptance(message.demand, pack) if message.demand else None,
        understanding=Understanding(intent=intent, confidence=0.9),
        finding=Finding(hits=(HIT,), answered=True) if intent is Intent.CONSULT else Finding(),
    )
    identity = TicketIdentity(number=ticket_number(NOON.date(), "7K2M9XQ4"), query_code="K7M4PX")
    return decide(pack, state, heard, fresh=(identity,))


@pytest.mark.parametrize("city", ["_example", "pingdingshan"])
def test_the_numbers_shown_are_the_numbers_remembered(city: str) -> None:
    seed = int(time.time())
    print(f"seed {seed}")
    draw, pack = random.Random(seed), load_pack(city)
    wording, state, at, shown = Wording(pack.say, ""), Conversation(id="wechat:p"), NOON, 0
    for number in range(600):
        at += timedelta(minutes=draw.choice([1, 1, 1, 20, 200]))
        text = draw.choice([*TEXTS, "1", "2", "3"])
        message = InboundMessage(
            key=f"k{number}", city=city, channel="wechat", conversation="wechat:p", sender="p", received_at=at,
            text=text, numbered=True,
        )  # fmt: skip
        turn = turned(pack, state, message, draw.choice(list(Intent)))
        told = "\n".join(wording.parts([reply_for(decision, pack) for decision in turn.decisions]))
        options = re.findall(r"^(\d+)\. (.+)$", told, re.MULTILINE)
        remembered = [(str(n), option.label) for n, option in enumerate(turn.conversation.offered, 1)]
        assert options == remembered[: len(options)], text
        shown += len(options)
        state = replace(turn.conversation, tickets=turn.conversation.tickets[-3:])
    assert shown > 100
