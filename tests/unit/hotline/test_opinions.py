"""What citizens say of an answer, by a choice, a number or in words, is told once, of the answer they saw."""

import pytest

from hotline.turn import Opinion
from hotline.understanding import Intent
from tests.dialogue import Person, pack_of

PACK = pack_of("_example")


@pytest.mark.parametrize(
    ("said", "solved"), [("已经解决了", True), ("没用", False), ("1", True), ("2", False)]
)
def test_a_choice_under_an_answer_is_an_opinion_of_it_once(said: str, solved: bool) -> None:
    one = Person(pack=PACK, channel="wechat")
    one.says("身份证怎么补办", intent=Intent.CONSULT, answered=True)
    assert one.says(said, numbered=True).turn.opinion == Opinion(article_id="a", solved=solved)
    assert one.says(option="solved").turn.opinion is None  # nothing is asked any more


def test_other_words_after_an_answer_are_no_opinion() -> None:
    one = Person(pack=PACK)
    one.says("身份证怎么补办", intent=Intent.CONSULT, answered=True)
    assert one.says("你好", intent=Intent.GREET).turn.opinion is None
    assert one.says(option="unsolved").turn.opinion is None


def test_a_letter_whose_answer_did_not_help_says_so_of_its_article() -> None:
    one = Person(pack=PACK, channel="mailbox")
    one.says("身份证怎么补办？", intent=Intent.CONSULT, answered=True, letter=True,
             fields=(("subject", "身份证"), ("kind", "consultation")))  # fmt: skip
    assert one.state.letter is not None and one.state.letter.outcome == "answered"
    came = one.says(option="unsolved", about=one.state.letter.identity.number)
    assert came.turn.opinion == Opinion(article_id="a", solved=False) and came.filed
