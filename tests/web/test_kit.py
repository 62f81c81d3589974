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
NO_PAGES = ("/api/", "/static/", "/kb/public/sitemap.xml")
WAYS = 3  #: as usual, in care mode, without JavaScript
MORE = 4  #: checks that are not of one view


def test_no_citizen_page_escapes_the_kit(app: web.Application) -> None:
    pages = {
        f"{method} {path}"
        for (method, path), audience in audiences(app).items()
        if audience in (CITIZEN, PUBLIC) and not path.startswith(NO_PAGES)
    }
    assert set().union(*(view.routes for view in VIEWS)) - {""} == pages


@with_chromium
async def test_every_citizen_page_is_sound_at_every_width_in_both_modes_by_keyboard_without_javascript_and_offline(
    aiohttp_server: AiohttpServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = await aiohttp_server(fake_app(Assets.load(), core=FakeCore(), limits=FakeLimits(most=10_000)))
    shots = SHOTS or str(tmp_path_factory.mktemp("pages"))
    views = [asdict(view) | {"routes": sorted(view.routes)} for view in VIEWS]
    base = str(server.make_url("")).rstrip("/")
    made = await asyncio.to_thread(checks_in, SCRIPT, base, CHROMIUM, shots, given=views, timeout=300)
    assert made == len(VIEWS) * WAYS + MORE
