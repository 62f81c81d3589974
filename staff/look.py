"""How staff pages of both programs look: one frame, the programs' own pages inside it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hotline.calendar import CITY_TIME
from hotline.redaction import mask_email, mask_name, mask_phone

_TEMPLATES = Path(__file__).with_name("templates")


class Look:
    """Templates of one program over those that both have.

    ``templates`` holds at least ``brand.txt`` and ``links.html``; ``styles`` are addresses of Tabler's sheet, the
    tokens and ours.
    """

    def __init__(self, templates: Path, *, styles: Sequence[str], door: str, more: Mapping[str, Any]) -> None:
        self._env = Environment(
            loader=FileSystemLoader([templates, _TEMPLATES]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._env.filters |= {
            "city_time": city_time,
            "mask_phone": mask_phone,
            "mask_email": mask_email,
            "mask_name": mask_name,
        }
        self.brand = self._env.get_template("brand.txt").render(more).strip()
        self._env.globals |= {"brand": self.brand, "styles": tuple(styles), "door": door, **more}

    def page(self, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """Return a page as an answer that nobody keeps."""
        text = self._env.get_template(template).render(status=status, **values)
        headers = {"Cache-Control": "no-store"}
        return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def city_time(moment: datetime | date | str) -> datetime | date:
    """Return a moment, also one written in ISO form, as the city's clocks show it."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.astimezone(CITY_TIME) if isinstance(moment, datetime) else moment
