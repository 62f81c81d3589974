"""Time and memory of searching: ``python -m kb.measuring --city CITY --articles 10000``."""

import argparse
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from kb.abstaining import AbstainRule
from kb.article import Article, Status
from kb.search import ArticleIndex
from kb.starters import starter_articles, starter_questions
from kb.words import words

SEED = 12345


def synthetic(starters: Sequence[Article], count: int, at: datetime) -> Iterator[Article]:
    """Yield articles of usual length, made of words shuffled out of the starter ones."""
    chance = random.Random(SEED)  # the same articles each time
    pool = words(" ".join(text for article in starters for text in (*article.phrasings(), article.answer)))
    for number in range(count):
        yield Article.drafted(
            city=starters[0].city,
            external_id=f"synthetic-{number}",
            question="".join(chance.choices(pool, k=8)),
            similar=tuple("".join(chance.choices(pool, k=7)) for _ in range(4)),
            answer="，".join("".join(chance.choices(pool, k=6)) for _ in range(12)),
            source="synthetic",
            status=Status.PUBLISHED,
            updated_at=at,
        )


def milliseconds(seconds: Sequence[float], share: float) -> float:
    """Return the quantile of some durations."""
    return sorted(seconds)[int(share * (len(seconds) - 1))] * 1000


def main() -> None:
    """Build, ask every labelled question a few times, change one article; print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--city", required=True)
    parser.add_argument("--articles", type=int, default=0, help="synthetic ones beside the starter ones")
    options = parser.parse_args()
    at, rule, index = datetime.now(UTC), AbstainRule.shipped(), ArticleIndex()
    starters = starter_articles(options.city)
    words(starters[0].answer)  # loads the dictionary
    articles = [*starters, *synthetic(starters, options.articles, at)]
    before = _memory()
    building = _timed(lambda: index.rebuild(articles), time.process_time)
    asked = [question for group in starter_questions(options.city).answered.values() for question in group]
    asking = [_timed(partial(_ask, index, rule, question, at)) for question in asked * 10]
    changing = [_timed(lambda: index.replace([starters[0]]), time.perf_counter) for _ in range(20)]
    longest = [_timed(partial(_ask, index, rule, "".join(asked[start:]), at)) for start in range(20)]
    lines = (
        f"{len(index)} articles: built in {building:.2f} s of CPU",
        f"memory: index {_memory() - before:.0f} MB, process {_memory():.0f} MB",
        f"question, CPU: p50 {milliseconds(asking, 0.5):.2f} ms, p99 {milliseconds(asking, 0.99):.2f} ms",
        f"letter of {len(''.join(asked))} characters, CPU: p50 {milliseconds(longest, 0.5):.2f} ms",
        f"change searchable, by the clock: p50 {milliseconds(changing, 0.5):.1f} ms, worst {max(changing) * 1000:.1f} ms",
    )
    sys.stdout.write("\n".join(lines) + "\n")


def _ask(index: ArticleIndex, rule: AbstainRule, question: str, at: datetime) -> bool:
    return rule.allows(index.look_up(question, 5, at).evidence)


def _timed(action: Callable[[], object], clock: Callable[[], float] = time.thread_time) -> float:
    started = clock()
    action()
    return clock() - started


def _memory() -> float:
    """Return the most memory that the process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
