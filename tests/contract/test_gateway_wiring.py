"""What the gateway's composition has to keep apart, and to hand on."""

import base64
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from gateway.app import make_app
from gateway.bootstrap import channel_settings, open_services
from groundwork.addresses import PROXIES, client_address
from groundwork.outbox import LANE_POOL
from groundwork.settings import Settings
from staff.audience import audiences
from tests.dispatch import SECRET

pytestmark = pytest.mark.enable_socket


def settings_in(folder: Path, **more: Any) -> Settings:
    return Settings(
        city="_example",
        state_dir=folder,
        files_dir=folder / "files",
        database_url=f"postgresql://huying@/nowhere?host={folder}",
        public_url="http://127.0.0.1:8080",
        secret_key="k" * 40,
        vault_keys="k1:" + base64.b64encode(b"k" * 32).decode(),
        dispatch_secret=SECRET,
        trusted_proxies=(ip_network("10.0.0.0/8"),),
        **more,
    )


async def test_lanes_have_connections_of_their_own_and_proxies_are_handed_on(tmp_path: Path) -> None:
    async with open_services(settings_in(tmp_path)) as services:
        lanes = services.outbox._pool
        assert lanes is not services.pool and lanes.get_max_size() == LANE_POOL
        trusted = make_app(services)[PROXIES]._trusted
        assert client_address("10.0.0.1", ["203.0.113.7"], trusted) == "203.0.113.7"


async def test_wechat_is_there_where_an_account_is_set(tmp_path: Path) -> None:
    async with open_services(settings_in(tmp_path)) as services:
        assert ("POST", "/wechat") not in audiences(make_app(services))
    account = {"wechat_token": "aToken", "wechat_appid": "wx1"}
    async with open_services(settings_in(tmp_path, **account)) as services:
        found = audiences(make_app(services))
        assert (found["GET", "/wechat"], found["POST", "/wechat"]) == ("platform", "platform")


async def test_texts_come_in_where_a_platform_is_set(tmp_path: Path) -> None:
    async with open_services(settings_in(tmp_path)) as services:
        assert ("POST", "/api/sms/messages") not in audiences(make_app(services))
    platform = {"sms_url": "https://texts.example/send", "sms_secret": SECRET}
    async with open_services(settings_in(tmp_path, **platform)) as services:
        assert audiences(make_app(services))["POST", "/api/sms/messages"] == "platform"
        told = channel_settings(services.settings)
    assert (told["sms_url"], told["sms_secret"]) == (platform["sms_url"], SECRET)
