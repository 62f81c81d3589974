"""The knowledge base as the rest of the hotline sees it: ask, and get what may be shown."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from hotline.errors import HotlineError
from hotline.understanding import Finding, Hit
from kb.abstaining import AbstainRule
from kb.article import Article, Status
from kb.article import article_id as id_of
from kb.golden import Golden, judged
from kb.refitting import refitted
from kb.search import ArticleIndex, hit_of

log = logging.getLogger(__name__)


class ArticleStore(Protocol):
    """Where articles are kept; a mark is the store's own and says up to where changes are known."""

    async def published(self, city: str) -> Sequence[Article]:
        """Return every published article of the city in its present version, expired ones too."""

    async def changed_since(self, mark: str | None) -> tuple[Sequence[Article], str]:
        """Return what changed after ``mark``, published or not, and the new mark; ``None``: only the mark.

        The same change may come twice; none may be left out.
        """


class Library:
    """Fills ``hotline.ports.Searches`` from one city's published articles.

    Searching takes about a millisecond and runs in the event loop; writing the index runs in a thread.
    """

    def __init__(
        self,
        store: ArticleStore,
        *,
        city: str,
        now: Callable[[], datetime],
        rule: AbstainRule | None = None,
        golden: Callable[[], Awaitable[Sequence[Golden]]] | None = None,
    ) -> None:
        self._store = store
        self._city = city
        self._now = now
        self._shipped = self.rule = rule or AbstainRule.shipped()
        self._golden = golden
        self._index = ArticleIndex()
        self._mark: str | None = None
        self._unfitted = False  #: articles changed since the rule was fitted
        self._unreadable = False  #: the articles were there and could not be taken in
        self._writing = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._index)

    async def load(self) -> None:
        """Take in every published article."""
        async with self._writing:
            await self._load()

    async def _load(self) -> None:
        # the mark is drawn first: what changes while we read comes again with the next refresh
        _, mark = await self._store.changed_since(None)
        articles = await self._store.published(self._city)
        await asyncio.to_thread(self._index.rebuild, self._ours(articles))
        self._mark = mark
        await self._fit()

    async def refit(self) -> None:
        """Fit the rule to the articles that are there now, if they changed since; no change waits for it."""
        if self._unfitted:
            await self._fit()

    async def _fit(self) -> None:
        """Fit the rule to the city's golden questions and what is published now."""
        if self._golden is None:
            return
        self._unfitted = False  # what changes from here on asks for another fit
        try:
            golden = await self._golden()
            self.rule = await asyncio.to_thread(refitted, self._index, golden, self._shipped, self._now())
        except BaseException:
            self._unfitted = True
            raise

    async def refresh(self) -> int:
        """Apply what changed since the last time and return how many articles that were.

        What was published answers from here on, what was withdrawn does not; ``refit`` follows when there is time.
        """
        if self._mark is None:
            await self.load()
            return len(self)
        async with self._writing:
            taken = 0
            while True:
                articles, mark = await self._store.changed_since(self._mark)
                news = [article for article in self._ours(articles) if self._is_news(article)]
                if news:
                    await asyncio.to_thread(self._index.replace, news)
                self._mark, taken = mark, taken + len(news)
                if not articles:
                    break
            self._unfitted |= taken > 0
            return taken

    async def search(self, question: str, *, limit: int, staff: bool = False) -> Finding:
        """Return current hits best first; ``answered`` only when the best one is very likely right.

        ``staff`` finds what is for colleagues alone as well: what comes back must not reach a citizen.

        A score says how likely the hit is the right answer. A county's own articles come only to a
        question that names the county.
        The first question waits until the articles are taken in, and raises what the store raises
        while they cannot be read.
        """
        if self._mark is None and not self._unreadable:
            await self._begin()
        found = self._index.look_up(question, limit, self._now(), staff=staff)
        return judged(found, self.rule)

    async def _begin(self) -> None:
        """Take in the articles, if nobody did: a process just started must not deny what it has not read."""
        async with self._writing:
            if self._mark is not None:
                return
            try:
                await self._load()
            except HotlineError:
                raise  # the store is away, and comes back
            except Exception as error:  # noqa: BLE001 — without an answer everything else still goes on
                self._unreadable = True
                log.error("library.unreadable", extra={"error_type": type(error).__name__})

    def article(self, article_id: str) -> Article | None:
        """Return an article that citizens may be shown now, or ``None``."""
        article = self.for_staff(article_id)
        return article if article and article.is_current(self._now()) else None

    def for_staff(self, article_id: str) -> Article | None:
        """Return a published article that holds now, for citizens or for colleagues alone, or ``None``."""
        article = self._index.article(article_id)
        return article if article and article.holds(self._now()) else None

    def hit(self, article_id: str) -> Hit | None:
        """Return what citizens may be shown of an article that holds now, or ``None``."""
        article = self.article(article_id)
        return hit_of(article, 1.0) if article else None

    def related(self, article_id: str) -> tuple[Hit, ...]:
        """Return what citizens may read on after an article: what it names, holds now and is no other county's."""
        article = self.article(article_id)
        named = [self.article(id_of(article.city, one)) for one in article.related] if article else []
        return tuple(
            hit_of(one, 1.0)
            for one in named
            if one and article and one.id != article.id and one.region in ("", article.region)
        )

    def published(self) -> tuple[Article, ...]:
        """Return every published article, those that do not hold now too, in a steady order."""
        return self._index.articles()

    def current(self) -> tuple[Article, ...]:
        """Return every article that citizens may be shown now, in a steady order."""
        return tuple(article for article in self._index.articles() if article.is_current(self._now()))

    def _is_news(self, article: Article) -> bool:
        known = self._index.article(article.id)
        return known != article if article.status is Status.PUBLISHED else known is not None

    def _ours(self, articles: Sequence[Article]) -> list[Article]:
        return [article for article in articles if article.city == self._city]
