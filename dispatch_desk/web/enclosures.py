"""The files of a case: pictures open in the browser, everything else is saved; who opened which is on record."""

from aiohttp import web

from dispatch_desk.enclosures import Enclosure, EnclosureAwayError, Fetching, enclosed
from dispatch_desk.web.look import LOOK
from dispatch_desk.web.pages import DESK, number_of, scope_of
from groundwork.addresses import address_of
from staff.guard import account_of
from staff.signing_in import author

FETCHING: web.AppKey[Fetching] = web.AppKey("fetching", Fetching)
#: Types that a browser may show; the gateway told them by content.
_SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
#: What is sent by citizens runs nothing and loads nothing, whatever it turns out to be.
_POLICY = "default-src 'none'; img-src 'self'; frame-ancestors 'none'; sandbox"
_CHUNK = 64 * 1024


async def enclosure(request: web.Request) -> web.StreamResponse:
    """Send the n-th file of a case that the account may see, after noting who opens it."""
    number, place = number_of(request), int(request.match_info["place"])
    desk, account = request.app[DESK], account_of(request)
    unit = scope_of(account)
    found = await desk.find(number, unit=unit, known=True)  # ids may look like numbers of people
    files = enclosed(*found) if found else ()
    if not 0 < place <= len(files):
        raise web.HTTPNotFound
    response: web.StreamResponse | None = None
    try:
        async with request.app[FETCHING].open(number, files[place - 1].id) as (file, content):
            await desk.note_file(number, place, by=author(account, address_of(request)))
            response = web.StreamResponse(headers=_headers(number, place, file))
            await response.prepare(request)
            async for chunk in content.iter_chunked(_CHUNK):
                await response.write(chunk)
    except EnclosureAwayError:
        if response is not None and request.transport is not None:
            request.transport.abort()  # half a file must not look like a whole one
            return response
        title = "附件暂时取不到，请过几分钟再打开。"
        return request.app[LOOK].page("said.html", status=503, title=title, account=account)
    return response


def _headers(number: str, place: int, file: Enclosure) -> dict[str, str]:
    shown = file.type in _SHOWN
    ending = file.name.rpartition(".")[2] if file.name.isascii() and "." in file.name else ""
    name = f"{number}-{place}" + (f".{ending}" if ending.isalnum() else "")
    return {
        "Content-Type": file.type if shown else "application/octet-stream",
        "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{name}"',
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-store",
    }
