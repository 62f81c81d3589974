"""A whole supervised system of stand-ins, run as a program: what the supervisor does without the real programs."""

import argparse
import json
import os
import sys
from pathlib import Path

from gateway.supervisor import Service, StartError, Supervisor, alone, run_loop
from groundwork.settings import Settings

PROGRAM = str(Path(__file__).with_name("stand_in.py"))


def stand_in(name: str, port: str, habit: str = "plain", **more: object) -> Service:
    """Return a row of the table for a stand-in."""
    return Service(name=name, argv=("{PYTHON}", PROGRAM, name, port, habit), **more)  # type: ignore[arg-type]


def table(habits: dict[str, str], *, once: str) -> tuple[Service, ...]:
    """Return the table of a small system: an optional program, a migration, two servers."""
    return (
        stand_in("rasa", "{RASA_PORT}", habits.get("rasa", "plain"), ready="{RASA_URL}/", optional=True, settings=("RASA_TOKEN",)),
        stand_in("gateway-migrate", "0", once, once=True),
        stand_in(
            "gateway", "{PORT}", habits.get("gateway", "plain"), ready="{GATEWAY_HERE}/readyz",
            settings=("CITY", "PORT", "DATABASE_URL", "RASA_URL"),
        ),
        stand_in("desk", "{DESK_PORT}", habits.get("desk", "plain"), ready="{DESK_HERE}/readyz"),
    )  # fmt: skip


def main() -> int:
    """Run the system that the arguments describe until it is told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("desk_port", type=int)
    parser.add_argument("--habits", type=json.loads, default={})
    parser.add_argument("--migration", default="once")
    parser.add_argument("--servers", action="store_true", help="start PostgreSQL and Valkey as well")
    options = parser.parse_args()
    away = "" if options.servers else "postgresql://nobody@127.0.0.1:1/none"
    settings = Settings(
        city="example", state_dir=options.folder, files_dir=options.folder / "files", port=options.port,
        desk_port=options.desk_port, database_url=away, desk_database_url=away,
        redis_url="" if options.servers else "redis://127.0.0.1:1", rasa_token="stand-in",
    )  # fmt: skip
    try:
        with alone(settings.state_dir):
            return run_loop(
                Supervisor(
                    settings, services=table(options.habits, once=options.migration), environ=os.environ
                )
            )
    except StartError as error:
        print(f"Huying: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
