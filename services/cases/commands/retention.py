"""Forgetting whoever raised a case, after its term or because they asked: what was done, and the figures, stay."""

from services.cases.domain.case import OVER
from services.cases.sql import meetings
from services.cases.sql import persons as sql
from shared.database import Connection
from shared.rights.requests import BOOKINGS_MOST, Done, ErasureOrder, Hold


async def forget_old(connection: Connection, days: int, limit: int) -> int:
    """Take persons and words out of cases that ended so long ago, at most `limit`; how many there were."""
    due = await sql.select_due(connection, days, limit)
    await meetings.forget_words(connection, due)
    return await sql.forget(connection, due, keep_repeated=True)


async def erase(connection: Connection, order: ErasureOrder) -> Done:
    """Take a person out of their cases because they asked.

    A case that is not over holds its part: somebody still has to answer. Once it is, the order comes back and takes it.
    """
    found = await sql.lock_of_person(connection, order.keys, order.account_id, BOOKINGS_MOST)
    over = [row["case_id"] for row in found if row["state"] in OVER]
    await meetings.forget_words(connection, over)
    erased = await sql.forget(connection, over, keep_repeated=False)
    await sql.forget_keys(connection, over)
    counts = {"case": erased}
    if order.account_id is not None:
        counts["case_account"] = await sql.forget_account(connection, order.account_id)
    held = len(found) - len(over)
    return Done(erased=counts, held=[Hold(kind="open_case", count=held)] if held else [])
