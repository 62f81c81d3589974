"""What the centre makes public of its work, on one page."""

from fractions import Fraction

from aiohttp import web

from gateway.web.ports import News
from gateway.web.rendering import Pages


class NewsPage:
    """``/news``: what was published and not taken back, newest first."""

    def __init__(self, pages: Pages, news: News) -> None:
        self._pages, self._news = pages, news

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the route of the page."""
        return (web.get("/news", self.show),)

    async def show(self, request: web.Request) -> web.Response:
        """Show the notices; with storage away the page says so as every page does."""
        return self._pages.respond(request, "news.html", notices=await self._news.shown(), percent=_percent)


def _percent(number: int, of: int) -> str:
    """Return a share in percent, rounded to one place."""
    return f"{float(Fraction(100 * number, of)):.1f}%" if of else ""
