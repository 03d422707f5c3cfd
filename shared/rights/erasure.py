"""Carrying out an order to forget somebody: once, however often it comes, and again for what was held."""

from collections import Counter
from collections.abc import Awaitable, Callable

from shared.database import Connection
from shared.rights import sql
from shared.rights.requests import BOOKINGS_MOST, Done, ErasureAnswer, ErasureOrder

Erase = Callable[[Connection, ErasureOrder], Awaitable[Done]]


async def carry_out(connection: Connection, service: str, order: ErasureOrder, erase: Erase) -> ErasureAnswer:
    """Forget what may be forgotten now. What was erased by earlier rounds of the same order is counted with it."""
    known = await sql.lock_erasure(connection, order.erasure_id)
    before = ErasureAnswer.model_validate_json(known) if known is not None else Done(erased={})
    done = await erase(connection, order)
    found = list(dict.fromkeys([*before.booking_ids, *done.booking_ids]))[:BOOKINGS_MOST]
    erased = dict(Counter(before.erased) + Counter(done.erased))
    answer = ErasureAnswer(
        service=service,
        erased={table: erased.get(table, 0) for table in [*before.erased, *done.erased]},
        held=done.held,
        booking_ids=found,
    )
    await sql.upsert_answer(connection, order.erasure_id, answer.model_dump_json())
    return answer
