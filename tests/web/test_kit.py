"""Every citizen page through one list of browser checks: a page without a view on the list is a failure here."""

import asyncio
import os
from dataclasses import asdict
from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from gateway.web.files import Assets
from staff.audience import CITIZEN, PUBLIC, audiences
from tests.e2e.chromium import CHROMIUM, checks_in, with_chromium
from tests.web.fake_app import FakeCore, FakeLimits, fake_app
from tests.web.views import VIEWS

SCRIPT = Path(__file__).with_name("kit.mjs")
#: Name a folder to keep the pictures of every page; pytest's own otherwise.
SHOTS = os.environ.get("HUYING_TEST_SHOTS")
NO_PAGES = ("/api/", "/static/", "/kb/public/sitemap.xml", "/embed.js")
WAYS = 3  #: as usual, in care mode, without JavaScript
MORE = 6  #: checks that are not of one view


def test_no_citizen_page_escapes_the_kit(app: web.Application) -> None:
    pages = {
        f"{method} {path}"
        for (method, path), audience in audiences(app).items()
        if audience in (CITIZEN, PUBLIC) and not path.startswith(NO_PAGES)
    }
    assert set().union(*(view.routes for view in VIEWS)) - {""} == pages


def another_site() -> web.Application:
    """Return a site with the button, under a policy that allows the embedding and nothing else."""

    async def show(request: web.Request) -> web.Response:
        us = request.query["us"]
        script = f'<script src="{us}/embed.js" data-label="在线反映" defer></script>'
        return web.Response(
            text=f'<!doctype html><html lang="zh-CN"><title>示例局</title><main><h1>示例局</h1></main>{script}',
            content_type="text/html",
            headers={"Content-Security-Policy": f"default-src 'none'; script-src {us}; frame-src {us}"},
        )

    app = web.Application()
    app.router.add_get("/", show)
    return app


@with_chromium
async def test_every_citizen_page_is_sound_at_every_width_in_both_modes_by_keyboard_without_javascript_and_offline(
    aiohttp_server: AiohttpServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = await aiohttp_server(another_site())
    origin = (
        f"http://localhost:{site.port}"  # not where the pages are: cookies of one are foreign to the other
    )
    app = fake_app(Assets.load(), core=FakeCore(), limits=FakeLimits(most=10_000), embed_origins=(origin,))
    server = await aiohttp_server(app)
    shots = SHOTS or str(tmp_path_factory.mktemp("pages"))
    views = [asdict(view) | {"routes": sorted(view.routes)} for view in VIEWS]
    base = str(server.make_url("")).rstrip("/")
    made = await asyncio.to_thread(checks_in, SCRIPT, base, CHROMIUM, shots, origin, given=views, timeout=300)
    assert made == len(VIEWS) * WAYS + MORE
