"""``/ops/sealed``: two people together look at who stands behind a confidential ticket; ``/ops/people``: who filed what."""

from aiohttp import web

from gateway.store.unsealings import WHYS, Person, UnsealingError, Unsealings
from groundwork.addresses import address_of
from groundwork.clock import Clock
from hotline.identity import Kind
from hotline.redaction import valid_phone
from staff.guard import account_of, form_token_of, text_of
from staff.look import Look
from staff.signing_in import author

KINDS = (Kind.PHONE, Kind.NAME, Kind.EMAIL)  #: by which somebody's tickets can be found
LONGEST = 254


class SealedPages:
    """The pages for dispatchers."""

    def __init__(self, look: Look, unsealings: Unsealings, *, clock: Clock) -> None:
        self._look, self._unsealings, self._clock = look, unsealings, clock

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for dispatchers."""
        return (
            web.get("/ops/sealed", self.show),
            web.post("/ops/sealed", self.ask),
            web.post(r"/ops/sealed/{id:\d{1,17}}/decide", self.decide),
            web.post(r"/ops/sealed/{id:\d{1,17}}/look", self.look),
            web.get("/ops/people", self.people),
            web.post("/ops/people", self.seek),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show what was asked for, and the form that asks."""
        return await self._page(request)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """Ask to look; another person has to agree."""
        form = await request.post()
        number, why = text_of(form, "number").strip(), text_of(form, "why")
        if why not in WHYS:
            return await self._page(request, failed="why", number=number)
        try:
            await self._unsealings.ask(number, why, by=author(account_of(request), address_of(request)))
        except UnsealingError as error:
            return await self._page(request, failed=error.why, number=number)
        raise web.HTTPSeeOther("/ops/sealed?done=asked")

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """Agree to what another person asked for, or refuse it."""
        granted = text_of(await request.post(), "granted") == "yes"
        by = author(account_of(request), address_of(request))
        try:
            await self._unsealings.decide(int(request.match_info["id"]), granted=granted, by=by)
        except UnsealingError as error:
            return await self._page(request, failed=error.why)
        raise web.HTTPSeeOther(f"/ops/sealed?done={'granted' if granted else 'refused'}")

    async def look(self, request: web.Request) -> web.StreamResponse:
        """Show the person to whom it was granted; the look is on record before it is shown."""
        by = author(account_of(request), address_of(request))
        try:
            person = await self._unsealings.look(int(request.match_info["id"]), by=by)
        except UnsealingError as error:
            return await self._page(request, failed=error.why)
        return await self._page(request, person=person)

    async def people(self, request: web.Request) -> web.StreamResponse:
        """Show the form that looks for somebody's tickets."""
        return self._people(request)

    async def seek(self, request: web.Request) -> web.StreamResponse:
        """List the tickets of a name or number; what was looked for stays out of the address and the log."""
        form = await request.post()
        asked, value = text_of(form, "kind"), text_of(form, "value").strip()[:LONGEST]
        if asked not in KINDS or not value:
            return self._people(request, failed="value")
        kind = Kind(asked)
        if kind is Kind.PHONE:
            value = valid_phone(value) or ""
            if not value:
                return self._people(request, failed="phone", kind=asked)
        by = author(account_of(request), address_of(request))
        found = await self._unsealings.seek(kind, value, by=by)
        return self._people(request, kind=asked, found=found)

    async def _page(
        self, request: web.Request, *, failed: str = "", number: str = "", person: Person | None = None
    ) -> web.Response:
        now, account = self._clock(), account_of(request)
        return self._look.page(
            "sealed.html",
            status=422 if failed else 200,
            account=account,
            form_token=form_token_of(request),
            now=now,
            requests=[
                (one, one.is_open(now), one.may_look(account.id, now))
                for one in await self._unsealings.shown()
            ],
            whys=WHYS,
            failed=failed,
            number=number,
            person=person,
            done=request.query.get("done", ""),
        )

    def _people(
        self, request: web.Request, *, failed: str = "", kind: str = "", found: object = None
    ) -> web.Response:
        return self._look.page(
            "people.html",
            status=422 if failed else 200,
            account=account_of(request),
            form_token=form_token_of(request),
            kinds=[one.value for one in KINDS],
            kind=kind,
            found=found,
            failed=failed,
        )
