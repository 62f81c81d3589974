"""``/kb``: the articles as editors and reviewers see them, whatever their state."""

from aiohttp import web

from gateway.store.articles import Articles
from groundwork.clock import Clock
from kb.article import Status
from staff.guard import account_of
from staff.look import Look

PAGE = 50  #: articles on one page


class AnswerPages:
    """The list; writing and reviewing come with the editors' pages."""

    def __init__(self, look: Look, articles: Articles, *, city: str, clock: Clock) -> None:
        self._look, self._articles, self._city, self._clock = look, articles, city, clock

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for editors, reviewers and admins."""
        return (web.get("/kb", self.list),)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """List the articles of one state, or all, changed last on top; the filter is in the address."""
        asked = request.query.get("state", "")
        status = Status(asked) if asked in list(Status) else None
        given = request.query.get("page", "1")
        page = max(1, int(given)) if given.isascii() and given.isdecimal() and len(given) < 6 else 1
        found, counts = await self._articles.overview(
            self._city, status, limit=PAGE + 1, offset=(page - 1) * PAGE
        )
        return self._look.page(
            "kb.html",
            account=account_of(request),
            now=self._clock(),
            articles=found[:PAGE],
            more=len(found) > PAGE,
            page_number=page,
            counts=counts,
            total=sum(counts.values()),
            state_asked=status.value if status else "",
            states=[one.value for one in Status],
        )
