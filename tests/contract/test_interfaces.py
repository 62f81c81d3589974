"""schemathesis draws requests out of /api/openapi.json, right and wrong ones, and finds no answer that is not told there."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData

import gateway
from channels.open311.keys import digest_of
from gateway.app import make_app
from gateway.bootstrap import open_services
from gateway.localservers import Postgres, ensure_database
from groundwork.database import migrate
from tests.dispatch import settings_for
from tests.samples import an_image

pytestmark = pytest.mark.enable_socket

KEY = "a key of the tests"
SEED = os.environ.get("HUYING_TEST_SEED", "1")  #: the same requests each time, unless somebody looks further
EXAMPLES = os.environ.get(
    "HUYING_TEST_EXAMPLES", "2"
)  #: drawn for each operation, besides those at the borders


@pytest.fixture
async def client(postgres: Postgres, tmp_path: Path, aiohttp_client: Any) -> AsyncIterator[Any]:
    name = f"t{uuid.uuid4().hex[:12]}"
    await ensure_database(postgres.url(), name)
    await asyncio.to_thread(
        migrate, postgres.url(name), Path(gateway.__file__).parent / "store" / "migrations"
    )
    settings = replace(
        settings_for("", tmp_path), database_url=postgres.url(name), public_url="http://127.0.0.1:8080",
        files_dir=tmp_path / "files", redis_url=f"unix://{tmp_path}/no-redis", rate_limits=False,
        open311_keys={"app": digest_of(KEY)},
    )  # fmt: skip
    async with open_services(settings) as services:
        yield await aiohttp_client(make_app(services))


async def test_every_interface_answers_as_its_document_says(client: Any, tmp_path: Path) -> None:
    bearer = {"Authorization": f"Bearer {(await (await client.post('/api/chat/sessions')).json())['token']}"}
    form = FormData()
    form.add_field("file", an_image("PNG"), filename="p.png")
    uploaded = await (await client.post("/api/chat/attachments", data=form, headers=bearer)).json()
    program = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"), "--config-file", Path(__file__).with_name("schemathesis.toml"),
        "run", str(client.make_url("/api/openapi.json")), "--header", f"Authorization: {bearer['Authorization']}",
        "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED, "--no-color",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PYTHONPATH": str(Path.cwd()), "HUYING_TEST_ATTACHMENT": uploaded["id"], "HUYING_TEST_KEY": KEY},
    )  # fmt: skip
    said, _ = await program.communicate()
    print(f"HUYING_TEST_SEED={SEED} HUYING_TEST_EXAMPLES={EXAMPLES}\n{said.decode()}")
    assert program.returncode == 0
