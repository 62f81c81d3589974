"""Finding the article that answers a question: BM25 over characters and words, in process."""

import math
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate

import tantivy

from hotline.calendar import CITY_TIME
from hotline.understanding import Hit
from kb.abstaining import Evidence, evidence_of
from kb.article import Article, Reach, Status
from kb.words import (
    MAX_QUERY,
    Term,
    after_other_names,
    county_letters,
    grams,
    other_words,
    plain,
    sounds,
    unique,
    words,
)

K1 = 1.2  #: tantivy's own, fixed
QUESTION_WEIGHT = 2  #: how often the phrasings are written into a field that holds the answer once
GRAMS, WORDS, SOUNDS = "grams", "words", "sounds"
OTHER_WORDS = 0.3  #: what a synonym counts beside the word that was said
WRITER_MEMORY = 30_000_000  #: bytes that new articles may take before they are written; few take few
AS_GOOD = 0.85  #: share of the best score from which on an article of the same matter may outrank the best
SAME_MATTER = 0.5  #: likeness of two standard questions from which on they ask the same
SOUND = 0.2  #: what two syllables that sound alike count beside two characters
REACHES = (Reach.COUNTY, Reach.CITY, Reach.NATION)  #: the nearer one answers
LONG_AGO = date(1900, 1, 1)  #: where nobody wrote since when the cited text holds
MOST_GRAMS, MOST_WORDS, MOST_OTHERS, MOST_SOUNDS = (
    30,
    16,
    16,
    12,
)  #: terms of one question that are looked for
MOST_HELD = 300_000  #: how many articles the terms of one kind may stand in, added up; each is read
MAX_LETTER = 4000  #: characters that a county's name is looked for in
SPARE = 4  #: hits asked for beyond the limit, so that expired ones and the runner-up cost no second look

