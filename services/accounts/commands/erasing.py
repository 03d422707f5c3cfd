"""An order to forget somebody: taken, carried to each service, and proved once the last one has answered.

Accounts has a part of its own: persons whom citizens keep, and the account of whoever is forgotten.
"""

import json
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from services.accounts.commands import recording
from services.accounts.domain import erasures as rules
from services.accounts.domain.accounts import CitizenAccount
from services.accounts.domain.erasures import Basis
from services.accounts.sql import citizens, persons, sessions
from services.accounts.sql import erasures as sql
from shared.database import Connection, county_now
from shared.events.accounts import AccountSuspended
from shared.rights.requests import Done, ErasureAnswer, ErasureOrder


async def order(
    connection: Connection, actor: str, basis: Basis, document_keys: Sequence[bytes], account_id: UUID | None = None
) -> UUID:
    """Take an order; while one of the same documents and account is not completed, it is that one. Its id."""
    keys = sorted(document_keys)
    erasure_id = await sql.insert(connection, keys, account_id, actor, basis, rules.services_of(account_id))
    if erasure_id is None:
        known = await sql.select_open(connection, keys, account_id)
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


async def order_own(connection: Connection, account_id: UUID) -> UUID:
    """Take the order of a citizen who is signed in, with the documents that they say are theirs. Its id."""
    kept = await persons.select_own_keys(connection, account_id)
    return await order(connection, str(account_id), "signed_in", kept, account_id)


async def erase(connection: Connection, wish: ErasureOrder, by: str) -> Done:
    """Do accounts' own part: the account that is signed in, or what bears the documents that were shown.

    A document may stand in anybody's list. Whoever said that it is their own is taken for the person: their account
    is closed; a new one is a phone and a code away.
    """
    erased: Counter[str] = Counter(account=0, person=0, session=0)
    if wish.account_id is not None:
        erased.update(await _close(connection, wish.account_id, by))
        return Done(erased=dict(erased))
    keepers = {row["account_id"] for row in await persons.select_of_documents(connection, wish.keys)}
    for account_id in sorted(keepers):
        await recording.lock_any(connection, account_id)
    found = [row for row in await persons.select_of_documents(connection, wish.keys) if row["account_id"] in keepers]
    for account_id in sorted({row["account_id"] for row in found if row["relation"] == "self"}):
        erased.update(await _close(connection, account_id, by))
    erased["person"] += await persons.delete_many(connection, [row["person_id"] for row in found])
    return Done(erased=dict(erased))


async def _close(connection: Connection, account_id: UUID, by: str) -> Counter[str]:
    """Close a citizen's account, and forget all that it held. Nothing, where it is closed already."""
    account = await recording.lock_any(connection, account_id)
    if not isinstance(account, CitizenAccount) or account.state == "closed":
        return Counter()
    await sessions.end_all(connection, account_id, "all_ended")
    await recording.void_tokens(connection, account)
    erased = Counter(
        account=1,
        person=await persons.delete_all(connection, account_id),
        session=await sessions.forget_origins(connection, account_id),
    )
    await citizens.close(connection, account_id)
    await recording.say_any(connection, AccountSuspended, account_id)
    await recording.record(connection, by, "closed", account_id)
    return erased
