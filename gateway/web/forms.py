"""Reads the small forms of our own pages."""

import asyncio
from urllib.parse import parse_qsl

from aiohttp import web

from hotline.message import clean

MAX_FORM_FIELDS = 60
PATIENCE = 60.0  #: seconds for a form to arrive; a slow telephone sends a few kilobytes in far less


async def read_form(request: web.Request) -> dict[str, str]:
    """Return the values of a posted form, line ends as one character; the last of equal names holds."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    try:
        async with asyncio.timeout(PATIENCE):
            body = (await request.read()).decode("utf-8", "replace")
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    try:
        pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError as error:
        raise web.HTTPUnprocessableEntity from error
    return {name: clean(value).replace("\r\n", "\n") for name, value in pairs}


def number_of(text: str) -> int:
    """Return a small number as a form or an address sends it; anything else is 0."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def ids_of(text: str) -> list[int]:
    """Return the ids of a list parted by commas, leaving out what is none."""
    return [int(one) for one in text.split(",") if one.isascii() and one.isdecimal() and len(one) < 18]
