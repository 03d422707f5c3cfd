"""The floors: PostgreSQL's own pgbench with a claim in one statement, `floors/*.sql`."""

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.postgres import BINARIES
from tests.bench import sql
from tests.bench.generator import Slots

SCRIPTS = Path(__file__).with_name("floors")
CHOICES = {
    False: ":slot::int",
    True: "(:first_slot + ((nextval('{schema}.turn') - 1) / :seats) % :slots)::int",
}
"""How a request chooses its slot, by whether all are to be on one until it is full."""
PLANS = "-c jit=off -c enable_seqscan=off -c plan_cache_mode=force_generic_plan"
"""As booking has them: the tables are empty when a statement is planned."""
THREADS = 2
CONNECTING_SECONDS = 1
"""What pgbench's duration holds besides: 64 times SCRAM. Its rate does not count it."""
END_SECONDS = 15


async def booked_per_second(
    connection: sql.Connection,
    dsn: str,
    schema: str,
    slots: Slots,
    *,
    clients: int,
    seconds: float,
    hot: bool,
    folder: Path,
) -> float:
    """Seats taken a second by so many clients. RuntimeError where pgbench fails."""
    chosen = CHOICES[hot].format(schema=schema)
    script = folder / f"{schema}-{'hot' if hot else 'spread'}.sql"
    script.write_text((SCRIPTS / f"{schema}.sql").read_text().replace("{slot}", chosen))
    await connection.execute(f"alter sequence {schema}.turn restart")
    variables = {
        "turn": 0,
        "clients": clients,
        "first_slot": slots.first,
        "slots": slots.count,
        "seats": slots.seats,
    }
    said = await _run(dsn, script, clients=clients, seconds=seconds, variables=variables)
    transactions = _number(r"number of transactions actually processed: (\d+)", said)
    booked = await sql.count_bookings(connection, schema)
    # pgbench's own rate leaves out the time of connecting; a transaction that got no seat is none of ours.
    return _number(r"tps = ([\d.]+)", said) * booked / max(transactions, 1)


async def visits_per_second(dsn: str, *, clients: int, seconds: float, folder: Path) -> float:
    """Visits a second in four bare statements, each committed by itself. RuntimeError where pgbench fails."""
    script = folder / "visit.sql"
    script.write_text((SCRIPTS / "visit.sql").read_text())
    said = await _run(dsn, script, clients=clients, seconds=seconds, variables={"departments": clients})
    return _number(r"tps = ([\d.]+)", said)


async def _run(dsn: str, script: Path, *, clients: int, seconds: float, variables: Mapping[str, int]) -> str:
    address = urlsplit(dsn)
    process = await asyncio.create_subprocess_exec(
        str(BINARIES / "pgbench"),
        *("-n", "-M", "prepared", "-f", str(script), "-T", str(round(seconds) + CONNECTING_SECONDS)),
        *("-c", str(clients), "-j", str(min(clients, THREADS))),
        *(part for name, value in variables.items() for part in ("-D", f"{name}={value}")),
        env={
            **os.environ,
            "PGHOST": address.hostname or "",
            "PGPORT": str(address.port),
            "PGUSER": address.username or "",
            "PGPASSWORD": address.password or "",
            "PGDATABASE": address.path.lstrip("/"),
            "PGOPTIONS": PLANS,
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds + END_SECONDS):
            raw, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    said = raw.decode("utf-8", "replace")
    if process.returncode != 0 or "number of failed transactions: 0" not in said:
        raise RuntimeError(f"pgbench failed:\n{said[-2000:]}")
    return said


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"pgbench did not say {pattern!r}")
    return float(found[1])
