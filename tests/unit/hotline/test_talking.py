"""Whatever people say, in whatever order: nothing raises, loops, is lost, is filed without a yes or filed twice."""

from collections import Counter
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hotline.conversation import Phase
from hotline.turn import EmergencyTransfer, OpenTicket
from hotline.understanding import Intent
from tests.dialogue import Came, Person, pack_of

#: what is told, with the words of it that must be found again
MATTERS = {
    "路灯坏了三天没人修": ("路灯坏了三天",),
    "小区电梯坏了没人管，还有一件事，门口垃圾没人清": ("电梯坏了", "垃圾没人清"),
    "楼上天天半夜装修太吵": ("装修太吵",),
    "路灯坏了没人修": ("路灯坏了没人修",),
    "匿名举报有人偷排污水": ("偷排污水",),
    "先不说这个，门口路灯不亮": ("门口路灯不亮",),
    "还有一件事，井盖丢了好几天": ("井盖丢了",),
}
GIVING_UP = frozenset(
    {"取消", "重新说", "cancel", "start_over"}
)  #: who says so wants the matter in hand forgotten
ANSWERS = (
    "示例路1号", "我家楼下", "每天晚上", "上周开始", "13900000000", "1390000", "姓王", "不留", "跳过", "上一步",
    "不是1号是3号", "时间说错了", "电话改成13900000001", "地点改成示例路9号", "重新说", "我要匿名", "会不会泄露我的名字",
)  # fmt: skip
COURTESY = (
    "你好",
    "谢谢",
    "快点",
    "你听懂没有",
    "滚",
    "废物",
    "嗯哼呵呵",
    "哈哈",
    "1",
    "？",
    "第一个",
    "第二个",
)
WORDS = (
    "是的",
    "不是",
    "不",
    "取消",
    "催办",
    "撤回",
    "补充情况",
    "评价",
    "不满意",
    "很满意",
    "转人工",
    "查进度",
)
DANGERS = ("我家着火了", "楼道里有股怪味，好像有烟")
OPTIONS = (
    "confirm", "cancel", "add", "skip", "human", "file", "urge", "supplement", "withdraw", "rate", "withdraw_yes",
    "grade_1", "grade_5", "solved_no", "no_more", "same_urge", "same_add", "not_same", "go_on", "start_over", "add_last",
    "new_matter", "danger_yes", "danger_no", "ground_yes", "ground_no", "review", "more", "nothing-known",
)  # fmt: skip


class Talking(RuleBasedStateMachine):
    """One person in one conversation; what must hold is checked after every message."""

    def __init__(self) -> None:
        super().__init__()
        self.person = Person(pack=pack_of("pingdingshan"))
        self.matters: list[str] = []
        self.owed = ""  #: everything that was filed or told to the desk

    @rule(text=st.sampled_from(sorted(MATTERS)))
    def tells(self, text: str) -> None:
        """A matter, or one more."""
        self.matters += MATTERS[text]
        self._heard(text, self.person.says(text, intent=Intent.COMPLAIN))

    @rule(text=st.sampled_from(ANSWERS))
    def answers(self, text: str) -> None:
        """Something that may be asked for."""
        self._heard(text, self.person.says(text))

    @rule(text=st.sampled_from(COURTESY + WORDS))
    def says(self, text: str) -> None:
        """Something that brings no fact."""
        self._heard(text, self.person.says(text), yes=text in ("是的", "第一个"))

    @rule(text=st.sampled_from(DANGERS))
    def cries(self, text: str) -> None:
        """A danger, sure or in doubt."""
        came = self.person.says(text)
        assert came.replies[0].call is not None or self.person.state.doubted
        self._heard("", came)

    @rule(option=st.sampled_from(OPTIONS))
    def taps(self, option: str) -> None:
        """Any button, old ones too."""
        self._heard(option, self.person.says(option=option), yes=option == "confirm")

    @rule()
    def sends(self) -> None:
        """A photo."""
        self._heard("", self.person.says(files=(f"f{self.person.count}",)))

    @rule(minutes=st.sampled_from((5, 40, 60 * 30)))
    def waits(self, minutes: int) -> None:
        """Silence; after a day another conversation begins and what was never filed is gone with the old one."""
        self.person.now += timedelta(minutes=minutes)
        if minutes >= 60 * 24:
            self.matters.clear()

    @precondition(lambda self: self.person.tickets)
    @rule(state=st.sampled_from(("answered", "closed")))
    def works(self, state: str) -> None:
        """The dispatch centre goes on with the last ticket."""
        self.person.desk(self.person.tickets[-1].number, answered=True, closed=state == "closed")

    def _heard(self, text: str, came: Came, *, yes: bool = False) -> None:
        self._files_only_after_a_yes(came, yes)
        self._asks_nothing_three_times()
        self._keeps_what_was_told(text, came)
        assert all(reply.text or reply.call for reply in came.replies)

    def _files_only_after_a_yes(self, came: Came, yes: bool) -> None:
        kinds = [type(decision) for decision in came.turn.decisions]
        if OpenTicket in kinds and EmergencyTransfer not in kinds:
            assert yes, came.text
        assert len(came.filed) <= 1
        numbers = [ticket.number for ticket in self.person.tickets]
        assert len(numbers) == len(set(numbers))
        for told in came.told:
            assert told.subject in numbers

    def _asks_nothing_three_times(self) -> None:
        draft = self.person.state.draft
        counted = Counter(draft.asked if draft else ())
        assert not counted or max(counted.values()) <= 2, counted

    def _keeps_what_was_told(self, text: str, came: Came) -> None:
        state = self.person.state
        self.owed += "".join(ticket.text for ticket in came.filed) + "".join(told.text for told in came.told)
        drafts = (*state.waiting, *([state.draft] if state.draft else []))
        kept = "".join(words for draft in drafts for words in draft.said) + (
            state.held.text if state.held else ""
        )
        lost = [words for words in self.matters if words not in kept + self.owed + state.unanswered]
        gave_up = text in GIVING_UP or "没有提交" in came.text or "从头来" in came.text
        assert not lost or gave_up, f"{lost} after {text}: {came.text}"
        self.matters = [words for words in self.matters if words not in lost]

    @invariant()
    def an_intake_has_a_draft(self) -> None:
        """Whoever is asked something is asked it about a matter."""
        assert self.person.state.phase is Phase.IDLE or self.person.state.draft is not None

    @invariant()
    def a_way_on_is_offered(self) -> None:
        """A pause and an act that waits always know what they wait for."""
        state = self.person.state
        assert not state.paused or state.draft is not None
        assert state.doing is None or state.doing.number in state.tickets


Talking.TestCase.settings = settings(max_examples=80, stateful_step_count=25, deadline=None, print_blob=True)
test_any_sequence_of_messages_is_taken = Talking.TestCase
