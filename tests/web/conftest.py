"""The site over fakes, through a real server."""

import pytest

from tests.web.fake_app import FakeCore, FakeLimits, fake_app, fake_assets


@pytest.fixture
def core() -> None:
    return FakeCore()


@pytest.fixture
def limits() -> None:
    return FakeLimits()


@pytest.fixture
def app(tmp_path: Path, core: FakeCore, limits: FakeLimits) -> None:
    return fake_app(fake_assets(tmp_path), core=core, limits=limits)


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, app: web.Application) -> None:
    return await aiohttp_client(app)
