"""What may help with a case: articles with their standard wording, asked of the gateway, and cases like it that were answered.

The gateway is told the number of the ticket and nothing else: it looks by the words that it filed. The desk's own cases are
compared here, those that the account may see.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout

from dispatch_desk.cases import Case
from dispatch_desk.store import similar
from groundwork.database import Pool, storage_errors
from groundwork.vault import Vault
from hotline.casework import Stage
from hotline.repeats import of_a_sort, pairs_of

SHOWN = 3  #: articles, and cases
LIKELY = 0.1  #: how likely an article has to be the right one to be shown; a person looks at it
COMPARED = 100  #: answered cases that one is compared with
PATIENCE = ClientTimeout(total=1.5, connect=0.5)  #: a page waits for it
REST = 20.0  #: seconds for which a gateway that did not answer is not asked again
LARGEST_ANSWER = 200_000
_ADDRESS = "/api/dispatch/tickets/{number}/suggestions"


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """One article of the knowledge base that may answer a case."""

    id: str
    question: str
    wording: str  #: as it was reviewed
    source: str
    staff_only: bool  #: must not reach a citizen


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggested:
    """What is proposed for one case."""

    articles: tuple[Article, ...] = ()
    away: bool = False  #: the gateway could not be asked
    cases: tuple[Case, ...] = ()

    def wording(self, id: str) -> str:
        """Return the wording that may be taken over into a reply; empty where there is none."""
        return next((one.wording for one in self.articles if one.id == id and not one.staff_only), "")


class Suggesting:
    """Proposes articles of the gateway at ``url``, asked with the secret that both programs share, and earlier cases."""

    def __init__(self, http: ClientSession, pool: Pool, vault: Vault, *, url: str, secret: str) -> None:
        self._http, self._pool, self._vault = http, pool, vault
        self._url, self._headers = url.rstrip("/"), {"Authorization": f"Bearer {secret}"}
        self._asks_again_at = 0.0

    async def of(self, case: Case, *, unit: str | None) -> Suggested:
        """Return what is proposed for a case that an account of ``unit`` sees (``None``: the centre); none once answered."""
        if case.state not in (Stage.RECEIVED, Stage.SIGNED):
            return Suggested()
        articles = await self._articles(case.number)
        return Suggested(
            articles=tuple(articles or ()), away=articles is None, cases=await self._like(case, unit)
        )

    async def _like(self, case: Case, unit: str | None) -> tuple[Case, ...]:
        async with storage_errors(), self._pool.acquire() as connection:
            found = await similar.answered(connection, self._vault, case, unit=unit, limit=COMPARED)
        others = {one.number: pairs_of(_words(one)) for one in found}
        best = of_a_sort(pairs_of(_words(case)), others, most=SHOWN)
        by_number = {one.number: one for one in found}
        return tuple(by_number[number] for number in best)

    async def _articles(self, number: str) -> Sequence[Article] | None:
        """Return the articles that the gateway proposes; ``None`` while it is away."""
        now = asyncio.get_running_loop().time()
        if now < self._asks_again_at:
            return None
        try:
            return await self._asked(number)
        except (ClientError, TimeoutError, OSError):
            self._asks_again_at = now + REST
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            pass  # whatever answered there is no gateway of ours
        return None

    async def _asked(self, number: str) -> Sequence[Article] | None:
        address = self._url + _ADDRESS.format(number=quote(number))
        async with self._http.get(
            address, headers=self._headers, timeout=PATIENCE, allow_redirects=False
        ) as answer:
            if answer.status != 200 or (answer.content_length or 0) > LARGEST_ANSWER:
                return None
            told = await answer.json()
        return [_article(one) for one in told["articles"] if float(one["score"]) >= LIKELY][:SHOWN]


def _article(told: Mapping[str, Any]) -> Article:
    return Article(
        id=str(told["id"]),
        question=str(told["question"]),
        wording=str(told["answer"]),
        source=str(told["source"]),
        staff_only=bool(told["staff_only"]),
    )


def _words(case: Case) -> str:
    ticket = case.ticket
    return f"{ticket.get('title') or ''}\n{ticket.get('summary') or ticket.get('text') or ''}"
