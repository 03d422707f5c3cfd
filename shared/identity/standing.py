"""Whose tokens count no more: heard from accounts, kept in the service's own database, read again every 2 seconds.

So what was revoked through one process is in force in each replica of each service, 5 seconds later at most while Kafka
carries it. While Kafka is away nothing new is heard, and a token dies by itself after 30 minutes.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.database import Pool, transaction
from shared.identity import sql
from shared.identity.tokens import LEEWAY_SECONDS, TOKEN_SECONDS, Principal

READ_SECONDS = 2.0
REMEMBERED_SECONDS = 2.0 * (TOKEN_SECONDS + LEEWAY_SECONDS)
"""What was heard longer ago concerns no token that lives; doubled, for two machines' clocks differ."""


@dataclass(frozen=True)
class Standing:
    """What counts of one account's tokens."""

    active: bool
    tokens_from: datetime | None
    ended_sessions: frozenset[str]

    def admits(self, principal: Principal) -> bool:
        """Whether the principal's token still counts."""
        return (
            self.active
            and (self.tokens_from is None or principal.issued_at >= self.tokens_from)
            and principal.session_id not in self.ended_sessions
        )


class Standings:
    """The standings as this process last read them."""

    def __init__(self) -> None:
        self._by_account: Mapping[str, Standing] = {}

    def admit(self, principal: Principal) -> bool:
        """Whether the principal's token still counts, as far as was heard."""
        standing = self._by_account.get(principal.account_id)
        return standing is None or standing.admits(principal)

    async def read(self, pool: Pool) -> None:
        """Read them again."""
        async with transaction(pool) as connection:
            rows = await sql.select_standings(connection, REMEMBERED_SECONDS)
        self._by_account = {
            row["account_id"]: Standing(
                active=row["state"] == "active",
                tokens_from=row["tokens_from"],
                ended_sessions=frozenset(row["ended_sessions"]),
            )
            for row in rows
        }

    async def keep(self, pool: Pool) -> None:
        """Read them again and again (a worker)."""
        while True:
            await self.read(pool)
            await asyncio.sleep(READ_SECONDS)
