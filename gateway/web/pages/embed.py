"""The chat on other sites: a button of a kilobyte, and a frame that only allowed sites may show."""

from collections.abc import Sequence

from aiohttp import web

from gateway.web.files import Assets
from gateway.web.pages.chat import ChatPage
from groundwork.headers import policy

AGAIN = "public, max-age=3600"  #: sites name the script without a digest, so it is looked at anew every hour


class EmbedPages:
    """``/embed.js`` and ``/chat/embed``; neither is there while no site is allowed."""

    def __init__(self, chat: ChatPage, assets: Assets, origins: Sequence[str]) -> None:
        self._chat, self._assets, self._origins = chat, assets, origins

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes of button and frame."""
        return (web.get("/embed.js", self.script), web.get("/chat/embed", self.show))

    async def script(self, request: web.Request) -> web.StreamResponse:
        """Return the script that puts the button on a site."""
        self._refuse_without_sites()
        headers = {
            "Cache-Control": AGAIN,
            "Content-Type": "text/javascript",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        return web.FileResponse(self._assets.path("embed.js"), headers=headers)

    async def show(self, request: web.Request) -> web.Response:
        """Show the chat for a frame, with a fresh token in the page: cookies may be blocked there."""
        self._refuse_without_sites()
        response = self._chat.framed(request, self._origins)
        response.headers["Content-Security-Policy"] = policy(self._origins)
        return response

    def _refuse_without_sites(self) -> None:
        if not self._origins:
            raise web.HTTPNotFound
