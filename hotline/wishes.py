"""What short messages ask for: told by the city's lists of words, whatever the understanding made of them."""

import re

from hotline.citypack import CityPack
from hotline.conversation import Phase
from hotline.scene import CLEAR, Scene
from hotline.ticket import is_ticket_number, normalised
from hotline.understanding import Intent

WISHES = ("urge", "supplement", "withdraw", "rate")
SAYS = (*WISHES, "restart", "back", "skip", "anonymous", "impatient", "rude")
BY_INTENT = frozenset({"urge", "withdraw", "rate"})  #: what a clear intent may tell as well as the lists
BARE = 6  #: a demand this short may name no matter yet: "complaint" alone
LONGEST = 24  #: letters that such a message has at most, without the number of a ticket
_NUMBER = re.compile(r"(?<![0-9A-Za-z])20[0-9]{6}[ \-]?[0-9A-Za-z]{9}(?![0-9A-Za-z])")


def wish_of(scene: Scene, *among: str) -> str:
    """Return which of ``among`` the words ask for and nothing else, or the empty string."""
    understood = scene.heard.understanding
    told = understood.intent.value if understood.confidence >= CLEAR else ""
    idle = scene.before.phase is Phase.IDLE and bool(scene.before.tickets)
    if told in BY_INTENT and told in among and idle:
        return told  # a sentence that asks for it: nothing is in hand that it could be an answer to
    text = _NUMBER.sub("", scene.text)
    return next((wish for wish in among if says_only(scene.pack, text, f"says_{wish}")), "")


def says_only(pack: CityPack, text: str, name: str, *beside: str) -> bool:
    """Tell whether ``text`` holds words of the list ``name`` and else only words of ``beside`` and such as say nothing."""
    if len(text) > LONGEST:
        return False
    left = _without(text, pack.words[name].split())
    if left == text:
        return False
    others = [word for name in (*beside, "fillers") for word in pack.words[name].split()]
    return not any(letter.isalnum() for letter in _without(left, others))


def _without(text: str, words: list[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, " ")
    return text


def holds(pack: CityPack, text: str, name: str) -> bool:
    """Tell whether ``text`` holds a word of the list ``name``."""
    return any(word in text for word in pack.words[name].split())


def number_in(text: str) -> str:
    """Return the ticket number that ``text`` holds, in its one form; empty where there is none."""
    found = (normalised(match[0]) for match in _NUMBER.finditer(text))
    return next((number for number in found if is_ticket_number(number)), "")


def without_number(text: str) -> str:
    """Return ``text`` without ticket numbers and the signs around it."""
    return _NUMBER.sub("", text).strip()


def plain(text: str) -> str:
    """Return ``text`` without blanks, full stops and exclamation marks at its ends."""
    return text.strip().rstrip("\u3002.!\uff01 ")  # full stops and exclamation marks


def calls_off(scene: Scene) -> bool:
    """Tell whether the words can only mean that nothing is to be filed."""
    return plain(scene.text) in scene.pack.words["calls_off"].split()


def declines(scene: Scene) -> bool:
    """Tell whether the citizen does not want to answer the question."""
    told = plain(scene.text) in scene.pack.words["declines"].split()
    return told or scene.choice == "skip" or scene.intent is Intent.DENY
