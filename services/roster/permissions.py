"""Who of the staff may see what of the roster beyond what is public. Each permission stands beside its route."""

from fastapi import Request

from services.roster import queries
from shared import database
from shared.access import Permission
from shared.application import Runtime
from shared.identity.roles import AROUND, OVER_HALL
from shared.identity.tokens import Place


async def _of_official(request: Request) -> Place | None:
    running: Runtime = request.app.state.runtime
    async with database.transaction(running.pool) as connection:
        return await queries.place_of_official(connection, request.path_params["official_id"])


SEE_OFFICIALS = Permission("see_officials", AROUND)
"""Who can be on duty: names and posts, which stand at the hall's door as well."""
SEE_DUTIES = Permission(
    "see_duties",
    ("window_staff", "chief_representative", *OVER_HALL, "operator"),
    "there",
    _of_official,
    own_official="official_id",
)
"""An official's days, internal ones included: one's own, and those of one's department."""
