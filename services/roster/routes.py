"""The roster's HTTP API: thin. A route parses, opens a transaction and calls one command or query."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query, Request

from services.roster import commands, queries
from services.roster.domain.entry import ID_PATTERN
from services.roster.domain.pack import read_calendars, read_pack
from services.roster.domain.planning import ClashChoice, Planned, PlanReport, Reason
from services.roster.domain.problems import CalendarInvalid, MalformedYaml, PackInvalid, UnsupportedMediaType
from services.roster.domain.search import QUERY_LENGTH, rank
from services.roster.domain.source import Finding
from services.roster.permissions import SEE_DUTIES, SEE_OFFICIALS
from shared import database
from shared.access import Caller, allow, permit
from shared.application import Runtime, runtime
from shared.audit.recording import Act, audited
from shared.audit.routes import make_router
from shared.database import Connection, county_now
from shared.visitors import Body

citizen = APIRouter(prefix="/api/roster/v1", tags=["citizen"], dependencies=[allow(Caller.CITIZEN)])
staff = APIRouter(prefix="/api/roster/v1/staff", tags=["staff"])
operator = APIRouter(prefix="/api/roster/v1", tags=["operator"], dependencies=[allow(Caller.OPERATOR)])
routers = (citizen, staff, operator, make_router("roster"))

LIST_LIMIT = 500
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")

Content = TypeVar("Content")
Running = Annotated[Runtime, Depends(runtime)]
Identifier = Annotated[str, Path(pattern=ID_PATTERN, max_length=64)]
SessionId = Annotated[str, Path(pattern=r"^[a-z0-9.-]+$", max_length=200)]
Limit = Annotated[int, Query(ge=1, le=LIST_LIMIT)]
From = Annotated[date | None, Query(alias="from", description="The first date; today, if none.")]
To = Annotated[date | None, Query(alias="to", description="The last date.")]
Confirm = Annotated[
    str | None, Query(pattern="^[0-9a-f]{32}$", description="The token of the difference that was shown.")
]


class Move(Body):
    """Where a session is moved, and why. `rest_day` says that a rest day is meant."""

    reason: Reason
    rest_day: bool = False
    date: date


class Cancellation(Body):
    """Why a session is called off."""

    reason: Reason


class ClashDecision(Body):
    """What becomes of a session that was shifted next to another."""

    choice: ClashChoice


@citizen.get("/venue")
async def venue(running: Running) -> queries.VenueView:
    """The hall with its departments and windows."""
    async with database.transaction(running.pool) as connection:
        return await queries.venue(connection)


@citizen.get("/departments")
async def departments(running: Running) -> queries.Departments:
    """The departments in the hall."""
    async with database.transaction(running.pool) as connection:
        return await queries.departments(connection)


@citizen.get("/matters")
async def matters(
    running: Running,
    q: Annotated[str, Query(max_length=QUERY_LENGTH, description="What is wanted, in plain words or pinyin.")] = "",
    department_id: Annotated[str | None, Query(pattern=ID_PATTERN, max_length=64)] = None,
    limit: Limit = 20,
) -> queries.Matters:
    """The matters that plain words mean, best first; without words all, the common ones first."""
    async with database.transaction(running.pool) as connection:
        findable = await queries.findable(connection, department_id)
    # A large pack's wordings take seconds to prepare at its first search: meanwhile others are served, and no
    # transaction stands idle.
    ranked = await asyncio.to_thread(rank, q, findable)
    async with database.transaction(running.pool) as connection:
        return await queries.matters(connection, ranked, limit)


@citizen.get("/matters/{matter_id}")
async def matter(running: Running, matter_id: Identifier) -> queries.MatterView:
    """A matter, with what to bring and how long it takes."""
    async with database.transaction(running.pool) as connection:
        return await queries.matter(connection, matter_id)


@citizen.get("/sessions")
async def sessions(
    running: Running,
    first: From = None,
    last: To = None,
    status: Literal["tentative", "planned", "cancelled"] | None = None,
    limit: Limit = 100,
) -> queries.Sessions:
    """The public sessions, by date."""
    async with database.transaction(running.pool) as connection:
        zone = running.settings.zone
        return await queries.sessions(connection, zone, first=first, last=last, status=status, limit=limit)


@citizen.get("/sessions/{session_id}")
async def session(running: Running, session_id: SessionId) -> queries.SessionView:
    """A public session with its duties."""
    async with database.transaction(running.pool) as connection:
        return await queries.session(connection, session_id)


@staff.get("/officials", dependencies=[permit(SEE_OFFICIALS)])
async def officials(running: Running) -> queries.Officials:
    """Everybody who can be on duty."""
    async with database.transaction(running.pool) as connection:
        return await queries.officials(connection)


@staff.get("/officials/{official_id}/sessions", dependencies=[permit(SEE_DUTIES)])
async def official_sessions(
    running: Running, official_id: Identifier, first: From = None, last: To = None, limit: Limit = 100
) -> queries.Sessions:
    """The sessions in which an official is on duty, internal ones included."""
    async with database.transaction(running.pool) as connection:
        zone = running.settings.zone
        return await queries.official_sessions(connection, zone, official_id, first=first, last=last, limit=limit)


def _yaml(description: str) -> dict[str, Any]:
    """What the API document says of a route that takes a YAML text."""
    schema = {"type": "object", "description": description}
    return {"requestBody": {"required": True, "content": {each: {"schema": schema} for each in YAML_TYPES}}}


async def _read(
    request: Request,
    file: str,
    reader: Callable[[Iterable[tuple[str, str]]], tuple[Content, list[Finding]]],
    invalid: type[PackInvalid | CalendarInvalid],
) -> Content:
    """The body's content. Raises UnsupportedMediaType, MalformedYaml, or `invalid` with everything that is wrong."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in YAML_TYPES:
        raise UnsupportedMediaType
    try:
        text = (await request.body()).decode()
    except UnicodeDecodeError:
        raise MalformedYaml from None
    # A megabyte of YAML takes seconds; the loop goes on serving meanwhile.
    content, findings = await asyncio.to_thread(reader, [(file, text)])
    if findings:
        raise invalid(findings)
    return content


