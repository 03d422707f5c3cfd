"""Who of the staff may do what with cases.

A permission says which roles may ask at all; which cases they reach, and what can be done with one, stands in
`domain.reach` and `domain.may`, for a case has a lead, helpers and somebody over it, and not one place.
"""

from fastapi import Request

from services.cases.sql import meetings
from shared import database
from shared.access import Permission
from shared.application import Runtime
from shared.identity.roles import AT_WINDOW, OVER_HALL
from shared.identity.tokens import Place

SEE_BOARD = Permission("see_case_board", OVER_HALL)
"""The ladder: numbers on each level, the listed and the late."""
SEE_CASES = Permission("see_cases", (*AT_WINDOW, *OVER_HALL))
"""Cases that one's departments lead or help with; those over the hall see all but complaints about persons."""
ENTER_CASE = Permission("enter_case", (*AT_WINDOW, "hall_manager", "supervisor"))
"""Write down what somebody says at the counter or the phone."""
SEE_DESK = Permission("see_case_desk", AT_WINDOW)
HANDLE_CASE = Permission("handle_case", AT_WINDOW)
"""Accept, answer, help."""
OVERSEE_CASE = Permission("oversee_case", OVER_HALL)
"""Assign, extend, move, list, call back; the supervisor closes."""


async def _of_session(request: Request) -> Place | None:
    running: Runtime = request.app.state.runtime
    async with database.transaction(running.pool) as connection:
        row = await meetings.select_session(connection, request.path_params["session_id"])
    return Place(row["venue_id"]) if row is not None else None


SEE_MEETINGS = Permission("see_meetings", (*OVER_HALL, "director", "deputy", "chief_representative"))
"""Joint reviews and frontline supervisions; of their items those whose case one sees."""
RUN_MEETING = Permission("run_meeting", OVER_HALL, "hall", _of_session)
"""Prepare the agenda, keep attendance and decisions, close the minutes."""
