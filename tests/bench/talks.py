"""What is said in a bench: a mix of conversations, and the one that both systems hold."""

from collections.abc import Callable, Iterator
from random import Random

from tests.faults.stories import Step, Story, phone_of


def step(text: str, *kinds: str) -> Step:
    """Return a message that must get replies of those kinds."""
    return Step(text=text, kinds=kinds)


def street_lamp(n: int) -> Story:
    """What, where, when, how to reach you, who, yes: six messages, one ticket."""
    steps = (
        step("路灯坏了很久没人修，希望尽快修好", "clarify"),
        step(f"示例路{n % 900 + 1}号", "clarify"),
        step("昨天晚上", "clarify"),
        step(phone_of(n), "clarify"),
        step("样例女士", "summary"),
        step("对的", "ticket"),
    )
    return Story(name="street lamp", steps=steps)


def ten_lamps(n: int) -> Story:
    """The same ten times over in one session."""
    steps = tuple(step for lamp in range(10) for step in street_lamp(10 * n + lamp).steps)
    return Story(name="ten lamps", steps=steps)


def consultation(n: int) -> Story:
    """A question that an article answers, between two courtesies."""
    questions = ("给市长信箱写信，多久能有回复？", "哪些事项不受理", "怎么给热线留言反映问题")
    steps = (
        step("你好", "smalltalk"),
        step(questions[n % len(questions)], "answer"),
        step("谢谢", "smalltalk"),
    )
    return Story(name="consultation", steps=steps)


def unanswered(n: int) -> Story:
    """A question that nobody wrote an answer to."""
    return Story(name="unanswered", steps=(step("请问办理护照需要带哪些材料？", "clarify"),))


def refused(n: int) -> Story:
    """A matter that is with the courts, and a person who looks again."""
    steps = (
        step("我和邻居的案子法院已经判了我败诉，我不服，你们让法院改判", "refusal"),
        step("请人工复核", "clarify"),
        step(phone_of(n), "handover"),
    )
    return Story(name="refused", steps=steps)


def fire(n: int) -> Story:
    """A sure danger, and where it is."""
    house = f"示例小区{n % 90 + 1}号楼"
    steps = (step(f"{house}着火了", "emergency", "ticket"), step(f"{house}二单元", "notice"))
    return Story(name="fire", steps=steps)


#: conversations by weight: an assumption, told in docs/performance.md
MIX: dict[Callable[[int], Story], int] = {
    consultation: 45,
    street_lamp: 30,
    unanswered: 12,
    refused: 8,
    fire: 5,
}
SAME: dict[Callable[[int], Story], int] = {street_lamp: 1}  #: the conversation that Rasa holds too
LONG: dict[Callable[[int], Story], int] = {
    ten_lamps: 1
}  #: it again and again, as one citizen's line grows old
MIXES = {"mix": MIX, "same": SAME, "long": LONG}


def endless(mix: str, random: Random) -> Iterator[Story]:
    """Yield conversations of a mix for ever."""
    makers = MIXES[mix]
    n = 0
    while True:
        n += 1
        yield random.choices([*makers], weights=[*makers.values()])[0](n)
