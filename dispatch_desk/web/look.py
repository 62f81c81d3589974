"""How the desk's pages look."""

from pathlib import Path

from aiohttp import web

from staff.look import Look

STATIC = Path(__file__).with_name("static")
STYLES = ("/static/vendor/tabler.min.css", "/static/vendor/tokens.css", "/static/vendor/staff.css")
_TEMPLATES = Path(__file__).with_name("templates")

LOOK: web.AppKey[Look] = web.AppKey("look", Look)


def desk_look(*, city: str, hotline: str, provider: bool = False, by_text: bool = False) -> Look:
    """Return the look of one city's desk; its name stands on top of every page.

    ``by_text`` says whether a platform for text messages is connected.
    """
    more = {"city": city, "hotline": hotline, "provider": provider, "by_text": by_text}
    return Look(_TEMPLATES, styles=STYLES, door="", more=more)
