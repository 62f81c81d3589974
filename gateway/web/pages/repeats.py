"""``/ops/repeats``: tickets that may be about one matter, side by side; a dispatcher merges them or keeps them apart."""

from aiohttp import web

from gateway.store.repeats import RepeatGoneError, Repeats
from groundwork.addresses import address_of
from staff.guard import account_of, form_token_of, text_of
from staff.look import Look
from staff.signing_in import author


class RepeatPages:
    """The page for dispatchers."""

    def __init__(self, look: Look, repeats: Repeats) -> None:
        self._look, self._repeats = look, repeats

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for dispatchers."""
        return (
            web.get("/ops/repeats", self.show),
            web.post("/ops/repeats", self.decide),
            web.post("/ops/repeats/undo", self.undo),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show what waits for a decision."""
        return self._look.page(
            "repeats.html",
            account=account_of(request),
            form_token=form_token_of(request),
            repeats=await self._repeats.shown(),
            merges=await self._repeats.merges(),
            done=request.query.get("done", ""),
        )

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """Merge two tickets, or keep them apart; what was decided meanwhile is left as it is."""
        form = await request.post()
        merged = text_of(form, "merged") == "yes"
        by = author(account_of(request), address_of(request))
        try:
            await self._repeats.decide(text_of(form, "number"), text_of(form, "main"), merged=merged, by=by)
        except RepeatGoneError:
            raise web.HTTPSeeOther("/ops/repeats?done=gone") from None
        raise web.HTTPSeeOther(f"/ops/repeats?done={'merged' if merged else 'apart'}")

    async def undo(self, request: web.Request) -> web.StreamResponse:
        """Let a merged ticket go on by itself again; what is over meanwhile is left as it is."""
        form = await request.post()
        by = author(account_of(request), address_of(request))
        try:
            await self._repeats.undo(text_of(form, "number"), text_of(form, "main"), by=by)
        except RepeatGoneError:
            raise web.HTTPSeeOther("/ops/repeats?done=gone") from None
        raise web.HTTPSeeOther("/ops/repeats?done=parted")
