"""Asking the other services about one person: to forget them, until all have, and what they hold of them.

No connection is held while another service is asked. A service that does not answer is asked again, at ever longer
intervals, for as long as it takes; what it had erased already it answers again.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from uuid import UUID

import httpx
import structlog
from pydantic import ValidationError

from services.accounts.commands import erasing
from services.accounts.domain import erasures as rules
from services.accounts.domain.problems import ServiceAway
from services.accounts.sql import erasures as sql
from shared.access import SERVICE_HEADER
from shared.application import Runtime
from shared.database import transaction
from shared.rights import erasure
from shared.rights.requests import (
    ERASURES_PATH,
    EXPORTS_PATH,
    ErasureAnswer,
    ErasureOrder,
    ExportAnswer,
    PersonOrder,
)

logger = structlog.get_logger(__name__)

PAUSE_SECONDS = 2.0
ASK_SECONDS = 15.0


async def carry(runtime: Runtime) -> None:
    """Carry orders to the services, for ever."""
    while True:
        if not await carry_one(runtime):
            await asyncio.sleep(PAUSE_SECONDS)


async def carry_one(runtime: Runtime) -> bool:
    """Ask one service about one order, if any is to be asked now; whether one was."""
    async with transaction(runtime.pool) as connection:
        part = await sql.claim(connection, rules.FIRST, rules.LEASE_SECONDS)
    if part is None:
        return False
    erasure_id, service = part["erasure_id"], part["service"]
    wish = ErasureOrder(
        erasure_id=erasure_id,
        document_keys=[each.hex() for each in part["document_keys"]],
        account_id=part["account_id"],
        booking_ids=part["booking_ids"],
    )
    if service == rules.OWN:
        await _do_own(runtime, wish, part["requested_by"])
        return True
    try:
        answer = ErasureAnswer.model_validate_json(await _ask(runtime, service, ERASURES_PATH, wish))
    except (httpx.HTTPError, ValidationError, ServiceAway) as error:
        fault = type(error).__name__
        logger.warning("erasure_waits", service=service, erasure=str(erasure_id), fault=fault)
        async with transaction(runtime.pool) as connection:
            await sql.postpone(connection, erasure_id, service, fault, rules.wait_seconds(part["asked"]))
        return True
    async with transaction(runtime.pool) as connection:
        completed = await erasing.take_answer(connection, erasure_id, answer)
    _tell(erasure_id, completed=completed)
    return True


async def _do_own(runtime: Runtime, wish: ErasureOrder, by: str) -> None:
    async with transaction(runtime.pool) as connection:
        erase = partial(erasing.erase, by=by)
        answer = await erasure.carry_out(connection, rules.OWN, wish, erase)
        completed = await erasing.take_answer(connection, wish.erasure_id, answer)
    runtime.published()
    _tell(wish.erasure_id, completed=completed)


def _tell(erasure_id: UUID, *, completed: bool) -> None:
    if completed:
        logger.info("erasure_completed", erasure=str(erasure_id))


async def export(runtime: Runtime, wish: PersonOrder) -> list[ExportAnswer]:
    """All that the other services hold of a person. Raises ServiceAway: half of it would be taken for the whole."""
    answers: list[ExportAnswer] = []
    try:
        for service in rules.holders_of(wish.account_id):
            answer = ExportAnswer.model_validate_json(await _ask(runtime, service, EXPORTS_PATH, wish))
            answers.append(answer)
            if service == rules.FIRST:
                wish = wish.model_copy(update={"booking_ids": answer.booking_ids})
    except (httpx.HTTPError, ValidationError):
        raise ServiceAway from None
    return answers


async def _ask(runtime: Runtime, service: str, path: str, wish: PersonOrder) -> bytes:
    address: str = getattr(runtime.settings, f"{service}_url")
    answer = await runtime.http.post(
        address.rstrip("/") + path,
        content=wish.model_dump_json(),
        headers={
            SERVICE_HEADER: runtime.settings.service_secret.get_secret_value(),
            "Content-Type": "application/json",
        },
        timeout=ASK_SECONDS,
    )
    if answer.status_code != HTTPStatus.OK:
        raise ServiceAway
    return answer.content
