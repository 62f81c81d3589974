"""``/published``: what anybody may read without an account, where the city's text has it published."""

from aiohttp import web

from dispatch_desk.web.look import LOOK
from dispatch_desk.web.reports import PUBLISHING, columns_of, percent


async def figures(request: web.Request) -> web.StreamResponse:
    """Show the figures of a month that is over, unit by unit."""
    publishing = request.app[PUBLISHING]
    law, months = publishing.circular_law, publishing.months()
    period = next((one for one in months if one.name == request.query.get("period")), months[0])
    if law is None:
        raise web.HTTPNotFound
    return request.app[LOOK].page(
        "published-figures.html", report=await publishing.circular(period), law=law, now=publishing.clock(),
        period=period, periods=months, columns=columns_of(publishing.pack), percent=percent,
    )  # fmt: skip


async def liaisons(request: web.Request) -> web.StreamResponse:
    """Show the liaison officers of enterprises."""
    publishing = request.app[PUBLISHING]
    law = publishing.liaisons_law
    if law is None:
        raise web.HTTPNotFound
    people = await publishing.liaisons()
    return request.app[LOOK].page("published-liaisons.html", people=people, law=law, now=publishing.clock())
