"""Orders to forget somebody, and what each service answered. When to ask goes by the machine's clock."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from services.accounts.domain.erasures import PartView
from shared.database import Connection


async def insert(  # noqa: PLR0913, PLR0917  (the columns)
    connection: Connection,
    document_keys: Sequence[bytes],
    account_id: UUID | None,
    requested_by: str,
    basis: str,
    services: Sequence[str],
) -> UUID | None:
    """A new order with a part for each service; None where one of the same documents is not completed."""
    erasure_id: UUID | None = await connection.fetchval(
        """
        insert into erasure (document_keys, account_id, requested_by, basis, requested_at)
        values ($1, $2, $3, $4, county_now())
        on conflict (document_keys, account_id) where completed_at is null do nothing
        returning erasure_id
        """,
        document_keys,
        account_id,
        requested_by,
        basis,
    )
    if erasure_id is not None:
        await connection.execute(
            "insert into erasure_part (erasure_id, service) select $1, service from unnest($2::text[]) as service",
            erasure_id,
            services,
        )
    return erasure_id


async def select_open(connection: Connection, document_keys: Sequence[bytes], account_id: UUID | None) -> UUID | None:
    """The order of these documents, or of the account with these, that is not completed."""
    found: UUID | None = await connection.fetchval(
        """
        select erasure_id from erasure
        where document_keys = $1 and account_id is not distinct from $2 and completed_at is null
        """,
        document_keys,
        account_id,
    )
    return found


async def select(connection: Connection, erasure_id: UUID) -> asyncpg.Record | None:
    """An order."""
    return await connection.fetchrow("select * from erasure where erasure_id = $1", erasure_id)


async def lock(connection: Connection, erasure_id: UUID) -> asyncpg.Record | None:
    """An order, locked."""
    return await connection.fetchrow("select * from erasure where erasure_id = $1 for update", erasure_id)


async def parts_of(connection: Connection, erasure_id: UUID) -> list[PartView]:
    """What each service has answered so far, by service."""
    rows = await connection.fetch("select * from erasure_part where erasure_id = $1 order by service", erasure_id)
    return [
        PartView(
            service=row["service"],
            state=row["state"],
            erased=json.loads(row["erased"]),
            held=json.loads(row["held"]),
            asked=row["asked"],
            fault=row["fault"],
            answered_at=row["answered_at"],
        )
        for row in rows
    ]


async def claim(connection: Connection, first: str, lease_seconds: float) -> asyncpg.Record | None:
    """Take the part that is to be asked next in hand, for so long; `first` is asked before the others know whom of."""
    return await connection.fetchrow(
        """
        update erasure_part as part
        set asked = asked + 1, ask_at = now() + make_interval(secs => $2)
        from erasure
        where erasure.erasure_id = part.erasure_id
          and (part.erasure_id, part.service) = (
              select due.erasure_id, due.service
              from erasure_part as due
              where due.state <> 'done' and due.ask_at <= now()
                and (due.service = $1 or exists (
                    select from erasure_part as known
                    where known.erasure_id = due.erasure_id and known.service = $1 and known.answered_at is not null))
              order by due.ask_at
              limit 1
              for update skip locked)
        returning part.*, erasure.document_keys, erasure.account_id, erasure.booking_ids, erasure.requested_by
        """,
        first,
        lease_seconds,
    )


async def update_part(  # noqa: PLR0913, PLR0917  (the columns)
    connection: Connection, erasure_id: UUID, service: str, state: str, erased: str, held: str, again_seconds: float
) -> None:
    """What a service answered; where something is held it is asked again after so long."""
    await connection.execute(
        """
        update erasure_part
        set state = $3, erased = $4, held = $5, fault = null, answered_at = clock_timestamp(),
            ask_at = now() + make_interval(secs => $6)
        where erasure_id = $1 and service = $2
        """,
        erasure_id,
        service,
        state,
        erased,
        held,
        again_seconds,
    )


async def postpone(connection: Connection, erasure_id: UUID, service: str, fault: str, seconds: float) -> None:
    """A service did not answer as agreed; it is asked again after so long."""
    await connection.execute(
        """
        update erasure_part set fault = $3, ask_at = now() + make_interval(secs => $4)
        where erasure_id = $1 and service = $2
        """,
        erasure_id,
        service,
        fault,
        seconds,
    )


async def add_bookings(connection: Connection, erasure_id: UUID, booking_ids: Sequence[UUID], service: str) -> None:
    """Keep bookings that were found of a locked order; where they are new, all but `service` are asked again."""
    await connection.execute(
        """
        with grown as (
            update erasure set booking_ids = $2
            where erasure_id = $1 and not booking_ids @> $2::uuid[]
            returning erasure_id)
        update erasure_part set state = 'waiting', ask_at = now()
        where erasure_id in (select erasure_id from grown) and service <> $3
        """,
        erasure_id,
        booking_ids,
        service,
    )


async def complete(
    connection: Connection, erasure_id: UUID, completed_at: datetime, proof: str, proof_hash: bytes
) -> None:
    """Everybody has answered: the proof stays, and whom it was about is forgotten here, too."""
    await connection.execute(
        """
        update erasure
        set completed_at = $2, proof = $3, proof_hash = $4, document_keys = '{}', booking_ids = '{}', account_id = null
        where erasure_id = $1
        """,
        erasure_id,
        completed_at,
        proof,
        proof_hash,
    )
