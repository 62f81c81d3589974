"""Finding the article that answers a question: BM25 over characters and words, in process."""

import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import tantivy

from hotline.understanding import Hit
from kb.abstaining import Evidence, evidence_of
from kb.article import Article, Status
from kb.words import MAX_QUERY, grams, plain, unique, words

K1 = 1.2  #: tantivy's own, fixed
QUESTION_WEIGHT = 2  #: how often the phrasings are written into a field that holds the answer once
GRAMS, WORDS = "grams", "words"
WRITER_MEMORY = 15_000_000  #: bytes; the least that tantivy accepts
SPARE = 4  #: hits asked for beyond the limit, so that expired ones and the runner-up cost no second look

_QUERY = tantivy.Query
_SHOULD = tantivy.Occur.Should


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What one question found, and what tells whether the best hit may be shown as the answer."""

    hits: tuple[Hit, ...] = ()
    evidence: Evidence | None = None  #: of the best hit; ``None`` where there is none


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """One state of the index; a search holds on to it, whatever is written meanwhile."""

    searcher: tantivy.Searcher
    articles: Mapping[str, Article]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A question as terms, each with its weight: rare ones tell more, unknown ones most."""

    text: str
    grams: Mapping[str, float]
    words: Mapping[str, float]
    unknown: frozenset[str]  #: words that no article holds

    def best_possible(self) -> float:
        """Return the score that no article can exceed (BM25 with endless repetition)."""
        return (sum(self.grams.values()) + sum(self.words.values())) * (K1 + 1)


class ArticleIndex:
    """Published articles, searchable the moment a write returns.

    Any thread may search at any time; writers wait for each other. Writing blocks for some
    milliseconds, so an event loop calls ``replace``, ``remove`` and ``rebuild`` in a thread.
    """

    def __init__(self) -> None:
        self._schema = _schema()
        self._index = tantivy.Index(self._schema)
        self._index.config_reader("manual")
        self._writer = self._index.writer(WRITER_MEMORY, 1)
        self._writing = threading.Lock()
        self._view = _View(searcher=self._index.searcher(), articles={})

    def __len__(self) -> int:
        return len(self._view.articles)

    def articles(self) -> tuple[Article, ...]:
        """Return every article in the index, by external id."""
        return tuple(sorted(self._view.articles.values(), key=lambda article: article.external_id))

    def article(self, article_id: str) -> Article | None:
        """Return the published article of that id, current or not."""
        return self._view.articles.get(article_id)

    def rebuild(self, articles: Iterable[Article]) -> None:
        """Hold the published ones among ``articles`` and nothing else."""
        with self._batch():
            self._writer.delete_all_documents()
            self._write({}, articles)

    def replace(self, articles: Iterable[Article]) -> None:
        """Put published ``articles`` in place of their earlier versions, or add them; take the others out."""
        with self._batch():
            self._write(self._view.articles, articles)

    def remove(self, ids: Iterable[str]) -> None:
        """Take these articles out; unknown ids do no harm."""
        gone = set(ids)
        with self._batch():
            for article_id in gone:
                self._writer.delete_documents_by_term("id", article_id)
            self._publish({key: kept for key, kept in self._view.articles.items() if key not in gone})

    def search(self, question: str, limit: int, at: datetime) -> tuple[Hit, ...]:
        """Return at most ``limit`` hits that hold at that moment, best first; any text is a question."""
        return self.look_up(question, limit, at).hits

    def look_up(self, question: str, limit: int, at: datetime) -> Search:
        """Return the hits of ``search`` with the evidence for the best one."""
        view = self._view
        asked = _asked(view.searcher, question)
        if limit < 1 or not (asked.grams or asked.words):
            return Search()
        ranked = _current(view, _query(self._schema, asked), max(limit, 2), at)
        if not ranked:
            return Search()
        best = asked.best_possible()
        scored = [(article, min(1.0, score / best)) for article, score in ranked]
        return Search(
            hits=tuple(hit_of(article, score) for article, score in scored[:limit]),
            evidence=_evidence(asked, scored),
        )

    @contextmanager
    def _batch(self) -> Iterator[None]:
        """Let one writer in; what it began and could not finish is undone."""
        with self._writing:
            try:
                yield
            except BaseException:
                self._writer.rollback()
                raise

    def _write(self, kept: Mapping[str, Article], articles: Iterable[Article]) -> None:
        news = {article.id: article for article in articles}  # the last of several versions counts
        for article_id in news:
            self._writer.delete_documents_by_term("id", article_id)
        published = {key: article for key, article in news.items() if article.status is Status.PUBLISHED}
        for article in published.values():
            self._writer.add_document(_document(article))
        self._publish({key: old for key, old in kept.items() if key not in news} | published)

    def _publish(self, articles: Mapping[str, Article]) -> None:
        self._writer.commit()
        self._index.reload()
        self._view = _View(searcher=self._index.searcher(), articles=articles)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for field in (GRAMS, WORDS):  # cut by kb.words, so that blanks are all there is left to cut at
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _document(article: Article) -> tantivy.Document:
    phrasings = plain(" ".join(article.phrasings()))
    answer = plain(article.answer)
    return tantivy.Document(
        id=article.id,
        grams=" ".join(grams(phrasings) * QUESTION_WEIGHT + grams(answer)),
        words=" ".join(words(phrasings) * QUESTION_WEIGHT + words(answer)),
    )