_QUERY = tantivy.Query
_SHOULD = tantivy.Occur.Should
_PAIRS = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.ngram(1, 2, False)).build()


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
    regions: Mapping[str, str]  #: what people call each county that has articles of its own, and its name


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A question as terms, each with its weight: rare ones tell more, unknown ones most."""

    text: str
    grams: Mapping[str, float]
    words: Mapping[str, float]
    unknown: frozenset[str]  #: words that no article holds
    others: tuple[tuple[str, str], ...] = ()  #: field and term of synonyms, which were not said
    sounds: tuple[str, ...] = ()

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
        # the same terms as kb.words.grams, cut a quarter of the time faster; what holds a blank is never asked for
        self._index.register_tokenizer(GRAMS, _PAIRS)
        self._index.config_reader("manual")
        self._writer = self._index.writer(WRITER_MEMORY, 1)
        self._writing = threading.Lock()
        self._view = _View(searcher=self._index.searcher(), articles={}, regions={})

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
            articles = dict(self._view.articles)
            old = [articles.pop(key) for key in gone if key in articles]
            self._publish(articles, changed=old)

    def search(self, question: str, limit: int, at: datetime) -> tuple[Hit, ...]:
        """Return at most ``limit`` hits that hold at that moment, best first; any text is a question."""
        return self.look_up(question, limit, at).hits

    def look_up(
        self, question: str, limit: int, at: datetime, *, without: str = "", staff: bool = False
    ) -> Search:
        """Return the hits of ``search`` with the evidence for the best one.

        A county's own articles are found only when the question names that county. ``without`` is the id of an
        article to leave out; ``staff`` finds what is for colleagues alone as well.
        """
        view = self._view
        asked = _asked(view.searcher, question)
        if limit < 1 or not (asked.grams or asked.words):
            return Search()
        named = _named(view, question[:MAX_LETTER])

        def holds(article: Article) -> bool:
            return (
                (article.holds(at) if staff else article.is_current(at))
                and (not article.region or article.region in named)
                and article.id != without
            )

        ranked = _ranked(view, _query(self._schema, asked), max(limit, 2), holds)
        if not ranked:
            return Search()
        best = asked.best_possible()
        ordered = _nearest_first(_verbatim_first(ranked, asked.text))
        scored = [(article, min(1.0, score / best)) for article, score in ordered]
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
        left = dict(kept)
        old = [left.pop(key) for key in news if key in left]
        self._publish({**left, **published}, changed=(*old, *published.values()))

    def _publish(self, articles: Mapping[str, Article], *, changed: Iterable[Article]) -> None:
        self._writer.commit()
        self._index.reload()
        regions = self._view.regions
        if any(article.region for article in changed):
            names = {article.region for article in articles.values()} - {""}
            regions = {called: name for name in names for called in (name, _short(name))}
        self._view = _View(searcher=self._index.searcher(), articles=articles, regions=regions)


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field(GRAMS, tokenizer_name=GRAMS, index_option="freq")
    for field in (WORDS, SOUNDS):  # cut by kb.words, so that blanks are all there is left to cut at
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _document(article: Article) -> tantivy.Document:
    phrasings = plain(" ".join((*article.phrasings(), *article.keywords, article.region)))
    answer = plain(article.answer)
    return tantivy.Document(
        id=article.id,
        grams=" ".join([*[phrasings] * QUESTION_WEIGHT, answer]),
        words=" ".join(words(phrasings) * QUESTION_WEIGHT + words(answer)),
        sounds=" ".join(sounds(phrasings)),
    )


def _asked(searcher: tantivy.Searcher, question: str) -> _Asked:
    text = plain(question[:MAX_QUERY])
    total = searcher.num_docs
    in_grams = {term: searcher.doc_freq(GRAMS, term) for term in unique(grams(text))}
    in_words = {term: searcher.doc_freq(WORDS, term) for term in unique(words(text))}
    return _Asked(
        others=_others(searcher, text, {*in_grams, *in_words}),
        sounds=_rarest({term: searcher.doc_freq(SOUNDS, term) for term in unique(sounds(text))}, MOST_SOUNDS),
        text=text.strip(),
        grams={term: _rarity(in_grams[term], total) for term in _rarest(in_grams, MOST_GRAMS)},
        words={term: _rarity(in_words[term], total) for term in _rarest(in_words, MOST_WORDS)},
        unknown=frozenset(term for term, held in in_words.items() if not held),
    )


def _others(searcher: tantivy.Searcher, text: str, said: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return field and term of synonyms that were not said, the rarest ones that articles hold."""
    others = " ".join(other_words(text))
    held = {
        (field, term): searcher.doc_freq(field, term)
        for field, terms in ((GRAMS, grams(others)), (WORDS, words(others)))
        for term in unique(terms)
        if term not in said
    }
    return _rarest({pair: count for pair, count in held.items() if count}, MOST_OTHERS)


def _rarest(held: Mapping[Term, int], most: int) -> tuple[Term, ...]:
    """Return the terms that fewest articles hold, in their order; the common ones cost most and tell least."""
    rarest = sorted(held, key=lambda term: held[term])[:most]
    added = accumulate(held[term] for term in rarest)
    kept = {
        term
        for place, (term, total) in enumerate(zip(rarest, added, strict=True))
        if not place or total <= MOST_HELD
    }
    return tuple(term for term in held if term in kept)


def _rarity(held: int, total: int) -> float:
    """Return BM25's inverse document frequency; ``held`` may still count articles just taken out."""
    return math.log(1 + max(0.5, total - held + 0.5) / (held + 0.5))


def _query(schema: tantivy.Schema, asked: _Asked) -> tantivy.Query:
    """Put the terms together directly; no parser that a citizen's quotes or colons could upset."""
    pairs = [*((GRAMS, term) for term in asked.grams), *((WORDS, term) for term in asked.words)]
    said = [_QUERY.term_query(schema, *pair, "freq") for pair in pairs]
    meant = [_boosted(schema, field, term, OTHER_WORDS) for field, term in asked.others]
    heard = [_boosted(schema, SOUNDS, term, SOUND) for term in asked.sounds]
    return _QUERY.boolean_query([(_SHOULD, query) for query in (*said, *meant, *heard)])