@operator.post("/packs", openapi_extra=_yaml("A programme pack, whole."))
async def import_pack(request: Request, running: Running, confirm: Confirm = None) -> commands.PackReport:
    """Take over a programme pack and plan by it. Where certain sessions would move or fall, it must be confirmed."""
    pack = await _read(request, "pack.yaml", read_pack, PackInvalid)
    return await _change(
        audited(running.pool, "pack.imported", "pack"),
        running,
        lambda connection, zone, now: commands.import_pack(connection, zone, now, pack, confirm),
    )


@operator.post("/calendars", openapi_extra=_yaml("Calendars, under the key `calendars`."))
async def import_calendars(request: Request, running: Running, confirm: Confirm = None) -> commands.CalendarReport:
    """Show which sessions calendars would move; with the token of that difference, move them."""
    layers = await _read(request, "calendar.yaml", read_calendars, CalendarInvalid)
    return await _change(
        audited(running.pool, "calendar.imported" if confirm else "calendar.compared", "calendar"),
        running,
        lambda connection, zone, now: commands.import_calendars(connection, zone, now, layers, confirm),
    )


@operator.post("/plan")
async def plan(running: Running) -> PlanReport:
    """Plan ahead, and tell what should be looked at. It is done daily anyhow, and changes nothing the second time."""
    return await _change(audited(running.pool, "sessions.planned", "calendar"), running, commands.plan_ahead)


@operator.post("/sessions/{session_id}/move")
async def move_session(running: Running, session_id: SessionId, body: Move) -> queries.SessionView:
    """Move a session to another date; those booked are told."""

    async def command(connection: Connection, zone: ZoneInfo, now: datetime) -> Planned:
        return await commands.move_session(
            connection, zone, now, session_id, day=body.date, reason=body.reason, rest_day=body.rest_day
        )

    act = audited(running.pool, "session.moved", "session", session_id, to=body.date, reason=body.reason)
    return await _change_session(act, running, command)


@operator.post("/sessions/{session_id}/cancel")
async def cancel_session(running: Running, session_id: SessionId, body: Cancellation) -> queries.SessionView:
    """Call a session off; those booked are told."""
    return await _change_session(
        audited(running.pool, "session.cancelled", "session", session_id, reason=body.reason),
        running,
        lambda connection, _, now: commands.cancel_session(connection, now, session_id, body.reason),
    )


@operator.post("/sessions/{session_id}/clash")
async def settle_clash(running: Running, session_id: SessionId, body: ClashDecision) -> queries.SessionView:
    """Keep, skip or merge a session that was shifted next to another (`clashes` of a plan)."""
    return await _change_session(
        audited(running.pool, "session.clash_settled", "session", session_id, choice=body.choice),
        running,
        lambda connection, _, now: commands.settle_clash(connection, now, session_id, body.choice),
    )


Command = Callable[[Connection, ZoneInfo, datetime], Awaitable[Content]]


Audit = AbstractAsyncContextManager[Act]


async def _change(audit: Audit, running: Runtime, command: Command[Content]) -> Content:
    """Run a command in one transaction by the county's clock, and leave its row in the audit."""
    async with audit as act:
        report = await command(act.connection, running.settings.zone, await county_now(act.connection))
    running.published()
    return report


async def _change_session(audit: Audit, running: Runtime, command: Command[Planned]) -> queries.SessionView:
    async def shown(connection: Connection, zone: ZoneInfo, now: datetime) -> queries.SessionView:
        changed = await command(connection, zone, now)
        return await queries.session(connection, changed.session.session_id, public=None)

    return await _change(audit, running, shown)
