"""What the gateway's composition has to keep apart, and to hand on."""

import base64
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.app import make_app
from gateway.bootstrap import open_services
from groundwork.addresses import PROXIES, client_address
from groundwork.outbox import LANE_POOL
from groundwork.settings import Settings
from tests.dispatch import SECRET

pytestmark = pytest.mark.enable_socket


async def test_lanes_have_connections_of_their_own_and_proxies_are_handed_on(tmp_path: Path) -> None:
    settings = Settings(
        city="_example",
        state_dir=tmp_path,
        files_dir=tmp_path / "files",
        database_url=f"postgresql://huying@/nowhere?host={tmp_path}",
        public_url="http://127.0.0.1:8080",
        secret_key="k" * 40,
        vault_keys="k1:" + base64.b64encode(b"k" * 32).decode(),
        dispatch_secret=SECRET,
        trusted_proxies=(ip_network("10.0.0.0/8"),),
    )
    async with open_services(settings) as services:
        lanes = services.outbox._pool
        assert lanes is not services.pool and lanes.get_max_size() == LANE_POOL
        trusted = make_app(services)[PROXIES]._trusted
        assert client_address("10.0.0.1", ["203.0.113.7"], trusted) == "203.0.113.7"
