"""Databases of the services: made, shut to others, and migrated. Everything here may be repeated.

A service that has a folder `migrations` owns a database of its name, with two roles: `<service>_owner`
owns database and schema and runs the migrations, `<service>_runtime` has what migrations grant it,
table by table. `connect` is taken from everyone else, so that no service reaches another's tables.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which
from sys import prefix
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.postgres import sql

ROOT = Path(__file__).parents[2]
SHARED_MIGRATIONS = tuple(sorted(ROOT.glob("shared/*/migrations")))
MIGRATE_SECONDS = 120.0


class MigrationFailed(Exception):  # noqa: N818  (a noun: what happened)
    """A migration was refused. Carries what dbmate said."""


def services() -> tuple[str, ...]:
    """The services that own a database."""
    return tuple(sorted(folder.parent.name for folder in ROOT.glob("services/*/migrations") if folder.is_dir()))


def owner_role(service: str) -> str:
    """The role that owns the service's database."""
    return f"{service}_owner"


def runtime_role(service: str) -> str:
    """The role that the service works as."""
    return f"{service}_runtime"


def dsn_of(dsn: str, *, database: str, user: str | None = None, password: str = "") -> str:
    """The same server's address, for another database and, if given, another user."""
    parts = urlsplit(dsn)
    host = parts.netloc.rsplit("@", 1)[-1]
    access = parts.netloc.rsplit("@", 1)[0] if user is None else f"{user}:{password}"
    return urlunsplit(parts._replace(netloc=f"{access}@{host}", path=f"/{database}"))


@asynccontextmanager
async def connected(dsn: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
    """A connection for statements of the administrator's."""
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


async def create(superuser_dsn: str, service: str, owner_password: str, runtime_password: str) -> None:
    """Make the service's roles and database, or set the passwords of those that are there."""
    owner, runtime = owner_role(service), runtime_role(service)
    async with connected(superuser_dsn) as connection:
        for role, password in ((owner, owner_password), (runtime, runtime_password)):
            if not await sql.has_role(connection, role):
                await sql.create_role(connection, role)
            await sql.set_password(connection, role, password)
        if not await sql.has_database(connection, service):
            await sql.create_database(connection, service, owner)
        await sql.restrict_database(connection, service, runtime)
    async with connected(dsn_of(superuser_dsn, database=service)) as connection:
        await sql.restrict_schema(connection, owner, runtime)


def _dbmate() -> str:
    """The program: beside this Python, else on the path."""
    return which("dbmate", path=f"{prefix}/bin") or which("dbmate") or "dbmate"


async def migrate(service: str, owner_dsn: str) -> None:
    """Bring the service's database to the latest migration: the shared ones first. Raises MigrationFailed."""
    folders = [folder for folder in (*SHARED_MIGRATIONS, ROOT / "services" / service / "migrations") if folder.is_dir()]
    separator = "&" if urlsplit(owner_dsn).query else "?"
    url = owner_dsn if "sslmode=" in owner_dsn else f"{owner_dsn}{separator}sslmode=disable"
    directions = [part for folder in folders for part in ("--migrations-dir", str(folder))]
    process = await asyncio.create_subprocess_exec(
        _dbmate(),
        *directions,
        "--no-dump-schema",
        "--migration-lock",
        "migrate",
        env={**os.environ, "DATABASE_URL": url},  # not on the command line, where every user could read the password
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="/",  # where no .env lies that it would read
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), MIGRATE_SECONDS)
    except BaseException:
        process.kill()
        raise
    if process.returncode != 0:
        message = f"Migrating {service} failed:\n{said.decode('utf-8', 'replace').strip()}"
        raise MigrationFailed(message)
