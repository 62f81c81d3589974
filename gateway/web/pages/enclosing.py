"""Files that belong to an article: put in by editors, checked and sealed; citizens get them with the published article alone."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import IO
from urllib.parse import quote

from aiohttp import web

from channels.base import RefusedFileError
from gateway.files import Files
from gateway.store.attachments import owner_of_article
from gateway.store.drafts import StaleError
from gateway.web.forms import number_of
from gateway.web.pages.editing import EditingPages, EditingParts, actor_of
from groundwork.addresses import address_of
from kb.article import Link
from kb.library import Library
from kb.workflow import StepRefusedError
from staff.guard import account_of, text_of
from staff.signing_in import author

AT_ONCE = 65_536  #: bytes read in one go
FILE = r"{id:[0-9a-f]{32}}/files/{file:[0-9a-f]{32}}"


class EnclosingPages:
    """Uploading for editors, looking for colleagues."""

    def __init__(self, parts: EditingParts, editing: EditingPages, files: Files) -> None:
        self._parts, self._editing, self._files = parts, editing, files

    def reading_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for all who see articles."""
        return (web.get(f"/kb/articles/{FILE}", self.look),)

    def writing_routes(self) -> tuple[web.RouteDef, ...]:
        """Return the routes for all who write articles."""
        return (web.post(r"/kb/articles/{id:[0-9a-f]{32}}/files", self.enclose),)

    async def enclose(self, request: web.Request) -> web.StreamResponse:
        """Keep a file and name it in the working copy."""
        form = await request.post()
        working, on_record = await self._editing.found(request)
        article = working.article if working else on_record
        assert article is not None
        upload, place = form.get("file"), f"/kb/articles/{article.id}"
        if not isinstance(upload, web.FileField):
            raise web.HTTPSeeOther(f"{place}?done=file")
        try:
            kept = await self._files.keep(
                _chunks(upload.file), name=upload.filename, owner=owner_of_article(article.id)
            )
        except RefusedFileError:
            raise web.HTTPSeeOther(f"{place}?done=file") from None
        link = Link(title=kept.name, url=public_place(article.id, kept.id))
        links = (*(one for one in article.attachments if one.url != link.url), link)
        revision, by = number_of(text_of(form, "revision")), author(account_of(request), address_of(request))
        try:
            changed = replace(article, attachments=links)
            await self._parts.drafts.write(changed, actor_of(request), revision=revision, by=by)
        except (StaleError, StepRefusedError):
            raise web.HTTPSeeOther(f"{place}?done=file_stale") from None
        raise web.HTTPSeeOther(f"{place}?done=enclosed")

    async def look(self, request: web.Request) -> web.StreamResponse:
        """Send a file of an article that the colleague may see, published or not."""
        await self._editing.found(request)
        return await sent_file(request, self._files)


class PublicFiles:
    """The files of published articles."""

    def __init__(self, library: Library, files: Files) -> None:
        self._library, self._files = library, files

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the route for everybody."""
        return (web.get(f"/kb/public/{FILE}", self.download),)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Send a file while the article that names it is published and holds."""
        article = self._library.article(request.match_info["id"])
        if article is None or request.path not in {link.url for link in article.attachments}:
            raise web.HTTPNotFound
        return await sent_file(request, self._files)


def public_place(article_id: str, file_id: str) -> str:
    """Return the address at which citizens get a file of an article."""
    return f"/kb/public/{article_id}/files/{file_id}"


async def sent_file(request: web.Request, files: Files) -> web.StreamResponse:
    """Send the file named by the address, if it was put in for the article named there; never shown in the page."""
    id, file = request.match_info["id"], request.match_info["file"]
    # The owner is asked for: whoever may write an address into an article must not reach what citizens sent.
    found = await files.owned((file,), owner=owner_of_article(id))
    if not found:
        raise web.HTTPNotFound
    response = web.StreamResponse(
        headers={
            "Content-Type": found[0].type,
            "Content-Length": str(found[0].size),
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found[0].name)}",
            "Cache-Control": "no-cache",
        }
    )
    await response.prepare(request)
    async for chunk in files.open(file):
        await response.write(chunk)
    await response.write_eof()
    return response


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, AT_ONCE):
        yield chunk
