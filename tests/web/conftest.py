"""The site over fakes, through a real server."""

from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from tests.web.fake_app import FakeCore, FakeLimits, fake_app, fake_assets
from tests.web.reading import Client


@pytest.fixture
def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
def limits() -> FakeLimits:
    return FakeLimits()


@pytest.fixture
def app(tmp_path: Path, core: FakeCore, limits: FakeLimits) -> web.Application:
    return fake_app(fake_assets(tmp_path), core=core, limits=limits)


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, app: web.Application) -> Client:
    return await aiohttp_client(app)
