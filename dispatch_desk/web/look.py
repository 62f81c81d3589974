"""Renders pages: templates, dates in city time, and the headers that every answer bears."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hotline.calendar import CITY_TIME
from hotline.redaction import mask_email, mask_phone

STATIC = Path(__file__).with_name("static")
_TEMPLATES = Path(__file__).with_name("templates")

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: under it browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Look:
    """The templates of one city's desk; its name stands on top of every page."""

    def __init__(self, *, city: str, hotline: str) -> None:
        self._env = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._env.filters |= {"city_time": city_time, "mask_phone": mask_phone, "mask_email": mask_email}
        self.brand = self._env.get_template("brand.txt").render(city=city, hotline=hotline)
        self._env.globals["brand"] = self.brand

    def page(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """Return a page as an answer."""
        text = self._env.get_template(template).render(status=status, **values)
        return web.Response(text=text, status=status, content_type="text/html")


LOOK: web.AppKey[Look] = web.AppKey("look", Look)


def city_time(moment: datetime | date | str) -> datetime | date:
    """Return a moment, also one written in ISO form, as the city's clocks show it."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.astimezone(CITY_TIME) if isinstance(moment, datetime) else moment


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers (a signal: errors and redirects get them too); pages are never kept by a cache."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    kept = "no-cache" if request.path.startswith("/static/") else "no-store"
    response.headers.setdefault("Cache-Control", kept)
