"""How far everybody can use these pages, and how to say that something is in the way."""

from aiohttp import web

from gateway.web.rendering import Pages


class AccessibilityPage:
    """``/accessibility``: what was tried, what was not yet, whom to tell."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the route of the page."""
        return (web.get("/accessibility", self.show),)

    async def show(self, request: web.Request) -> web.Response:
        """Show the statement."""
        return self._pages.respond(request, "accessibility.html")
