"""``/kb/usage``: how the articles are used, day by day, each figure over the table it is drawn from."""

from collections.abc import Sequence

from aiohttp import web

from gateway.store.catalogue import Catalogue, Looked
from gateway.store.usage import Usage, UsedDay
from groundwork.clock import Clock
from staff.guard import account_of, form_token_of
from staff.look import Look

PERIODS = (7, 30, 90)  #: days
USUAL = 30
MOST_USED = 10


class UsagePages:
    """The page of figures."""

    def __init__(self, look: Look, usage: Usage, catalogue: Catalogue, *, clock: Clock) -> None:
        self._look, self._usage, self._catalogue, self._clock = look, usage, catalogue, clock

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for editors, reviewers and admins."""
        return (web.get("/kb/usage", self.show),)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the days of a period and the articles that answered most."""
        given = request.query.get("days", "")
        days = int(given) if given in map(str, PERIODS) else USUAL
        rows = await self._usage.days(days)
        most, _ = await self._catalogue.look(Looked(list="most"), limit=MOST_USED, offset=0)
        return self._look.page(
            "kb_usage.html",
            account=account_of(request),
            form_token=form_token_of(request),
            now=self._clock(),
            days=days,
            periods=PERIODS,
            rows=rows,
            sums=_sums(rows),
            busiest=max(rows, key=lambda row: row.answered),
            most=most,
        )


def _sums(rows: Sequence[UsedDay]) -> dict[str, int]:
    """Return what the days come to together."""
    return {
        name: sum(getattr(row, name) for row in rows)
        for name in ("answered", "in_vain", "solved", "unsolved")
    }
