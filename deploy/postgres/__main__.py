"""`python -m deploy.postgres`: make and migrate every service's database; Compose runs it as a job.

Reads, from the environment or from files under `/run/secrets`, `POSTGRES_ADMIN_URL` (the superuser's
address) and for each service `<SERVICE>_OWNER_PASSWORD` and `<SERVICE>_RUNTIME_PASSWORD`.
"""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg

from deploy.postgres.databases import MigrationFailed, create, dsn_of, migrate, owner_role, services

SECRETS = Path("/run/secrets")


def _read(name: str) -> str:
    """A value by name. Ends the program, naming it, if it is nowhere."""
    for path in (SECRETS / name, SECRETS / name.lower()):
        if path.is_file():
            return path.read_text().strip()
    value = os.environ.get(name, "")
    if not value:
        sys.exit(f"{name} is not set.")
    return value


async def _set_up(service: str, superuser_dsn: str) -> None:
    owner_password = _read(f"{service.upper()}_OWNER_PASSWORD")
    await create(superuser_dsn, service, owner_password, _read(f"{service.upper()}_RUNTIME_PASSWORD"))
    owner_dsn = dsn_of(superuser_dsn, database=service, user=owner_role(service), password=owner_password)
    await migrate(service, owner_dsn)
    print(f"{service}: migrated", flush=True)


async def main() -> None:
    """One after the other, so that what is printed can be read."""
    superuser_dsn = _read("POSTGRES_ADMIN_URL")
    for service in services():
        await _set_up(service, superuser_dsn)


if __name__ == "__main__":
    if sys.argv[1:]:  # `--help` above all: it must not start the job
        sys.exit(__doc__)
    try:
        asyncio.run(main())
    except (MigrationFailed, OSError, asyncpg.PostgresError) as error:
        sys.exit(str(error))
