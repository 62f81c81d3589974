"""Screens mutated messages: none may raise, none may take long. ``python -m tools.fuzz --texts 1000000 --seed 1``."""

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence

from cities.hearing import DANGERS, GROUNDS
from cities.loading import CITIES, load_pack
from hotline.citypack import CityPack
from hotline.screening import screen_acceptance, screen_emergency

#: What people and programs put between and around words.
_ODD = (
    "\u0000", "\u200b", "\ufeff", "\ud800", "\U0001f525", "\u0301", "\u202e", "\n\n\n", "\t", "<b>", "</", ">", "<", "&#x27;",
    "\uff11\uff12\uff13", "119", "{}", "%s", "\\", "'", '"', "\uff0c" * 9, "\u3002", "?" * 30, "a" * 200, "\u706b" * 50,
)  # fmt: skip
LONGEST = 4000  #: characters; longer ones are refused before they are screened
PATIENCE = 0.001  #: seconds of this process for each hundred characters, and for a short one ten times that


def seeds() -> tuple[str, ...]:
    """Return the examples that mutations start from."""
    files = (
        path for folder in (DANGERS, GROUNDS) for path in sorted((CITIES / "common" / folder).glob("*.jsonl"))
    )
    return tuple(
        json.loads(line)["text"] for path in files for line in path.read_text(encoding="utf-8").splitlines()
    )


def mutated(chance: random.Random, texts: Sequence[str]) -> str:
    """Return a message cut, joined, doubled, shuffled or sprinkled with what does not belong there."""
    text = chance.choice(texts)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        match chance.randrange(7):
            case 0:
                text = text[:at] + chance.choice(_ODD) + text[at:]
            case 1:
                text = text[:at] + text[at + chance.randint(1, 5) :]
            case 2:
                text = text + chance.choice(texts)
            case 3:
                text = (text * chance.randint(2, 12))[:LONGEST]
            case 4:
                letters = list(text)
                chance.shuffle(letters)
                text = "".join(letters)
            case 5:
                text = chance.choice((" ", "\n", "\uff0c", "\u200b")).join(text)
            case _:
                text = text[:at] + chr(chance.randrange(0x20, 0x2FFFF)) + text[at:]
    return text[:LONGEST]


def slow(text: str, pack: CityPack) -> float | None:
    """Return how many seconds both screens took where that is too long, the best of three; else ``None``."""
    allowed = PATIENCE * (10 + len(text) / 100) * 10
    took = allowed
    for _ in range(3):
        began = time.process_time()
        screen_emergency(text, pack)
        screen_acceptance(text, pack)
        took = time.process_time() - began
        if took < allowed:
            return None
    return took


def main(arguments: Sequence[str] | None = None) -> int:
    """Screen so many texts; the first that raises or takes long ends the run with status 1 and can be made again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--city", default="_example")
    options = parser.parse_args(arguments)
    pack, chance, texts = load_pack(options.city), random.Random(options.seed), seeds()
    began, letters = time.process_time(), 0
    for number in range(options.texts):
        text = mutated(chance, texts)
        letters += len(text)
        try:
            took = slow(text, pack)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with the text that raised it
            sys.stderr.write(f"seed {options.seed}, text {number}: {error!r}: {text!r}\n")
            return 1
        if took is not None:
            sys.stderr.write(
                f"seed {options.seed}, text {number}: {took:.3f} s for {len(text)} characters: {text!r}\n"
            )
            return 1
    spent = time.process_time() - began
    print(
        f"{options.texts} texts, {letters} characters, {1e6 * spent / max(letters, 1):.2f} ms of CPU for 1,000"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
