"""The audit's chain in a real database: whole, or found out; and nobody appends between two others."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from itertools import pairwise

import asyncpg
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from shared import database
from shared.audit import recording
from shared.audit.chain import BEGINNING, Chain
from shared.audit.recording import audited
from shared.command_line import make_command_line
from shared.settings import ServiceSettings

PROCESS = """
import asyncio, sys
from shared import database
from shared.audit.recording import audited

async def main():
    pool = await database.open_pool(sys.argv[1], size=4, application_name="audit-test")
    print("ready", flush=True)
    sys.stdin.readline()
    async def one(number):
        async with audited(pool, "thing.done", "thing", f"{sys.argv[2]}-{number}"):
            pass
    await asyncio.gather(*(one(each) for each in range(40)))
    await pool.close()

asyncio.run(main())
"""


@dataclass
class Place:
    pool: database.Pool
    owner_dsn: str
    runtime_dsn: str

    async def owner(self, statement):
        connection = await asyncpg.connect(self.owner_dsn)
        try:
            return await connection.fetch(statement)
        finally:
            await connection.close()

    async def act(self, *ids):
        for each in ids:
            async with audited(self.pool, "thing.done", "thing", each, code="a"):
                pass

    async def chain(self):
        async with database.transaction(self.pool) as connection:
            return await recording.verify(connection)

    def verify(self, *arguments):
        made = make_command_line(
            "roster",
            settings_factory=lambda: ServiceSettings(
                database_url=self.runtime_dsn, service_secret="s" * 32, operator_secret="o" * 32
            ),
            app_factory=FastAPI,
        )
        done = CliRunner().invoke(made, ["audit", "verify", *arguments])
        return done.exit_code, done.stdout.strip(), done.stderr.strip()


@pytest.fixture
async def place(database):
    made = await database("roster")
    from shared import database as opened  # noqa: PLC0415  (the fixture has the module's name)

    pool = await opened.open_pool(made.runtime_dsn, size=4, application_name="audit-test")
    yield Place(pool, made.owner_dsn, made.runtime_dsn)
    await pool.close()


async def test_an_empty_chain_is_whole(place):
    assert await place.chain() == Chain(0, BEGINNING)


@pytest.mark.parametrize(
    ("damage", "found_at"),
    [
        ("update audit_entry set actor = 'somebody' where number = 3", 3),
        ("update audit_entry set official_id = 'zhou' where number = 3", 3),
        ("update audit_entry set held = '{auditor}' where number = 1", 1),
        ("update audit_entry set address = '10.0.0.1' where number = 3", 3),
        ("update audit_entry set path = 'GET /' where number = 3", 3),
        ("update audit_entry set client = 'api' where number = 3", 3),
        ("update audit_entry set record_kind = 'window' where number = 3", 3),
        ("update audit_entry set record_id = 'x' where number = 4", 4),
        ("update audit_entry set action = 'thing.undone' where number = 2", 2),
        ("update audit_entry set at = at + interval '1 microsecond' where number = 2", 2),
        ("""update audit_entry set details = '{"code": "b"}' where number = 2""", 2),
        ("update audit_entry set previous = sha256(previous) where number = 2", 2),
        ("update audit_entry set hash = sha256(hash) where number = 2", 2),
        ("delete from audit_entry where number = 2", 3),
        ("delete from audit_entry where number = 1", 2),
    ],
)
async def test_a_row_that_was_changed_or_taken_out_is_found(place, damage, found_at):
    await place.act("a", "b", "c", "d")
    assert (await place.chain()).rows == 4
    await place.owner(damage)
    assert (await place.chain()).broken_at == found_at
    code, said, complained = await asyncio.to_thread(place.verify)
    assert (code, said) == (1, "")
    assert complained.startswith(f"broken at row {found_at};")


async def test_what_is_cut_off_the_end_is_found_by_what_was_written_down(place):
    await place.act("a", "b", "c")
    code, said, _ = await asyncio.to_thread(place.verify)
    assert code == 0
    assert said.startswith("3 rows, whole; head ")
    head = said.rsplit(" ", 1)[1]
    await place.act("d")
    assert (await asyncio.to_thread(place.verify, "--expect", head))[0] == 0, "more rows are no fault"
    await place.owner("delete from audit_entry where number >= 3")
    assert (await place.chain()).broken_at is None, "the rest is whole in itself"
    code, said, complained = await asyncio.to_thread(place.verify, "--expect", head)
    assert (code, said) == (1, "")
    assert complained == "row 3 is not there as it was written down; 2 rows are"
    await place.act("e")  # another third row does not hide it
    assert (await asyncio.to_thread(place.verify, "--expect", head))[0] == 1


async def test_an_expectation_that_is_none_is_refused(place):
    assert (await asyncio.to_thread(place.verify, "--expect", "abc"))[0] == 2


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entry set actor = 'x'",
        "delete from audit_entry",
        "truncate audit_entry",
        "alter table audit_entry disable trigger all",
        "drop table audit_entry",
    ],
)
async def test_the_services_role_can_add_and_nothing_else(place, statement):
    await place.act("a")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(place.pool) as connection:
            await connection.execute(statement)


async def test_what_is_rolled_back_leaves_no_row_and_no_gap(place):
    with pytest.raises(RuntimeError):
        async with audited(place.pool, "thing.done", "thing", "a"):
            raise RuntimeError
    await place.act("b")
    (row,) = await place.owner("select number, record_id from audit_entry")
    assert tuple(row) == (1, "b")


async def test_two_processes_at_once_make_one_chain(place):
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROCESS, place.runtime_dsn, name, stdin=PIPE, stdout=PIPE
        )
        for name in ("first", "second")
    ]
    for each in processes:
        await each.stdout.readline()
    for each in processes:
        each.stdin.write(b"go\n")
    assert [await each.wait() for each in processes] == [0, 0]
    chain = await place.chain()
    assert (chain.rows, chain.broken_at) == (80, None)
    names = [row["record_id"].split("-")[0] for row in await place.owner("select * from audit_entry order by number")]
    assert sum(one != other for one, other in pairwise(names)) > 1, "they took turns"


async def test_the_chain_is_followed_a_stretch_at_a_time(place):
    await place.act(*"abcde")
    async with database.transaction(place.pool) as connection:
        part, ended = await recording.walk(connection, Chain(0, BEGINNING), 3)
        assert (part.rows, ended) == (3, False)
        whole, ended = await recording.walk(connection, part, 3)
    assert (whole.rows, ended) == (5, True)
    assert whole == await place.chain()
