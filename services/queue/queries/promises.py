"""What a department has promised because its director was gone."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import asyncpg

from services.queue.domain import problems, views
from services.queue.domain.people import SAID_PURPOSE
from services.queue.queries.hall import Hall
from services.queue.sql import promises as sql
from shared.database import Connection
from shared.privacy import Vault

KEPT_FOR = timedelta(days=30)
"""How long a kept promise stays on the list."""
PROMISES = 200


async def promises(
    connection: Connection, session_id: str, window_id: str, vault: Vault, zone: ZoneInfo
) -> views.PromisesView:
    """The promises of a window's department, of whichever session. Raises SessionUnknown or WindowUnknown."""
    hall = await Hall.see(connection, session_id)
    window = hall.windows.get(window_id)
    if window is None:
        raise problems.WindowUnknown
    today = hall.now.astimezone(zone).date()
    rows = await sql.select_promises(connection, window.department_id, hall.now - KEPT_FOR, PROMISES)

    def opened(row: asyncpg.Record, column: str) -> str | None:
        return vault.decrypt(row[column], SAID_PURPOSE) if row[column] is not None else None

    return views.PromisesView(
        department_id=window.department_id,
        now=hall.now,
        items=[
            views.PromiseView(
                promise_id=str(row["promise_id"]),
                kind=row["kind"],
                number=row["number"],
                session_date=row["session_date"],
                made_at=row["made_at"],
                due_on=row["due"],
                tentative=row["tentative"],
                overdue=row["kind"] == "written_issue" and row["kept_at"] is None and row["due"] < today,
                name=opened(row, "name"),
                phone=opened(row, "phone"),
                booking_id=str(row["booking_id"]) if row["booking_id"] else None,
                text=opened(row, "text"),
                kept_at=row["kept_at"],
                kept_by=row["kept_by"],
                said=opened(row, "said"),
            )
            for row in rows
        ],
    )
