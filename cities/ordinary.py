"""Ordinary speech, as far as the examples hold it: what is usual to say to a hotline, danger and demands alike."""

from collections import Counter
from pathlib import Path

from cities.hearing import DANGERS, GROUNDS, read_dangers, read_grounds
from hotline.early_warning import Ordinary, pairs_of_words


def ordinary_speech(root: Path) -> Ordinary:
    """Return how often the examples in the folder of all cities hold each two letters; takes a second."""
    every = (*read_dangers(root / "common" / DANGERS), *read_grounds(root / "common" / GROUNDS))
    holding = Counter(pair for example in every for pair in pairs_of_words(example.text))
    return Ordinary(messages=len(every), holding=holding)