def _asked(searcher: tantivy.Searcher, question: str) -> _Asked:
    text = plain(question[:MAX_QUERY])
    total = searcher.num_docs
    in_grams = {term: searcher.doc_freq(GRAMS, term) for term in unique(grams(text))}
    in_words = {term: searcher.doc_freq(WORDS, term) for term in unique(words(text))}
    return _Asked(
        text=text.strip(),
        grams={term: _rarity(held, total) for term, held in in_grams.items()},
        words={term: _rarity(held, total) for term, held in in_words.items()},
        unknown=frozenset(term for term, held in in_words.items() if not held),
    )


def _rarity(held: int, total: int) -> float:
    """Return BM25's inverse document frequency; ``held`` may still count articles just taken out."""
    return math.log(1 + max(0.5, total - held + 0.5) / (held + 0.5))


def _query(schema: tantivy.Schema, asked: _Asked) -> tantivy.Query:
    """Put the terms together directly; no parser that a citizen's quotes or colons could upset."""
    pairs = [*((GRAMS, term) for term in asked.grams), *((WORDS, term) for term in asked.words)]
    return _QUERY.boolean_query([(_SHOULD, _QUERY.term_query(schema, *pair, "freq")) for pair in pairs])


def _current(view: _View, query: tantivy.Query, limit: int, at: datetime) -> list[tuple[Article, float]]:
    """Return up to ``limit`` current articles, asking for more while expired ones take their places."""
    wanted = limit + SPARE
    while True:
        found = view.searcher.search(query, wanted, count=False).hits
        ranked = [(view.articles[_id(view, address)], float(score)) for score, address in found]
        current = [pair for pair in ranked if pair[0].is_current(at)]
        if len(current) >= limit or len(found) < wanted:
            return current[:limit]
        wanted *= 4


def _id(view: _View, address: tantivy.DocAddress) -> str:
    return str(view.searcher.doc(address).get_first("id"))


def _evidence(asked: _Asked, scored: Sequence[tuple[Article, float]]) -> Evidence:
    (best, score), *others = scored
    return evidence_of(
        text=asked.text,
        grams=asked.grams,
        words=asked.words,
        unknown=asked.unknown,
        article=best,
        score=score,
        runner_up=others[0][1] if others else 0.0,
    )


def hit_of(article: Article, score: float) -> Hit:
    """Return what citizens may be shown of ``article``."""
    return Hit(
        article_id=article.id,
        version=article.version,
        question=article.question,
        answer=article.answer,
        source=article.source,
        unit=article.unit,
        updated_at=article.updated_at,
        score=score,
    )