def _boosted(schema: tantivy.Schema, field: str, term: str, weight: float) -> tantivy.Query:
    return _QUERY.boost_query(_QUERY.term_query(schema, field, term, "freq"), weight)


def _ranked(
    view: _View, query: tantivy.Query, limit: int, holds: Callable[[Article], bool]
) -> list[tuple[Article, float]]:
    """Return up to ``limit`` articles that hold, asking for more while others take their places."""
    wanted = limit + SPARE
    while True:
        found = view.searcher.search(query, wanted, count=False).hits
        ranked = [(view.articles[_id(view, address)], float(score)) for score, address in found]
        current = [pair for pair in ranked if holds(pair[0])]
        if len(current) >= limit or len(found) < wanted:
            return current[:limit]
        wanted *= 4


def _verbatim_first(ranked: Sequence[tuple[Article, float]], asked: str) -> list[tuple[Article, float]]:
    """Put the article that has ``asked`` among its phrasings before those that are hardly better; scores stay in order."""
    floor = AS_GOOD * ranked[0][1]
    for place, (article, score) in enumerate(ranked):
        if score >= floor and any(plain(one).strip() == asked for one in article.phrasings()):
            articles = [article, *(other for other, _ in (*ranked[:place], *ranked[place + 1 :]))]
            return [(one, kept) for one, (_, kept) in zip(articles, ranked, strict=True)]
    return list(ranked)


def _nearest_first(ranked: Sequence[tuple[Article, float]]) -> list[tuple[Article, float]]:
    """Put county before city before nation, and newer law before older, among those that answer the same matter.

    Only what is as good as the best changes places; the scores stay in order.
    """
    (best, top), *_ = ranked
    same = [place for place, (article, score) in enumerate(ranked) if _as_good(article, score, best, top)]
    if len(same) < 2:
        return list(ranked)
    articles = [article for article, _ in ranked]
    ordered = sorted((articles[place] for place in same), key=_nearness)
    for place, article in zip(same, ordered, strict=True):
        articles[place] = article
    return [(article, score) for article, (_, score) in zip(articles, ranked, strict=True)]


def _as_good(article: Article, score: float, best: Article, top: float) -> bool:
    if article is best:
        return True
    return score >= AS_GOOD * top and likeness(article.question, best.question) >= SAME_MATTER


def _nearness(article: Article) -> tuple[int, int]:
    return REACHES.index(article.reach), -(article.law_since or LONG_AGO).toordinal()


def likeness(one: str, other: str) -> float:
    """Return how much two texts have in common, 0 to 1 (Dice over characters and pairs)."""
    first, second = (frozenset(grams(plain(text))) for text in (one, other))
    return 2 * len(first & second) / (len(first) + len(second)) if first or second else 0.0


def _named(view: _View, text: str) -> frozenset[str]:
    """Return the counties that ``text`` names, in full or as people call them; a road of that name is no county."""
    return frozenset(
        name
        for called, name in view.regions.items()
        for place in _places(called, text)
        if called == name or text[place : place + 1] not in after_other_names()
    )


def _places(word: str, text: str) -> Iterator[int]:
    """Yield where each ``word`` in ``text`` ends."""
    place = text.find(word)
    while place >= 0:
        yield place + len(word)
        place = text.find(word, place + 1)


def _short(region: str) -> str:
    """Return what people call a county: its name without the last letter, where two are left."""
    return region[:-1] if len(region) > 2 and region[-1] in county_letters() else region


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
        short_answer=article.short_answer,
        category=article.category,
        region=article.region,
        source_url=article.source_url,
        links=tuple((link.title, link.url) for link in article.attachments),
        source_seen=city_day(article.source_seen),
        until=city_day(article.valid_to and article.valid_to - timedelta.resolution),
    )


def city_day(at: datetime | None) -> date | None:
    """Return the day of a moment in the city."""
    return at.astimezone(CITY_TIME).date() if at else None
