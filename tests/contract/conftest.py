"""One real PostgreSQL for the run, one empty database for each module."""

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.localservers import Postgres, ensure_database, start


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server on a socket, gone with the run."""
    # Not tmp_path: its folders are closed to the user that the server runs as when we are root.
    folder = Path(tempfile.mkdtemp(prefix="huying-pg-"))
    server = Postgres(folder / "pg")
    started = start(server)
    yield server
    started.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> str:
    """The address of a database that nobody else uses."""
    name = f"t{uuid.uuid4().hex[:12]}"
    asyncio.run(ensure_database(postgres.url(), name))
    return postgres.url(name)
