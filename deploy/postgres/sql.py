"""The statements that make roles and databases. Names and passwords are quoted by the server itself."""

import asyncpg

Connection = asyncpg.Connection  # administrators' connections are never pooled


async def _run(connection: "Connection[asyncpg.Record]", template: str, *values: str) -> None:
    """Execute a statement that takes no parameters, its `%I` and `%L` filled in by the server's `format`."""
    placeholders = "".join(f", ${number}::text" for number in range(2, len(values) + 2))
    await connection.execute(await connection.fetchval(f"select format($1{placeholders})", template, *values))


async def has_role(connection: "Connection[asyncpg.Record]", role: str) -> bool:
    """Whether the role is there."""
    return bool(await connection.fetchval("select exists (select from pg_roles where rolname = $1)", role))


async def has_database(connection: "Connection[asyncpg.Record]", database: str) -> bool:
    """Whether the database is there."""
    return bool(await connection.fetchval("select exists (select from pg_database where datname = $1)", database))


async def create_role(connection: "Connection[asyncpg.Record]", role: str) -> None:
    """A role that may do nothing yet and cannot sign in without a password."""
    await _run(connection, "create role %I nosuperuser nocreatedb nocreaterole noinherit login", role)


async def set_password(connection: "Connection[asyncpg.Record]", role: str, password: str) -> None:
    """Give the role its password; the statement is kept out of the server's log."""
    async with connection.transaction():
        await connection.execute("set local log_statement = 'none'")
        await connection.execute("set local log_min_error_statement = 'panic'")
        await _run(connection, "alter role %I password %L", role, password)


async def create_database(connection: "Connection[asyncpg.Record]", database: str, owner: str) -> None:
    """A database of the owner's. Runs outside any transaction."""
    await _run(connection, "create database %I owner %I", database, owner)


async def clone_database(connection: "Connection[asyncpg.Record]", database: str, template: str, owner: str) -> None:
    """A database as a copy of another that nobody is connected to."""
    await _run(connection, "create database %I template %I owner %I strategy wal_log", database, template, owner)


async def drop_database(connection: "Connection[asyncpg.Record]", database: str) -> None:
    """Drop the database, cutting off whoever is connected."""
    await _run(connection, "drop database if exists %I with (force)", database)


async def restrict_database(connection: "Connection[asyncpg.Record]", database: str, runtime: str) -> None:
    """Let the runtime role in and nobody else beside the owner."""
    await _run(connection, "revoke all on database %I from public", database)
    await _run(connection, "grant connect on database %I to %I", database, runtime)


async def restrict_schema(connection: "Connection[asyncpg.Record]", owner: str, runtime: str) -> None:
    """In the database connected to: the schema is the owner's to change and the runtime role's to use."""
    await _run(connection, "alter schema public owner to %I", owner)
    await connection.execute("revoke all on schema public from public")
    await _run(connection, "grant usage on schema public to %I", runtime)
