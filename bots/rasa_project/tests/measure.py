"""Measure both ways to understand on both sets of test messages, with the product's Python from the project's root:

``HUYING_RASA_TOKEN=… PYTHONPATH=. .venv/bin/python bots/rasa_project/tests/measure.py --url http://127.0.0.1:5005``
"""

import argparse
import asyncio
import json
import os
import time
from collections import Counter
from pathlib import Path

from aiohttp import ClientSession

from bots.keyword_understanding import KeywordUnderstanding
from bots.rasa_understanding import RasaUnderstanding
from bots.wording import Wording
from hotline.ports import Understands
from hotline.understanding import Intent

SETS = ("heldout.jsonl", "second.jsonl")


async def measure(name: str, reader: Understands, messages: str) -> None:
    """Print one line: how many are right, wrong and left open, and the milliseconds of one reading."""
    path = Path(__file__).with_name(messages)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    tally: Counter[str] = Counter()
    took = []
    for row in rows:
        began = time.perf_counter()
        understood = await reader.understand(row["text"])
        took.append((time.perf_counter() - began) * 1_000)
        tally[
            "right"
            if row["intent"]
            in (understood.intent, understood.intent.plainly)  # the first set is older than some intents
            else "open"
            if understood.intent is Intent.OTHER
            else "wrong"
        ] += 1
    took.sort()
    print(
        f"{messages:14} {name:12} right {tally['right']}/{len(rows)} = {tally['right'] / len(rows):.3f}"
        f"  wrong {tally['wrong']}  open {tally['open']}"
        f"  ms p50 {took[len(took) // 2]:.1f} p99 {took[int(len(took) * 0.99)]:.1f}"
    )


async def main() -> None:
    """Measure Rasa at several thresholds, then the word lists."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    url = parser.parse_args().url
    token = os.environ["HUYING_RASA_TOKEN"]
    async with ClientSession() as http:
        for messages in SETS:
            for threshold in (0.0, 0.25, 0.4):
                reader = RasaUnderstanding(
                    http, url, token, wording=Wording.load(), threshold=threshold, limit=5
                )
                await measure(f"rasa ≥ {threshold:.2f}", reader, messages)
    for messages in SETS:
        await measure("keywords", KeywordUnderstanding.load(), messages)


if __name__ == "__main__":
    asyncio.run(main())
