"""What is proposed to colleagues about a text: articles with their standard wording, those for colleagues alone too."""

from collections.abc import Mapping
from typing import Any

from gateway.web.pages.kb import public
from hotline.understanding import Hit
from kb.library import Library

PROPOSED = 5


async def proposed(library: Library, text: str) -> Mapping[str, Any]:
    """Return the articles nearest to ``text``; what says ``staff_only`` must not reach a citizen."""
    finding = await library.search(text, limit=PROPOSED, staff=True)
    return {"answered": finding.answered, "articles": [_article(library, hit) for hit in finding.hits]}


def _article(library: Library, hit: Hit) -> dict[str, Any]:
    staff_only = library.article(hit.article_id) is None
    return {**public(hit), "short_answer": hit.short_answer, "staff_only": staff_only}
