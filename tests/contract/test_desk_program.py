"""The desk as it is started: migrations, one line for what cannot work, a clean stop."""

import asyncio
import concurrent.futures
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import asyncpg
import pytest

from dispatch_desk.__main__ import MIGRATIONS
from gateway.localservers import Postgres, ensure_database
from groundwork.database import migrate
from staff.accounts import Role
from tests.dispatch import SECRET

pytestmark = pytest.mark.enable_socket


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HUYING_STATE_DIR": str(folder),
        "HUYING_DISPATCH_SECRET": SECRET,
    } | more


def run(command: list[str], env: dict[str, str], *, typed: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "dispatch_desk", *command],
        env=env,
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def tables(url: str) -> set[str]:
    async def ask() -> set[str]:
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        finally:
            await connection.close()
        return {row["tablename"] for row in rows}

    return asyncio.run(ask())


def test_migrating_makes_every_table_and_again_nothing(postgres: Postgres) -> None:
    asyncio.run(ensure_database(postgres.url(), "desk_again"))
    for _ in range(2):
        migrate(postgres.url("desk_again"), MIGRATIONS)
    wanted = {"events_received", "cases", "case_events", "effects", "pgqueuer", "pgqueuer_log",
              "staff_accounts", "staff_sessions", "staff_tries", "alembic_version"}  # fmt: skip
    assert wanted <= tables(postgres.url("desk_again"))


def test_two_migrations_at_once_do_not_collide(postgres: Postgres, tmp_path: Path) -> None:
    asyncio.run(ensure_database(postgres.url(), "desk_twice"))
    env = environment(tmp_path, HUYING_DESK_DATABASE_URL=postgres.url("desk_twice"))
    with concurrent.futures.ThreadPoolExecutor() as threads:
        outcomes = list(threads.map(lambda _: run(["migrate"], env), range(2)))
    assert [(outcome.returncode, outcome.stdout) for outcome in outcomes] == [(0, "")] * 2
    assert len((tmp_path / "accounts").read_text().splitlines()) == len(Role)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "HUYING_DESK_DATABASE_URL"),
        ({"HUYING_DESK_PORT": "none", "HUYING_DESK_DATABASE_URL": "mysql://x"}, "HUYING_DESK_PORT"),
        ({"HUYING_DESK_DATABASE_URL": "postgresql://huying@/x?host=/nonexistent"}, "dispatch_desk: "),
    ],
)
def test_what_cannot_work_is_said_and_ends_with_1(
    settings: dict[str, str], said: str, tmp_path: Path
) -> None:
    outcome = run(["migrate"], environment(tmp_path, **settings))
    assert outcome.returncode == 1
    assert said in outcome.stderr
    assert "Traceback" not in outcome.stderr


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(
    desk_url: str, tmp_path: Path, unused_tcp_port: int, stop: signal.Signals
) -> None:
    env = environment(
        tmp_path,
        HUYING_DESK_DATABASE_URL=desk_url,
        HUYING_DESK_PORT=str(unused_tcp_port),
        HUYING_CITY="pingdingshan",
    )
    with subprocess.Popen([sys.executable, "-m", "dispatch_desk", "serve"], env=env, stderr=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:  # fmt: skip
        address = f"http://127.0.0.1:{unused_tcp_port}"
        until = time.monotonic() + 30
        while status(f"{address}/readyz") != 200 and time.monotonic() < until and process.poll() is None:
            time.sleep(0.1)
        ready = status(f"{address}/readyz")
        process.send_signal(stop)
        said, journal = process.communicate(timeout=20)
    assert (ready, process.returncode, said) == (200, 0, "")
    assert '"desk.serving"' in journal and '"desk.stopped"' in journal


def test_an_account_is_added_with_its_password_on_standard_input(desk_url: str, tmp_path: Path) -> None:
    env = environment(tmp_path, HUYING_DESK_DATABASE_URL=desk_url)
    command = ["add-account", "zhao", "dispatcher"]
    assert run(command, env, typed="short\n").returncode == 1
    assert run(command, env, typed="a long enough password\n").returncode == 0
    assert "taken" in run(command, env, typed="a long enough password\n").stderr


def test_an_account_of_a_unit_names_it_and_nobody_else_does(desk_url: str, tmp_path: Path) -> None:
    env = environment(tmp_path, HUYING_DESK_DATABASE_URL=desk_url)
    typed = "a long enough password\n"
    assert "unit" in run(["add-account", "qian", "unit"], env, typed=typed).stderr
    assert "unit" in run(["add-account", "qian", "editor", "--unit", "x"], env, typed=typed).stderr
    assert run(["add-account", "qian", "unit", "--unit", "示例区住建局"], env, typed=typed).returncode == 0
    assert "qian unit 示例区住建局 open" in run(["staff", "list"], env).stdout.splitlines()


def test_an_account_that_nobody_can_open_is_reset_from_the_command_line(
    desk_url: str, tmp_path: Path
) -> None:
    env = environment(tmp_path, HUYING_DESK_DATABASE_URL=desk_url)
    run(["add-account", "sun", "admin"], env, typed="a long enough password\n")
    reset = run(["staff", "reset", "SUN"], env)
    assert (reset.returncode, len(reset.stdout.strip())) == (0, 19)
    assert "sun admin one-time" in run(["staff", "list"], env).stdout.splitlines()
    assert run(["staff", "reset", "nobody"], env).returncode == 1
