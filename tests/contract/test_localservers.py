"""What the embedded servers promise: nothing on the network, nothing opened, nothing left, nothing half made."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis

from gateway import localservers
from gateway.localservers import (
    Command,
    LocalServerError,
    Postgres,
    Valkey,
    end_processes_in,
    ensure_database,
    is_alive,
    major_version,
    postgres_programs,
    processes_in,
    socket_folder,
    start,
)
from gateway.supervisor import free_port
from tests.folders import server_folder

pytestmark = pytest.mark.enable_socket
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")

#: Holds a server until it is killed, as a supervisor would.
HOLDER = """
import sys, time
from pathlib import Path
from gateway.localservers import Postgres, Valkey, start
folder = Path(sys.argv[1])
start(Postgres(folder / "postgres")), start(Valkey(folder / "valkey"))
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with server_folder() as place:
        yield place / "state"
        for path in place.rglob("*"):
            if path.name in ("postgres", "valkey"):
                end_processes_in(path, signal.SIGKILL)


async def value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_what_was_stored_is_there_after_a_stop_and_after_a_kill(folder: Path) -> None:
    postgres = Postgres(folder / "postgres")
    running = start(postgres)
    await ensure_database(postgres.url(), "gateway")
    await ensure_database(postgres.url(), "gateway")
    await value(postgres.url("gateway"), "CREATE TABLE kept AS SELECT 7 AS number")
    for polite in (True, False):
        running.stop() if polite else running.kill()
        running = start(postgres)
        assert await value(postgres.url("gateway"), "SELECT number FROM kept") == 7
    running.stop()
    assert processes_in(folder / "postgres") == []


async def test_postgres_is_new_enough_and_listens_on_its_socket_alone(folder: Path) -> None:
    postgres = Postgres(folder / "postgres")
    running = start(postgres)
    assert int(str(await value(postgres.url(), "SHOW server_version_num"))) >= 180_000
    assert await value(postgres.url(), "SHOW listen_addresses") == ""
    assert listening_on_tcp(running.process.pid) == []
    running.stop()


async def test_over_tcp_a_password_is_asked_for(folder: Path) -> None:
    postgres = Postgres(folder / "postgres", port=free_port(), password="right p@ssword")
    running = start(postgres)
    assert await value(postgres.tcp_url(), "SELECT 1") == 1
    assert await value(postgres.url(), "SELECT 1") == 1
    with pytest.raises(asyncpg.InvalidPasswordError):
        await value(f"postgresql://huying:wrong@127.0.0.1:{postgres.port}/postgres", "SELECT 1")
    running.stop()


def test_valkey_answers_on_its_socket_and_nowhere_else(folder: Path) -> None:
    valkey = Valkey(folder / "valkey")
    running = start(valkey)
    with redis.Redis.from_url(valkey.url()) as client:
        assert client.ping()
    assert listening_on_tcp(running.process.pid) == []
    running.kill()
    running = start(valkey)
    with redis.Redis.from_url(valkey.url()) as client:
        assert client.ping()
    running.stop()


def listening_on_tcp(pid: int) -> list[str]:
    """Return the listening TCP sockets among the open files of ``pid``."""
    mine = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in mine]


def test_kill_9_of_the_holder_ends_the_servers(folder: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdout.readline() == b"up\n"
    assert processes_in(folder / "postgres") and processes_in(folder / "valkey")
    holder.kill()
    holder.wait()
    holder.stdout.close()
    until = time.monotonic() + 15
    while alive_in(folder):
        assert time.monotonic() < until
        time.sleep(0.02)


def alive_in(folder: Path) -> list[int]:
    return [pid for name in ("postgres", "valkey") for pid in processes_in(folder / name) if is_alive(pid)]


async def test_an_orphan_is_ended_before_the_next_start(folder: Path) -> None:
    first, second = Postgres(folder / "postgres"), Postgres(folder / "postgres")
    orphan = start(first)
    await value(first.url(), "CREATE TABLE kept AS SELECT 7 AS number")
    running = start(second)
    assert orphan.process.wait(5) is not None
    assert await value(second.url(), "SELECT number FROM kept") == 7
    running.stop()


async def test_a_half_made_cluster_is_made_again(folder: Path) -> None:
    half_made = folder / "postgres.new.x1"
    (half_made / "base").mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    postgres = Postgres(folder / "postgres")
    running = start(postgres)
    assert await value(postgres.url(), "SELECT 1") == 1
    assert not half_made.exists()
    running.stop()
    assert sorted(path.name for path in folder.iterdir()) == ["postgres", "postgres.log"]


def test_a_folder_with_something_else_in_it_is_left_alone(folder: Path) -> None:
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "letter").write_text("mine")
    with pytest.raises(LocalServerError, match="move it away"):
        start(Postgres(folder / "postgres"))
    assert (folder / "postgres" / "letter").read_text() == "mine"


