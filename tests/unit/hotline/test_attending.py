"""A person of the hotline in a conversation: the bot leaves what is said to them, but never a danger."""

from dataclasses import replace
from datetime import timedelta

from hotline.conversation import SILENCE, Attendance
from hotline.turn import EmergencyTransfer, LeaveToPerson, OpenTicket
from hotline.understanding import Intent
from tests.dialogue import MORNING, Person, pack_of

PACK = pack_of("_example")


def person(**more: object) -> Person:
    return Person(pack=PACK, attendance=Attendance(since=MORNING), **more)  # type: ignore[arg-type]


def test_it_is_said_once_that_a_person_reads_and_then_the_bot_is_silent() -> None:
    one = person()
    told = one.says("还有人吗")
    assert told.turn.decisions == (LeaveToPerson(tells=True),)
    assert [(reply.kind, reply.text) for reply in told.replies] == [("handover", PACK.words["attended"])]
    assert [one.says(words).replies for words in ("在吗", "我要投诉路灯", "查进度", "转人工")] == [()] * 4
    assert one.says(files=["a"]).replies == () and one.state.brought.attachments == (
        "a",
    )  # for the next ticket


def test_who_was_written_to_by_the_person_need_not_be_told() -> None:
    one = person()
    one.attendance = Attendance(since=MORNING, spoke_at=MORNING)
    assert one.says("好的").replies == ()


def test_the_bot_speaks_again_when_the_person_let_go_or_was_silent_too_long() -> None:
    one = person()
    one.says("在吗")
    one.attendance = None
    assert one.says("你好", intent=Intent.GREET).replies
    held = Attendance(since=MORNING, spoke_at=MORNING + timedelta(minutes=10))
    assert held.until == MORNING + timedelta(minutes=10) + SILENCE
    assert held.holds(held.until - timedelta(seconds=1)) and not held.holds(held.until)
    late = person(now=MORNING + SILENCE)
    assert late.says("你好", intent=Intent.GREET).turn.decisions != (LeaveToPerson(tells=True),)


def test_danger_is_answered_at_once_whoever_attends() -> None:
    one = person()
    came = one.says("着火了，三楼冒烟，有人被困")
    assert [type(decision) for decision in came.turn.decisions] == [EmergencyTransfer, OpenTicket]
    assert came.replies[0].call is not None and came.filed[0].urgent


def test_an_intake_goes_on_where_the_person_came_in() -> None:
    one = Person(pack=PACK)
    one.says("人民路的路灯坏了", intent=Intent.COMPLAIN)
    before = one.state
    one.attendance = Attendance(since=one.now)
    one.says("快一点")
    assert replace(one.state, attended=None, last_at=before.last_at, offered=before.offered) == before
