"""Which passwords may be chosen: long ones that are not mostly guessable pieces; nothing about kinds of characters.

NIST SP 800-63B, section on memorized secrets: a least length, a list of what is commonly used or expected, no rules of
composition, no change by the calendar.
"""

import re
import secrets
import unicodedata

from hotline.errors import HotlineError

LEAST, MOST = 12, 1_000
LEAST_OF_ONES_OWN = 6  #: characters that must be left when everything guessable is taken out
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read for something else

#: What people and guessing programs begin with, and what belongs to this service.
_COMMON = (
    "password", "passwort", "passw0rd", "admin", "administrator", "welcome", "letmein", "iloveyou", "woaini", "wodemima",
    "mima", "qwerty", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx", "qazwsx", "1q2w3e4r", "abc123", "5201314",
    "huying", "hotline", "12345", "changeme", "test", "guest", "root", "secret", "login", "china", "zhongguo", "beijing",
)  # fmt: skip
_YEAR = re.compile(r"(?:19|20)\d\d")
_REPEATED = re.compile(r"(.{1,8}?)\1{2,}")
_LEET = str.maketrans({"@": "a", "$": "s", "0": "o", "3": "e", "!": "i"})


class WeakPasswordError(HotlineError):
    """The password may not be used; ``why`` is ``short``, ``long``, ``guessable`` or ``same``."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{_WORDS[why]}")
        self.why = why


_WORDS = {
    "short": f"a password has at least {LEAST} characters",
    "long": f"a password has at most {MOST} characters",
    "guessable": "this password is among the first that others would guess: take several words that have nothing to do with each other",
    "same": "the new password is the old one",
}


def written(password: str) -> str:
    """Return a password as it is hashed: full-width letters of an input method are the usual ones."""
    return unicodedata.normalize("NFKC", password)


def check_choice(password: str, *, name: str) -> None:
    """Raise ``WeakPasswordError`` unless the owner of the account ``name`` may use ``password``."""
    if len(password) < LEAST:
        raise WeakPasswordError("short")
    if len(password) > MOST:
        raise WeakPasswordError("long")
    if len(set(password)) < LEAST_OF_ONES_OWN or _own_part(password, name) < LEAST_OF_ONES_OWN:
        raise WeakPasswordError("guessable")


def one_time_password() -> str:
    """Return a random password that can be read out and typed: 79 bits."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def _own_part(password: str, name: str) -> int:
    text = written(password).lower()
    pieces = sorted({*_COMMON, *([name] if len(name) >= 3 else [])}, key=len, reverse=True)
    return min(_left(text, pieces), _left(text.translate(_LEET), pieces))


def _left(text: str, pieces: list[str]) -> int:
    for piece in pieces:
        text = text.replace(piece, " ")
    text = _REPEATED.sub(r"\1", _YEAR.sub(" ", text))
    return sum(1 for before, letter in zip(" " + text, text, strict=False) if _is_own(before, letter))


def _is_own(before: str, letter: str) -> bool:
    """Tell whether ``letter`` says more than that a row of the alphabet or of digits goes on."""
    return letter.isalnum() and abs(ord(letter) - ord(before)) != 1
