"""The static files that ``assets/build.mjs`` made: names with a digest, so that they may be kept for ever."""

import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aiohttp import web

STATIC = Path(__file__).parent / "static"
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Assets:
    """The files by the name that templates use."""

    folder: Path
    files: Mapping[str, str]

    @classmethod
    def load(cls, folder: Path = STATIC) -> Self:
        """Read the manifest, or raise ``FileNotFoundError`` with the command that makes it."""
        manifest = folder / "manifest.json"
        if not manifest.is_file():
            raise FileNotFoundError(f"{manifest} is missing; make it with: make setup")
        return cls(folder, json.loads(manifest.read_text("utf-8")))

    def url(self, name: str) -> str:
        """Return the address of the file that templates call ``name``."""
        return f"/static/{self.files[name]}"

    def path(self, name: str) -> Path:
        """Return where the file lies that templates call ``name``."""
        return self.folder / self.files[name]

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return the route of the static files."""
        return (web.get("/static/{name}", self._serve),)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        # A closed list of names: no path given from outside is ever opened.
        if name not in self.files.values():
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return web.FileResponse(self.folder / name, headers={"Cache-Control": _FOREVER, "Content-Type": kind})
