"""Who the staff's accounts are, for whoever reads the audit: in its rows they stand by their ids alone."""

from fastapi import APIRouter, Response

from services.accounts import queries
from services.accounts.domain.accounts import People
from services.accounts.routes import bearer
from services.accounts.routes.bearer import Running
from shared import database
from shared.access import permit
from shared.audit.routes import READ_AUDIT

router = APIRouter(
    prefix="/api/accounts/v1/staff/audit",
    tags=["audit"],
    dependencies=[permit(READ_AUDIT)],
    responses=bearer.UNAUTHORISED,
)


@router.get("/people")
async def people(running: Running, response: Response) -> People:
    """Login and name of every account of the staff's, closed ones too."""
    response.headers["Cache-Control"] = "no-store"
    async with database.transaction(running.pool) as connection:
        return await queries.people(connection, bearer.vault(running))
