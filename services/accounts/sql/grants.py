"""Roles, by the county's clock."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.database import Connection


async def select_current(connection: Connection, account_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """What is held, or will be: neither taken back nor over."""
    return await connection.fetch(
        """
        select * from role_grant
        where account_id = any($1) and revoked_at is null and (valid_until is null or valid_until > county_now())
        order by account_id, grant_id
        """,
        account_ids,
    )


async def select_held(connection: Connection, account_id: UUID) -> list[asyncpg.Record]:
    """What is held now, and for how long still."""
    return await connection.fetch(
        """
        select *, valid_until - county_now() as held_for from role_grant
        where account_id = $1 and revoked_at is null and valid_from <= county_now()
            and (valid_until is null or valid_until > county_now())
        order by grant_id
        """,
        account_id,
    )


async def select_same(
    connection: Connection, account_id: UUID, role: str, department_id: str | None, venue_id: str | None
) -> asyncpg.Record | None:
    """The same role at the same place, not taken back."""
    return await connection.fetchrow(
        """
        select * from role_grant
        where account_id = $1 and role = $2 and department_id is not distinct from $3
            and venue_id is not distinct from $4 and revoked_at is null
        """,
        account_id,
        role,
        department_id,
        venue_id,
    )


async def insert(  # noqa: PLR0913, PLR0917  (a row's columns)
    connection: Connection,
    account_id: UUID,
    role: str,
    department_id: str | None,
    venue_id: str | None,
    valid_from: datetime | None,
    valid_until: datetime | None,
    granted_by: str,
) -> UUID:
    """A role from `valid_from` on, or from now."""
    made: UUID = await connection.fetchval(
        """
        insert into role_grant (account_id, role, department_id, venue_id, valid_from, valid_until, granted_by)
        values ($1, $2, $3, $4, coalesce($5, county_now()), $6, $7)
        returning grant_id
        """,
        account_id,
        role,
        department_id,
        venue_id,
        valid_from,
        valid_until,
        granted_by,
    )
    return made


async def revoke(connection: Connection, account_id: UUID, grant_id: UUID, revoked_by: str) -> asyncpg.Record | None:
    """Take a role back; none where there is no such."""
    return await connection.fetchrow(
        """
        update role_grant set revoked_at = now(), revoked_by = $3
        where account_id = $1 and grant_id = $2 and revoked_at is null
        returning *
        """,
        account_id,
        grant_id,
        revoked_by,
    )


async def has_operator(connection: Connection) -> bool:
    """Whether anybody active is an operator, or will be.

    Whatever the clock says: it stands still at the transaction's beginning, and who was made an operator while this one
    waited for its lock would seem to become one later.
    """
    found: bool = await connection.fetchval(
        """
        select exists (
            select from role_grant join account using (account_id)
            where role = 'operator' and revoked_at is null and state = 'active')
        """
    )
    return found


async def count_operators(connection: Connection) -> int:
    """Active accounts that are operators now and for good: one whose role ends would leave nobody."""
    found: int = await connection.fetchval(
        """
        select count(distinct account_id) from role_grant join account using (account_id)
        where role = 'operator' and revoked_at is null and state = 'active' and valid_until is null
            and valid_from <= county_now()
        """
    )
    return found
