"""Alembic's entry; the work is groundwork's."""

from groundwork.database import run_migrations

run_migrations()