async def test_a_stale_pid_file_naming_a_living_stranger_does_not_harm_the_stranger(folder: Path) -> None:
    postgres = Postgres(folder / "postgres")
    start(postgres).stop()
    stranger = subprocess.Popen(["/bin/sleep", "600"])
    (folder / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{folder / 'postgres'}\n")
    running = start(postgres)
    assert stranger.poll() is None
    running.stop()
    stranger.kill()
    stranger.wait()


async def test_a_long_path_with_blanks_and_chinese_works(folder: Path) -> None:
    folder = folder / ("很长的 文件夹 " * 8)
    postgres, valkey = Postgres(folder / "postgres"), Valkey(folder / "valkey")
    running = [start(postgres), start(valkey)]
    assert await value(postgres.url(), "SELECT 1") == 1
    with redis.Redis.from_url(valkey.url()) as client:
        assert client.ping()
    for server in running:
        server.stop()
    for place in (folder / "postgres", folder / "valkey"):
        shutil.rmtree(socket_folder(place, localservers.server_account(place)))


def test_a_short_socket_folder_laid_by_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/tmp")
    folder = tmp_path / ("x" * 100)
    short = socket_folder(folder, None)
    short.rmdir()
    short.symlink_to(tmp_path)
    try:
        with pytest.raises(LocalServerError, match="belongs to somebody else"):
            socket_folder(folder, None)
    finally:
        short.unlink()


def test_the_binary_that_made_the_data_serves_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in (15, 19):
        program = tmp_path / str(version) / "postgres"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho "postgres (PostgreSQL) {version}.1"\n')
        program.chmod(0o755)
        (program.parent / "initdb").touch()
    wheel = postgres_programs(18)
    monkeypatch.setenv("PATH", str(tmp_path / "15"), prepend=":")
    assert postgres_programs(None) == wheel  # 15 is too old
    monkeypatch.setenv("PATH", str(tmp_path / "19"), prepend=":")
    assert postgres_programs(None) == tmp_path / "19"
    assert postgres_programs(18) == wheel
    with pytest.raises(LocalServerError, match="PostgreSQL 17, which made the data here"):
        postgres_programs(17)


def test_a_program_that_cannot_be_run_has_no_version(tmp_path: Path) -> None:
    assert major_version(tmp_path / "absent") == 0


@ROOT
def test_as_root_the_servers_run_as_somebody_without_rights_and_folders_stay_closed(folder: Path) -> None:
    folder.mkdir()
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    secret = closed / "secret"
    secret.write_text("mine")
    secret.chmod(0o600)
    postgres, valkey = Postgres(closed / "state" / "postgres"), Valkey(closed / "state" / "valkey")
    running = [start(postgres), start(valkey)]
    owners = {os.stat(f"/proc/{server.process.pid}").st_uid for server in running}
    assert owners == {pwd.getpwnam("huying").pw_uid}
    assert stat.S_IMODE((closed / "state" / "postgres").stat().st_mode) == 0o700
    for account, may_list, may_pass in (("huying", False, True), ("nobody", False, False)):
        assert may(account, f"ls {closed}") is may_list
        assert may(account, f"cat {secret}") is False
        assert may(account, f"test -x {closed}") is may_pass
    for server in running:
        server.stop()


def may(account: str, command: str) -> bool:
    options = Command(argv=(), env={"PATH": "/usr/bin:/bin"}, account=pwd.getpwnam(account)).options()
    return (
        subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False, **options).returncode
        == 0
    )


@ROOT
def test_an_ordinary_user_starts_them_without_changing_anybody(folder: Path) -> None:
    account = pwd.getpwnam("nobody")
    folder.mkdir(mode=0o700)
    folder.parent.chmod(0o711)
    os.chown(folder, account.pw_uid, account.pw_gid)
    script = HOLDER.replace("time.sleep(600)", "")
    paths = os.pathsep.join(path for path in sys.path if path)
    options = Command(
        argv=(), env={"PATH": os.environ["PATH"], "PYTHONPATH": paths}, account=account
    ).options()
    pythons = [sys.executable, "/usr/bin/python3.11"]
    python = next((path for path in pythons if may("nobody", f"{path} -c 'import ctypes'")), None)
    if python is None:  # a Python under a home folder; the account that runs servers never needs one
        pytest.skip("no Python 3.11 here that another user can run")
    ran = subprocess.run(
        [python, "-c", script, str(folder)], capture_output=True, text=True, check=False, **options
    )
    assert ran.stdout == "up\n", ran.stderr
    assert (folder / "postgres").stat().st_uid == account.pw_uid


@ROOT
def test_data_of_an_ordinary_user_is_served_by_that_user(folder: Path) -> None:
    account = pwd.getpwnam("nobody")
    folder.mkdir()
    start(Postgres(folder / "postgres")).stop()
    for path in [folder / "postgres", *(folder / "postgres").rglob("*")]:
        os.chown(path, account.pw_uid, account.pw_gid)
    running = start(Postgres(folder / "postgres"))
    assert os.stat(f"/proc/{running.process.pid}").st_uid == account.pw_uid
    running.stop()
