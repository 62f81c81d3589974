"""Reads the small forms of our own pages."""

from urllib.parse import parse_qsl

from aiohttp import web

from hotline.message import clean

MAX_FORM_FIELDS = 60


async def read_form(request: web.Request) -> dict[str, str]:
    """Return the values of a posted form, line ends as one character; the last of equal names holds."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    body = (await request.read()).decode("utf-8", "replace")
    try:
        pairs = parse_qsl(body, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError as error:
        raise web.HTTPUnprocessableEntity from error
    return {name: clean(value).replace("\r\n", "\n") for name, value in pairs}
