"""What is kept of a citizen, who sees it, and what the city's text promises about it, on one page."""

from aiohttp import web

from gateway.web.promises import Line
from gateway.web.rendering import Pages
from groundwork.clock import Clock
from hotline.calendar import CITY_TIME
from hotline.citypack import CityPack


class PrivacyPage:
    """``/privacy``, by the law of the day on which it is read; the rest says what this program does."""

    def __init__(self, pages: Pages, pack: CityPack, *, clock: Clock, by_text: bool = False) -> None:
        self._pages, self._pack, self._clock, self._by_text = pages, pack, clock, by_text

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the route of the page."""
        return (web.get("/privacy", self.show),)

    async def show(self, request: web.Request) -> web.Response:
        """Show what is kept, how, who sees it, for how long, and what one may ask for."""
        pack = self._pack.on(self._clock().astimezone(CITY_TIME).date())
        promised = tuple(Line(text=rule.says, citation=rule.citation) for rule in pack.privacy)
        return self._pages.respond(
            request,
            "privacy.html",
            promised=promised,
            by_text=self._by_text,
            reports_sealed=pack.seals("report"),
            by_wechat=any(channel.id == "wechat" and channel.run_by == "us" for channel in pack.channels),
        )
