"""How searching does beside plain character TF-IDF and plain BM25: ``python -m kb.comparing``.

Over the labelled questions of every city that has starter articles, each for itself; the questions are no phrasings
of an article. ``--questions FILE --city CITY`` takes the questions of a file in their place.
"""

import argparse
import math
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import yaml

from hotline.understanding import Finding
from kb.abstaining import AbstainRule
from kb.article import Article, article_id
from kb.golden import judged
from kb.refitting import small_talk
from kb.search import ArticleIndex
from kb.starters import FOLDER, NATIONAL, QUESTIONS, starter_articles, starter_questions
from kb.words import plain, words

Ranker: TypeAlias = Callable[[str], Sequence[str]]  #: external ids, best first
DEEP = 10
SUGGESTED = 3  #: hits that are shown where none is sure


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """Articles with the questions that each must answer, and those that nothing may."""

    name: str
    articles: tuple[Article, ...]
    asked: tuple[tuple[str, str], ...]  #: question and id of its article
    unanswered: tuple[str, ...]


def pools() -> list[Pool]:
    """Return one pool for each city."""
    folders = {path.parent.name for path in FOLDER.glob(f"*/{QUESTIONS}")} - {NATIONAL}
    return [_pool(city) for city in sorted(folders) if city[0] != "_"]


def _pool(city: str) -> Pool:
    questions = starter_questions(city)
    return Pool(
        name=city,
        articles=starter_articles(city),
        asked=tuple(
            (said, article_id(city, key)) for key, group in questions.answered.items() for said in group
        ),
        unanswered=(*questions.unanswered, *small_talk()),
    )


def independent(file: Path, city: str) -> list[Pool]:
    """Return the questions of a file in one pool for each way of asking: ``{answered: {external id: {way: question}}}``."""
    kept = yaml.safe_load(file.read_text(encoding="utf-8"))
    ways = dict.fromkeys(way for said in kept["answered"].values() for way in said)
    return [
        Pool(
            name=f"{file.stem}, {way}",
            articles=starter_articles(city),
            asked=tuple((said[way], article_id(city, key)) for key, said in kept["answered"].items()),
            unanswered=tuple(kept["unanswered"]),
        )
        for way in ways
    ]


def ours(articles: Sequence[Article], at: datetime) -> Ranker:
    """Return the search that citizens use."""
    index = ArticleIndex()
    index.rebuild(articles)
    return lambda question: [hit.article_id for hit in index.search(question, DEEP, at)]


def tf_idf(articles: Sequence[Article]) -> Ranker:
    """Return cosine over characters, pairs and triples, weighted as scikit-learn does by default."""
    documents = [_weights(Counter(_characters(_whole(article)))) for article in articles]
    held = Counter(term for document in documents for term in document)
    rarity = {term: math.log((1 + len(articles)) / (1 + count)) + 1 for term, count in held.items()}
    postings: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for place, document in enumerate(documents):
        weighed = {term: count * rarity[term] for term, count in document.items()}
        length = math.sqrt(sum(weight * weight for weight in weighed.values())) or 1.0
        for term, weight in weighed.items():
            postings[term].append((place, weight / length))
    return _ranker(articles, postings, lambda question: _rare(_characters(question), rarity))


def bm25(articles: Sequence[Article], k1: float = 1.2, b: float = 0.75) -> Ranker:
    """Return BM25 over words, with the usual k1 and b."""
    documents = [Counter(words(plain(_whole(article)))) for article in articles]
    held = Counter(term for document in documents for term in document)
    usual = sum(map(Counter.total, documents)) / max(1, len(documents))
    count = len(articles)
    rarity = {term: math.log(1 + (count - n + 0.5) / (n + 0.5)) for term, n in held.items()}
    postings: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
    for place, document in enumerate(documents):
        long = k1 * (1 - b + b * document.total() / usual)
        for term, times in document.items():
            postings[term].append((place, times * (k1 + 1) / (times + long)))
    return _ranker(
        articles, postings, lambda question: {term: rarity.get(term, 0.0) for term in words(plain(question))}
    )


