"""What staff ask about cases, and do with them."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from services.cases.commands import handling, overseeing, registering
from services.cases.domain import problems, requests, views
from services.cases.domain.case import Light
from services.cases.queries import desk, files
from services.cases.routes.parts import Asking, NeededKey, Running, cards, office
from services.cases.routes.permissions import (
    ENTER_CASE,
    HANDLE_CASE,
    OVERSEE_CASE,
    SEE_BOARD,
    SEE_CASES,
    SEE_DESK,
)
from services.cases.sql.lists import Wanted
from shared import database
from shared.access import permit
from shared.audit.recording import audited, record
from shared.events.cases import CaseKind, Level

router = APIRouter(prefix="/api/cases/v1/staff", tags=["staff"])

Text = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


@router.get("/board", dependencies=[permit(SEE_BOARD)])
async def board(running: Running, reach: Asking) -> views.Board:
    """The ladder at one glance."""
    async with database.transaction(running.pool) as connection:
        return await desk.board(connection, reach, await cards(running, connection))


@router.get("/cases", dependencies=[permit(SEE_CASES)])
async def search(  # noqa: PLR0913, PLR0917  (what can be asked for)
    running: Running,
    reach: Asking,
    q: Text = None,
    state: Literal["open", "over", "all"] = "open",
    level: Level | None = None,
    department_id: Text = None,
    kind: CaseKind | None = None,
    light: Light | None = None,
    listed: bool = False,  # noqa: FBT001, FBT002  (a query's own form)
    handler: Literal["me"] | None = None,
    after: Text = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> views.CardPage:
    """Cases by what they need, by number, or by words of title and department: the open ones by their next date."""
    wish = Wanted(
        state=state,
        level=level,
        department_id=department_id or None,
        kind=kind,
        handler_id=reach.account_id if handler else None,
        light=light,
        listed=listed,
    )
    try:
        mark = desk.parse_mark(after, state) if after else None
    except ValueError:
        raise problems.InvalidRequest.of("/after", "page_unknown", "no page begins there") from None
    async with database.transaction(running.pool) as connection:
        drawing = await cards(running, connection)
        return await desk.page(connection, reach, drawing, wish, query=q, after=mark, limit=limit)


@router.get("/desk", dependencies=[permit(SEE_DESK)])
async def department_desk(running: Running, reach: Asking) -> views.DepartmentDesk:
    """What one's departments have to do."""
    async with database.transaction(running.pool) as connection:
        return await desk.department_desk(connection, reach, await cards(running, connection))


@router.get("/mine", dependencies=[permit(SEE_CASES)])
async def own(running: Running, reach: Asking) -> views.OwnCards:
    """What is in one's own charge, by its next date."""
    async with database.transaction(running.pool) as connection:
        return await desk.own(connection, reach, await cards(running, connection))


@router.post("/cases", status_code=201, dependencies=[permit(ENTER_CASE)])
async def enter(running: Running, reach: Asking, wish: requests.Enter, key: NeededKey) -> views.Done:
    """Write down what somebody says at the counter or the phone. Sent again with the same key it is the same case."""
    async with audited(running.pool, "case.registered", "case", source=wish.source) as act:
        acting = await office(running, act.connection, "staff", reach)
        case, _ = await registering.entered(acting, wish, key)
        act.about("case", case.case_id)
        done = await files.done(act.connection, reach, await cards(running, act.connection), case.case_id)
    running.published()
    return done


@router.get("/cases/{case_id}", dependencies=[permit(SEE_CASES)])
async def case_file(running: Running, reach: Asking, case_id: UUID) -> views.CaseFile:
    """All of a case. Who is named in it, and to whom, stands in the audit."""
    async with database.transaction(running.pool) as connection:
        found = await files.case_file(connection, reach, await cards(running, connection), case_id)
        if found.person is not None and not found.person.masked:
            await record(connection, "case.read", "case", case_id)
        return found


@router.get("/cases/{case_id}/likely", dependencies=[permit(SEE_CASES)])
async def likely(running: Running, reach: Asking, case_id: UUID) -> views.Cards:
    """Open cases that are likely the same; a person decides whether they are."""
    async with database.transaction(running.pool) as connection:
        drawing = await cards(running, connection)
        await files.require_seen(connection, reach, drawing, case_id)
        return await desk.likely(connection, reach, drawing, case_id)


@router.post("/cases/{case_id}/handle", dependencies=[permit(HANDLE_CASE)])
async def handle(running: Running, reach: Asking, case_id: UUID, wish: requests.Handling) -> views.Done:
    """What the lead or a helping department does."""
    async with audited(running.pool, f"case.{wish.act}", "case", case_id) as act:
        acting = await office(running, act.connection, "staff", reach)
        await handling.do(acting, case_id, wish)
        done = await files.done(act.connection, reach, await cards(running, act.connection), case_id)
    running.published()
    return done


@router.post("/cases/{case_id}/oversee", dependencies=[permit(OVERSEE_CASE)])
async def oversee(running: Running, reach: Asking, case_id: UUID, wish: requests.Overseeing) -> views.Done:
    """What the hall's manager, the deputy county head or the supervisor does."""
    async with audited(running.pool, f"case.{wish.act}", "case", case_id) as act:
        acting = await office(running, act.connection, "staff", reach)
        await overseeing.do(acting, case_id, wish)
        done = await files.done(act.connection, reach, await cards(running, act.connection), case_id)
    running.published()
    return done
