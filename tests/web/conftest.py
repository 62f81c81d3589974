"""The site over fakes, through a real server."""

from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpClient

from gateway.web.pages import proving
from tests.web.fake_app import FakeCore, FakeFiles, FakeLimits, FakeSheets, fake_app, fake_assets
from tests.web.reading import Client


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for wrong pairs here."""
    monkeypatch.setattr(proving, "SLOWER", 0.0)


@pytest.fixture
def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
def limits() -> FakeLimits:
    return FakeLimits()


@pytest.fixture
def files() -> FakeFiles:
    return FakeFiles()


@pytest.fixture
def sheets() -> FakeSheets:
    return FakeSheets()


@pytest.fixture
def app(
    tmp_path: Path, core: FakeCore, limits: FakeLimits, files: FakeFiles, sheets: FakeSheets
) -> web.Application:
    return fake_app(fake_assets(tmp_path), core=core, limits=limits, files=files, sheets=sheets)


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, app: web.Application) -> Client:
    return await aiohttp_client(app)
