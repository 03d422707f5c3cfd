"""The routes by which an auditor reads a service's audit: the same in every service."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from shared.access import Permission, permit
from shared.application import Runtime, runtime
from shared.audit import sql
from shared.audit.chain import BEGINNING, Chain, Entry
from shared.audit.recording import audited, walk
from shared.audit.requests import Wanted, WantedPage
from shared.audit.views import AuditView, ChainView, ExportView, entry_view
from shared.database import Connection, Pool, transaction

Running = Annotated[Runtime, Depends(runtime)]

EXPORTED_MOST = 5_000
"""Rows of one service in one export."""
ROWS_A_LOOK = 5_000
"""Rows of the chain that one request follows: some tenths of a second."""
AGAIN_SECONDS = 600.0
"""After so long a chain that was followed to its end is followed anew from its first row."""
PART = "audit_look"


@dataclass
class Look:
    """How far this process has followed the chain. Each request goes on from there, so that none takes long."""

    chain: Chain = field(default_factory=lambda: Chain(0, BEGINNING))
    complete: bool = False
    began: float = field(default_factory=time.monotonic)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def go_on(self, pool: Pool) -> ChainView:
        """Follow the chain a stretch further."""
        async with self.lock:
            if self.complete and time.monotonic() - self.began > AGAIN_SECONDS:
                self.chain, self.began = Chain(0, BEGINNING), time.monotonic()
            if self.chain.broken_at is not None:  # looked at again, for it may have been put back
                self.chain = Chain(0, BEGINNING)
            async with transaction(pool) as connection:
                self.chain, self.complete = await walk(connection, self.chain, ROWS_A_LOOK)
            return ChainView(
                verified_to=self.chain.rows,
                head=self.chain.head.hex(),
                complete=self.complete,
                broken_at=self.chain.broken_at,
                looked_at=datetime.now(UTC),
            )


READ_AUDIT = Permission("read_audit", ("auditor",))
"""Who did what to which record."""


def make_router(service: str, *, responses: dict[int | str, dict[str, Any]] | None = None) -> APIRouter:
    """The audit's routes of a service. `responses`: what else they may answer."""
    router = APIRouter(
        prefix=f"/api/{service}/v1/staff/audit",
        tags=["audit"],
        dependencies=[permit(READ_AUDIT)],
        responses=responses,
    )

    @router.get("")
    async def audit(running: Running, wanted: Annotated[WantedPage, Query()], response: Response) -> AuditView:
        """Who did what to which record, the newest first; and how far the chain was found whole."""
        response.headers["Cache-Control"] = "no-store"
        chain = await _look(running).go_on(running.pool)
        async with transaction(running.pool) as connection:
            found, more = await _matching(connection, wanted, wanted.before, wanted.limit)
        return AuditView(items=[entry_view(each) for each in found], more=more, chain=chain)

    @router.post("/exports")
    async def export(running: Running, wanted: Wanted, response: Response) -> ExportView:
        """The same to be taken away, up to 5,000 rows. That it was taken stands in the audit itself."""
        response.headers["Cache-Control"] = "no-store"
        async with audited(running.pool, "audit.exported", "audit") as act:
            found, more = await _matching(act.connection, wanted, None, EXPORTED_MOST)
            asked = wanted.model_dump(mode="json")
            act.note(rows=len(found), **{f"wanted_{name}": value for name, value in asked.items()})
        return ExportView(items=[entry_view(each) for each in found], more=more)

    return router


def _look(running: Runtime) -> Look:
    found: Look = running.parts.setdefault(PART, Look())
    return found


async def _matching(connection: Connection, wanted: Wanted, before: int | None, limit: int) -> tuple[list[Entry], bool]:
    rows = await sql.select_matching(connection, wanted.columns(before), limit + 1)
    return [Entry.of(each) for each in rows[:limit]], len(rows) > limit
