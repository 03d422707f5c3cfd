"""An order to forget somebody: taken, carried to each service, and proved once the last one has answered."""

import json
from collections.abc import Sequence
from uuid import UUID

from services.accounts.commands import recording
from services.accounts.domain import erasures as rules
from services.accounts.domain.erasures import Basis
from services.accounts.sql import erasures as sql
from shared.database import Connection, county_now
from shared.rights.requests import ErasureAnswer


async def order(
    connection: Connection, actor: str, basis: Basis, document_keys: Sequence[bytes], account_id: UUID | None = None
) -> UUID:
    """Take an order; while one of the same documents is not completed, it is that one. Its id."""
    keys = sorted(document_keys)
    erasure_id = await sql.insert(connection, keys, account_id, actor, basis, rules.SERVICES)
    if erasure_id is None:
        known = await sql.select_open(connection, keys)
        return known if known is not None else await order(connection, actor, basis, keys, account_id)
    await recording.record(connection, actor, "erasure_ordered", None, erasure=str(erasure_id), basis=basis)
    return erasure_id


async def take_answer(connection: Connection, erasure_id: UUID, answer: ErasureAnswer) -> bool:
    """Keep what a service answered; whether the order is completed by it."""
    row = await sql.lock(connection, erasure_id)
    if row is None or row["completed_at"] is not None:
        return False
    await sql.update_part(
        connection,
        erasure_id,
        answer.service,
        "held" if answer.held else "done",
        json.dumps(answer.erased),
        json.dumps([each.model_dump() for each in answer.held]),
        rules.HELD_SECONDS,
    )
    if answer.service == rules.FIRST:
        await sql.add_bookings(connection, erasure_id, answer.booking_ids, rules.FIRST)
    parts = await sql.parts_of(connection, erasure_id)
    if any(part.state != "done" for part in parts):
        return False
    completed_at = await county_now(connection)
    proof = rules.proof_of(erasure_id, row, parts, completed_at)
    proof_hash = rules.hash_of(proof)
    await sql.complete(connection, erasure_id, completed_at, json.dumps(proof), proof_hash)
    by: str = row["requested_by"]
    await recording.record(connection, by, "erasure_completed", None, erasure=str(erasure_id), proof=proof_hash.hex())
    return True
