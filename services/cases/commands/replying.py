"""What whoever raised a case says to it: that it is mended, that it is not, or something more."""

from services.cases.commands import verifying
from services.cases.commands.handling import NOTES_MOST
from services.cases.domain import problems, requests
from services.cases.domain.case import Case
from services.cases.domain.following import replies
from services.cases.office import Office
from services.cases.sql import cases
from shared.events import cases as events


async def reply(office: Office, case: Case, wish: requests.ReplyWords) -> Case:
    """Keep what they say. Raises ActNotNow, CaseMovedOn or TooMany."""
    if wish.reply not in replies(case):
        raise problems.ActNotNow
    if wish.version != case.version:
        raise problems.CaseMovedOn
    if wish.reply == "confirm":
        return await verifying.close(office, case, "verified", "confirmed", wish.words)
    if wish.reply == "refuse":
        return await verifying.refuse(office, case, wish.words)
    if await cases.count_notes(office.connection, case.case_id) >= NOTES_MOST:
        raise problems.TooMany
    return await office.save(case, events.CaseAdded, words=wish.words)
