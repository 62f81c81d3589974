"""``/ops/dissuasions``: when somebody was talked out of misconduct, by which article; a person decides what follows."""

from aiohttp import web

from gateway.store.dissuasions import Dissuasions
from hotline.citypack import CityPack
from staff.guard import account_of, form_token_of
from staff.look import Look

MOST_SHOWN = 200


class DissuasionPages:
    """The page for dispatchers."""

    def __init__(self, look: Look, dissuasions: Dissuasions, pack: CityPack) -> None:
        self._look, self._dissuasions, self._pack = look, dissuasions, pack

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for dispatchers."""
        return (web.get("/ops/dissuasions", self.show),)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the latest entries."""
        found = await self._dissuasions.latest(limit=MOST_SHOWN)
        channels = {rule.id: rule.label for rule in self._pack.channels}
        rows = [
            (one, channels.get(one.channel, one.channel), self._pack.misconduct(one.misconduct))
            for one in found
        ]
        return self._look.page(
            "dissuasions.html", account=account_of(request), form_token=form_token_of(request), rows=rows,
            rule=self._pack.on_misconduct, most=MOST_SHOWN,
        )  # fmt: skip
