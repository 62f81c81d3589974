"""One way of writing: what was typed, dictated or written in other characters becomes the usual spelling."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: Chinese punctuation stands for its ASCII form after NFKC, so that patterns are written one way
_PUNCTUATION: Mapping[str, str] = dict(
    zip(",!?;:\n<>", ("\uff0c", "\uff01", "\uff1f", "\uff1b", "\uff1a", "\uff0c", "", ""), strict=True)
)  # < and > are taken out: they mark what was found
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0f"
#: every character that ``str.isspace`` knows and NFKC leaves
_SPACES = "".join(map(chr, (*range(0x9, 0xE), *range(0x1C, 0x21), 0x85, 0x1680, 0x2028, 0x2029)))
#: other letters than most messages are made of, which NFKC takes each by itself, whatever stands beside it
_UNCOMMON = re.compile("[^\t\n\r -~\u2014\u2018-\u201d\u2026\u3000-\u3029\u4e00-\u9fff\uff01-\uff5e]")
_MARKS = re.compile("[\uff0c\u3002\uff01\uff1f\uff1b\u3001]{2,}")
_ENDS = re.compile("[\u3002\uff01\uff1f\uff1b]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Spelling:
    """Mistyped, traditional and spoken forms with the usual one."""

    letters: "Letters"  #: one character each
    words: Mapping[str, tuple[tuple[str, str], ...]]  #: by their first two, written with the usual letters
    starts: re.Pattern[str]  #: fits the first letter of each of these two, and hardly any other

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Spelling":
        """Return the spelling that writes the second of each pair for the first."""
        every = tuple(pairs)
        letters = Letters({wrong: right for wrong, right in every if len(wrong) == 1})
        words: dict[str, list[tuple[str, str]]] = {}
        for wrong, right in every:
            if len(wrong) > 1:
                plain = letters.replaced(wrong)
                words.setdefault(plain[:2], []).append((plain, right))
        first, second = (any_of(start[at] for start in words) for at in (0, 1))
        return cls(
            letters=letters,
            words={start: tuple(found) for start, found in words.items()},
            starts=re.compile(f"{first}(?={second})"),
        )

    def usual(self, text: str) -> str:
        """Return ``text`` with every letter, then every word as it is usually written, longest words first."""
        usual = text = self.letters.replaced(text)
        starts = {text[one.start() : one.end() + 1] for one in self.starts.finditer(text)}
        found = (word for start in self.words.keys() & starts for word in self.words[start])
        for wrong, right in sorted(found, key=_longest_first):
            usual = usual.replace(wrong, right)
        return usual


class Letters:
    """Letters of which each stands for another, or for none."""

    def __init__(self, usual: Mapping[str, str]) -> None:
        self._usual = usual
        self._any = re.compile(any_of(usual))

    def replaced(self, text: str) -> str:
        """Return ``text`` with each of them replaced."""
        for letter in set(self._any.findall(text)):
            text = text.replace(letter, self._usual[letter])
        return text


def any_of(letters: Iterable[str]) -> str:
    """Return a pattern that fits each of ``letters``: to look for one is many times faster than to look at each."""
    every = "".join(sorted(set(letters)))
    return f"[{re.escape(every)}]" if every else "(?!)"


AS_WRITTEN = Spelling.of(())  #: nothing but the one form


def _longest_first(pair: tuple[str, str]) -> tuple[int, str]:
    return -len(pair[0]), pair[0]


def normalised(text: str, spelling: Spelling) -> str:
    """Return ``text`` in the one form that patterns are written for: NFKC, no gaps, usual spelling."""
    if _UNCOMMON.search(text):
        text = unicodedata.normalize("NFKC", text).casefold()
    plain = _MARKS.sub(_one_mark, _PLAIN.replaced(text.strip()))
    return spelling.usual(plain.lstrip("\uff0c\u3002\uff01\uff1f\uff1b\u3001"))


def _plain(letter: str) -> str:
    """Return what stands for a letter that needs no neighbour to be read."""
    folded = unicodedata.normalize("NFKC", letter).casefold()
    kept = (one for one in folded if one not in _INVISIBLE and (one not in _SPACES or one in _PUNCTUATION))
    return "".join(_PUNCTUATION.get(one, one) for one in kept)


_SINGLE = (
    *(letter for letter in map(chr, range(0x10000)) if not _UNCOMMON.match(letter)),
    *_INVISIBLE,
    *_SPACES,
)
_PLAIN = Letters(
    {letter: plain for letter, plain in zip(_SINGLE, map(_plain, _SINGLE), strict=True) if plain != letter}
)


def _one_mark(marks: re.Match[str]) -> str:
    """Return the one mark that many in a row stand for: the first that ends a sentence."""
    ending = _ENDS.search(marks.group())
    return ending.group() if ending else marks.group()[0]