def _ranker(
    articles: Sequence[Article],
    postings: Mapping[str, Sequence[tuple[int, float]]],
    weigh: Callable[[str], Mapping[str, float]],
) -> Ranker:
    def rank(question: str) -> Sequence[str]:
        scores: defaultdict[int, float] = defaultdict(float)
        for term, weight in weigh(question).items():
            for place, value in postings.get(term, ()):
                scores[place] += weight * value
        best = sorted(scores, key=lambda place: -scores[place])[:DEEP]
        return [articles[place].id for place in best]

    return rank


def _rare(terms: Iterable[str], rarity: Mapping[str, float]) -> Mapping[str, float]:
    return {term: count * rarity.get(term, 0.0) for term, count in Counter(terms).items()}


def _weights(counts: Counter[str]) -> Mapping[str, float]:
    return {term: float(count) for term, count in counts.items()}


def _whole(article: Article) -> str:
    return " ".join((*article.phrasings(), article.answer))


def _characters(text: str) -> list[str]:
    together = "".join(text.lower().split())
    return [together[start : start + size] for size in (1, 2, 3) for start in range(len(together) - size + 1)]


def figures(rank: Ranker, asked: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Return R@1 and nDCG@10."""
    places = [list(rank(question)).index(id) if id in rank(question) else None for question, id in asked]
    first = sum(place == 0 for place in places) / len(places)
    gain = sum(1 / math.log2(2 + place) for place in places if place is not None) / len(places)
    return first, gain


def main() -> None:
    """Print one line for each pool: R@1 and nDCG@10 of the three, then what is answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, nargs="*")
    parser.add_argument("--city", default="pingdingshan")
    parser.add_argument(
        "--errors", action="store_true", help="name every question that is not answered rightly"
    )
    options = parser.parse_args()
    if options.questions:
        found = [pool for file in options.questions for pool in independent(file, options.city)]
    else:
        found = [
            *pools(),
            *(replace(one, name=f"{one.name}, no phrasings", articles=_bare(one)) for one in pools()),
        ]
    at = datetime.now(UTC)
    sys.stdout.write(
        "articles | questions | here R@1, nDCG@10 | TF-IDF | BM25 | answered, right of these | among three | other matters answered\n"
    )
    for pool in found:
        rankers = (ours(pool.articles, at), tf_idf(pool.articles), bm25(pool.articles))
        shown = " | ".join("{:.3f}, {:.3f}".format(*figures(rank, pool.asked)) for rank in rankers)
        judgements = _judged(pool, AbstainRule.shipped(), at)
        sys.stdout.write(
            f"{pool.name}: {len(pool.articles)} | {len(pool.asked)} | {shown} | {_answered(judgements, pool)}\n"
        )
        if options.errors:
            sys.stdout.writelines(_errors(judgements, pool))


def _bare(pool: Pool) -> tuple[Article, ...]:
    return tuple(replace(article, similar=()) for article in pool.articles)


def _judged(pool: Pool, rule: AbstainRule, at: datetime) -> Mapping[str, Finding]:
    index = ArticleIndex()
    index.rebuild(pool.articles)
    said = (*(question for question, _ in pool.asked), *pool.unanswered)
    return {question: judged(index.look_up(question, SUGGESTED, at), rule) for question in said}


def _answered(judgements: Mapping[str, Finding], pool: Pool) -> str:
    given = [
        judgements[said].hits[0].article_id == id for said, id in pool.asked if judgements[said].answered
    ]
    wrong = sum(judgements[said].answered for said in pool.unanswered)
    right = sum(given) / len(given) if given else 0.0
    offered = sum(id in {hit.article_id for hit in judgements[said].hits} for said, id in pool.asked)
    shares = f"{len(given) / len(pool.asked):.2f}, {right:.3f} | {offered / len(pool.asked):.3f}"
    return f"{shares} | {wrong} of {len(pool.unanswered)}"


def _errors(judgements: Mapping[str, Finding], pool: Pool) -> Iterator[str]:
    """Yield a line for each question that is answered wrongly, found too late, or should not be answered."""
    names = {article.id: article.external_id for article in pool.articles}
    for said, wanted in (*pool.asked, *((said, "") for said in pool.unanswered)):
        finding = judgements[said]
        found = [hit.article_id for hit in finding.hits]
        if finding.answered if not wanted else found[:1] != [wanted]:
            shown = " ".join(names[id] for id in found)
            yield f"  {'answered' if finding.answered else 'not answered'} | {names.get(wanted, '-')} | {shown} | {said}\n"


if __name__ == "__main__":
    main()
