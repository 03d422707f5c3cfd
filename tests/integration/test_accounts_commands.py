"""The operator's commands at the machine, each as a process of its own."""

import asyncio
import os
import re
import sys
import uuid
from pathlib import Path

import httpx
import pytest

from services.accounts.app import create_app
from tests.integration.accounts_office import BASE

ROOT = Path(__file__).parents[2]
PASSWORD = re.compile(r"^password, good once: (\S+)$", re.MULTILINE)


@pytest.fixture
async def run(database, settings_env, monkeypatch):
    """Runs a command: its code, what it said, and what it complained of."""
    made = await database("accounts")
    environment = {**settings_env, "ACCOUNTS_DATABASE_URL": made.runtime_dsn}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    async def command(*arguments):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.accounts",
            *arguments,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, said.decode(), complained.decode()

    command.owner_dsn = made.owner_dsn
    command.environment = environment
    return command


async def test_the_first_operator_is_made_once_and_can_sign_in(run):
    code, said, complained = await run("first-operator", "--login", "Admin", "--name", "张三")
    assert (code, complained) == (0, "")
    (initial,) = PASSWORD.findall(said)
    code, said, complained = await run("first-operator", "--login", "second")
    assert (code, said) == (1, "")
    assert complained.startswith("operator_exists:")
    app = create_app()
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://accounts") as client,
    ):
        answered = await client.post(f"{BASE}/sign-in", json={"login": "admin", "password": initial})
        assert answered.json()["scope"] == "enrol"
        assert answered.json()["account"]["name"] == "张三"
        assert [each["role"] for each in answered.json()["account"]["grants"]] == ["operator"]


async def test_accounts_and_roles_by_command(run):
    assert (await run("first-operator", "--login", "admin"))[0] == 0
    code, said, _ = await run("open", "--login", "wang.guilan", "--name", "王桂兰", "--official", "head-land")
    assert code == 0
    assert len(PASSWORD.findall(said)) == 1
    grant = ("wang.guilan", "window_staff", "--department", "land", "--venue", "hall")
    assert (await run("grant", *grant, "--until", "2099-12-31"))[0] == 0
    listed = (await run("list"))[1].splitlines()
    assert listed[1].startswith("wang.guilan: ")
    assert listed[1].endswith("active (not yet signed in for good): window_staff/land/hall")
    assert "王桂兰" not in listed[1]
    assert (await run("revoke", *grant))[0] == 0
    assert (await run("revoke", *grant))[2].startswith("grant_unknown:")
    for command, state in (("suspend", "suspended"), ("resume", "active"), ("sign-out", "active"), ("reset", "active")):
        code, said, _ = await run(command, "wang.guilan")
        assert code == 0
        assert state in said
    assert (await run("suspend", "admin"))[2].startswith("last_operator:")
    assert (await run("suspend", "nobody"))[2].startswith("account_unknown:")
    code, _, complained = await run("grant", "wang.guilan", "emperor")
    assert code == 1
    assert complained.startswith("role:")
    code, said, _ = await run("audit", "verify")
    assert code == 0
    assert re.match(r"\d+ rows, whole; head [0-9a-f]{64}:\d+$", said.strip())
    assert (await run("republish", "--all"))[1].strip() == "2 republished"


async def test_a_broken_audit_is_told_with_code_1(run):
    import asyncpg  # noqa: PLC0415  (only here)

    assert (await run("first-operator", "--login", "admin"))[0] == 0
    connection = await asyncpg.connect(run.owner_dsn)
    await connection.execute("update audit_entry set action = 'resumed' where number = 2")
    await connection.close()
    code, said, complained = await run("audit", "verify")
    assert (code, said) == (1, "")
    assert complained.strip() == "broken at row 2; 1 rows before it are whole"


async def test_a_subject_of_the_provider_is_linked_by_command(run):
    assert (await run("first-operator", "--login", "admin"))[0] == 0
    asked = ("link", "--login", "Admin", "--subject", "4711")
    code, _, complained = await run(*asked)
    assert (code, complained.partition(":")[0]) == (1, "oidc_not_offered")
    run.environment.update(
        OIDC_ISSUER="https://id.county.example", OIDC_CLIENT_ID="service-day", OIDC_CLIENT_SECRET="secret"
    )
    code, said, complained = await run(*asked)
    assert (code, complained) == (0, "")
    assert said.startswith("admin: ")
    assert (await run("open", "--login", "wang.guilan", "--name", "王桂兰"))[0] == 0
    assert (await run("link", "--login", "wang.guilan", "--subject", "4711"))[2].startswith("oidc_subject_taken:")
    assert (await run("unlink", "--login", "admin"))[0] == 0
    assert (await run("unlink", "--login", "admin"))[2].startswith("oidc_subject_unknown:")
    assert (await run("link", "--login", "nobody", "--subject", "4711"))[2].startswith("account_unknown:")


async def test_a_device_is_named_listed_and_revoked_by_command(run):
    code, said, complained = await run("devices", "add", "kiosk", "--venue", "hall", "--label", "一楼东门")
    assert (code, complained) == (0, "")
    device_id = said.partition(":")[0]
    assert re.search(r"^code to type at /device, good once: [a-z2-9]{4}-[a-z2-9]{4}$", said, re.MULTILINE)
    assert (await run("devices", "list"))[1].strip() == f"{device_id}: kiosk of hall, 一楼东门: not paired"
    assert (await run("devices", "add", "lamp", "--venue", "hall", "--label", "门"))[0] == 1
    assert (await run("devices", "revoke", device_id))[1].strip().endswith(": revoked")
    assert (await run("devices", "revoke", str(uuid.uuid4())))[2].startswith("device_unknown:")
    assert (await run("republish", "--all"))[1].strip() == "1 republished"
