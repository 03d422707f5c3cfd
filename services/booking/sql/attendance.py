"""Whether those who booked came."""

from uuid import UUID

from shared.database import Connection


async def upsert(connection: Connection, visit_id: str, version: int, booking_id: UUID, *, came: bool) -> int | None:
    """Keep what the queue says of a visit. The version replaced, 0 for the first; None where it is no news.

    A visit of a booking that is not here, as after a restore, is passed over like old news.
    """
    replaced: int | None = await connection.fetchval(
        """
        insert into attendance (visit_id, version, booking_id, came)
        select $1, $2, booking_id, $4 from booking where booking_id = $3
        on conflict (visit_id) do update set version = excluded.version, came = excluded.came
        where excluded.version > attendance.version
        returning coalesce(old.version, 0)
        """,
        visit_id,
        version,
        booking_id,
        came,
    )
    return replaced


async def came(connection: Connection, booking_id: UUID) -> bool | None:
    """Whether somebody came for a booking; None as long as nobody knows."""
    known: bool | None = await connection.fetchval(
        "select bool_or(came) from attendance where booking_id = $1", booking_id
    )
    return known
