"""What citizens of the fictional city say, turn by turn, and exactly what must come of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

CITY = "_example"


def phone_of(n: int) -> str:
    """Return a number of one person's own: the same matter told again by one person is linked, not another ticket."""
    return f"139{n % 10**8:08}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One message and the kinds of the replies that it must get, in order."""

    text: str
    kinds: tuple[str, ...]
    option: str = ""  #: what to tap instead, where the channel has something to tap
    place: str = ""  #: where the channel has a field for it, like ``kind``
    kind: str = ""
    phone: str = ""  #: the same
    files: int = 0  #: pictures that come along, where the channel takes some


@dataclass(frozen=True, kw_only=True, slots=True)
class Filed:
    """A ticket that must exist exactly once, and what the centre must hear about it, in this order."""

    kind: str
    place: str
    phone: str = ""
    events: tuple[str, ...] = ("filed",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """One conversation from its first word to its last."""

    name: str
    steps: tuple[Step, ...]
    tickets: tuple[Filed, ...] = ()
    leaves: bool = False  #: whoever tells it is gone once they were answered at all


def _said(text: str, *kinds: str, option: str = "") -> Step:
    return Step(text=text, kinds=kinds, option=option)


HELLO = _said("你好", "smalltalk")
_COMPLAINT = "我们小区旁边有人占道经营，天天把路堵死，没人管，我要投诉"
_CONFIRM = _said("对的", "ticket", option="confirm")


def complaint(n: int) -> Story:
    """A complaint told in order and confirmed: one ticket, each answer in its own field."""
    place = f"示例路{n}号菜市场门口"
    steps = (
        _said(_COMPLAINT, "clarify"),
        _said(place, "clarify"),
        _said(phone_of(n), "clarify"),
        _said("样例先生", "summary"),
        _CONFIRM,
    )
    return Story(
        name="complaint", steps=steps, tickets=(Filed(kind="complaint", place=place, phone=phone_of(n)),)
    )


def street_lamp(n: int) -> Story:
    """A call for help with every question asked, and a greeting after it."""
    place = f"示例路{n}号"
    steps = (
        _said("路灯坏了很久没人修，希望尽快修好", "clarify"),
        _said(place, "clarify"),
        _said("昨天晚上", "clarify"),
        _said(phone_of(n), "clarify"),
        _said("样例女士", "summary"),
        _CONFIRM,
        _said("你好", "smalltalk"),
    )
    return Story(
        name="street lamp", steps=steps, tickets=(Filed(kind="help", place=place, phone=phone_of(n)),)
    )


def consultation(n: int) -> Story:
    """Questions that an article answers; no ticket ever."""
    question = ("哪些事项不受理", "办完会回访吗", "怎么反映问题")[n % 3]
    steps = (_said("你好", "smalltalk"), _said(question, "answer"), _said("谢谢", "smalltalk"))
    return Story(name="consultation", steps=steps)


def fire(n: int) -> Story:
    """A sure danger and where it is: one ticket at once, and two supplements behind it."""
    place = f"示例小区{n}号楼"
    steps = (
        _said(f"{place}着火了", "emergency", "ticket"),
        _said(f"{place}二单元", "notice"),
        _said(f"{place}着火了", "emergency", "notice"),
        _said("谢谢", "smalltalk"),
    )
    events = ("filed", "supplemented", "supplemented")
    return Story(name="fire", steps=steps, tickets=(Filed(kind="help", place=place, events=events),))


def cry(n: int) -> Story:
    """A sure danger from somebody who runs: what was answered must not depend on their asking again."""
    place = f"示例小区{n}号楼"
    step = _said(f"{place}着火了", "emergency", "ticket")
    return Story(name="cry", steps=(step,), tickets=(Filed(kind="help", place=place),), leaves=True)


def fire_in_between(n: int) -> Story:
    """A danger in the middle of a complaint: two tickets, and the complaint goes on."""
    house, place = f"示例小区{n}号楼", f"示例路{n}号菜市场门口"
    steps = (
        _said(_COMPLAINT, "clarify"),
        _said(f"{house}着火了", "emergency", "ticket"),
        _said(f"{house}二单元", "notice", "clarify"),
        _said(place, "clarify"),
        _said(phone_of(n), "clarify"),
        _said("样例先生", "summary"),
        _CONFIRM,
    )
    burning = Filed(kind="help", place=house, events=("filed", "supplemented"))
    return Story(
        name="fire in between",
        steps=steps,
        tickets=(burning, Filed(kind="complaint", place=place, phone=phone_of(n))),
    )


def second_look(n: int) -> Story:
    """A matter that is refused and then looked at by a person."""
    steps = (
        _said("我和邻居的案子法院已经判了我败诉，我不服，你们让法院改判", "refusal"),
        _said("请人工复核", "clarify", option="review"),
        _said(phone_of(n), "handover"),
    )
    return Story(name="second look", steps=steps, tickets=(Filed(kind="other", place="", phone=phone_of(n)),))


TALKS: Sequence[Callable[[int], Story]] = (
    complaint,
    street_lamp,
    consultation,
    fire,
    cry,
    cry,
    cry,
    fire_in_between,
    second_look,
)


def lamp_letter(n: int) -> Story:
    """A letter that becomes a ticket, two times in three with pictures."""
    place = f"示例路{n}号"
    step = Step(
        text="路灯坏了很久没人修，晚上看不见路，希望尽快修好。",
        kinds=("ticket",),
        place=place,
        phone=phone_of(n),
        files=n % 3,
    )
    return Story(name="letter", steps=(step,), tickets=(Filed(kind="help", place=place, phone=phone_of(n)),))


def asking_letter(n: int) -> Story:
    """A letter that an article answers."""
    step = Step(
        text=("哪些事项不受理", "办完会回访吗")[n % 2],
        kinds=("answer",),
        kind="consultation",
        phone=phone_of(n),
    )
    return Story(name="asking letter", steps=(step,))


def refused_letter(n: int) -> Story:
    """A letter about what is with the courts."""
    text = "我和邻居的案子法院已经判了我败诉，我不服，你们让法院改判"
    return Story(name="refused letter", steps=(Step(text=text, kinds=("refusal",), phone=phone_of(n)),))


def burning_letter(n: int) -> Story:
    """A letter from somebody in danger."""
    place = f"示例小区{n}号楼"
    step = Step(text=f"{place}着火了", kinds=("emergency", "ticket"), place=place, phone=phone_of(n))
    return Story(
        name="burning letter", steps=(step,), tickets=(Filed(kind="help", place=place, phone=phone_of(n)),)
    )


LETTERS: Sequence[Callable[[int], Story]] = (lamp_letter, asking_letter, refused_letter, burning_letter)


def talks(random: Random, first: int, messages: int) -> list[Story]:
    """Return talks, numbered from ``first``, of ``messages`` messages or a few more; the first ones are one of each."""
    return _told(TALKS, random, first, messages)


def letters(random: Random, first: int, messages: int) -> list[Story]:
    """Return letters, numbered from ``first``; the first ones are one of each."""
    return _told(LETTERS, random, first, messages)


def _told(makers: Sequence[Callable[[int], Story]], random: Random, first: int, messages: int) -> list[Story]:
    told: list[Story] = []
    while sum(len(story.steps) for story in told) < messages:
        n = first + len(told)
        make = makers[len(told)] if len(told) < len(makers) else random.choice(makers)
        told.append(make(n))
    random.shuffle(told)
    return told
