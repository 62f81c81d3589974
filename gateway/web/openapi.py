"""The description of our interfaces for programs, kept by hand beside this file."""

from pathlib import Path

from aiohttp import web

from staff.audience import audiences

DOCUMENT = Path(__file__).with_name("openapi.json")


class OpenApi:
    """Serves the document."""

    def __init__(self) -> None:
        self._text = DOCUMENT.read_text("utf-8")

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the route of the document."""
        return (web.get("/api/openapi.json", self.show),)

    async def show(self, request: web.Request) -> web.Response:
        """Return the document."""
        return web.Response(text=self._text, content_type="application/json", charset="utf-8")


def api_places(app: web.Application) -> set[tuple[str, str]]:
    """Return method and path of every registered route for programs, as the document must list them."""
    return {place for place in audiences(app) if place[1].startswith(("/api/", "/open311/"))}
