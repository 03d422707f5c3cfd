"""The rights of whom we hold data of: to have it handed out, and to be forgotten.

An operator does it for whoever is there with a document, or wrote; who asked on their behalf stands in the proof and in
the audit. Who is signed in does it alone, for what was typed with their account.
"""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.status import HTTP_202_ACCEPTED

from services.accounts import carrying, queries
from services.accounts.commands import erasing, recording
from services.accounts.domain import exports
from services.accounts.domain.erasures import ErasureView, NewErasure, NewExport
from services.accounts.routes import bearer
from services.accounts.routes.bearer import Citizen, Operator, Running
from shared import database
from shared.access import Caller, Permission, allow, permit
from shared.application import Runtime
from shared.documents import index_type
from shared.rights.requests import ExportAnswer, PersonOrder
from shared.visitors import Document

UPHOLD_RIGHTS = Permission("uphold_rights", ("operator",))
"""Hand out what is held of somebody, and have them forgotten."""

router = APIRouter(
    prefix="/api/accounts/v1/operator",
    tags=["rights"],
    dependencies=[permit(UPHOLD_RIGHTS)],
    responses=bearer.UNAUTHORISED,
)
own = APIRouter(
    prefix="/api/accounts/v1/me", tags=["rights"], dependencies=[allow(Caller.CITIZEN)], responses=bearer.UNAUTHORISED
)


def _key(running: Runtime, shown: Document) -> bytes:
    return bearer.vault(running).document_key(index_type(shown.type), shown.number)


@router.post("/erasures", status_code=HTTP_202_ACCEPTED)
async def order_erasure(running: Running, asker: Operator, wish: NewErasure) -> ErasureView:
    """Have somebody forgotten everywhere. While it runs, the same document again is the same order."""
    async with database.transaction(running.pool) as connection:
        key = _key(running, wish.document)
        erasure_id = await erasing.order(connection, str(asker.account_id), wish.basis, [key])
        return await queries.erasure_view(connection, erasure_id)


@router.get("/erasures/{erasure_id}")
async def erasure(running: Running, _: Operator, erasure_id: UUID) -> ErasureView:
    """How an order stands, what holds it, and its proof once it is completed."""
    async with database.transaction(running.pool) as connection:
        return await queries.erasure_view(connection, erasure_id)


@router.post("/exports", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
async def export(running: Running, asker: Operator, wish: NewExport) -> Response:
    """All that is held of somebody: as data, and as text that can be read, in one archive."""
    order = PersonOrder(document_keys=[_key(running, wish.document).hex()])
    answers = await carrying.export(running, order)
    async with database.transaction(running.pool) as connection:
        answers.append(await queries.export(connection, bearer.vault(running), order.keys))
        return await _hand_out(connection, running, asker, answers)


@own.post("/erasure", status_code=HTTP_202_ACCEPTED)
async def order_own_erasure(running: Running, asker: Citizen) -> ErasureView:
    """Have one's account closed, and forgotten what was typed with it. What is booked for a day to come stays valid.

    What the hall wrote down is forgotten after its time, or by a document that is shown.
    """
    async with database.transaction(running.pool) as connection:
        erasure_id = await erasing.order_own(connection, asker.account_id)
        return await queries.erasure_view(connection, erasure_id)


@own.post("/export", response_class=Response, responses={200: {"content": {"application/zip": {}}}})
async def export_own(running: Running, asker: Citizen) -> Response:
    """What was typed with one's account; numbers masked, for whoever finds a telephone signed in learns none."""
    answers = await carrying.export(running, PersonOrder(account_id=asker.account_id))
    async with database.transaction(running.pool) as connection:
        answers.append(await queries.export_own(connection, bearer.vault(running), asker.account, asker.principal))
        return await _hand_out(connection, running, asker, answers)


async def _hand_out(
    connection: database.Connection, running: Runtime, asker: bearer.Asker, answers: Sequence[ExportAnswer]
) -> Response:
    """The archive; that it was handed out stands in the audit."""
    now = await database.county_now(connection)
    found = {f"from_{each.service}": sum(len(section.items) for section in each.sections) for each in answers}
    await recording.record(connection, str(asker.account_id), "export_handed_out", None, **found)
    archive = exports.archive(answers, now.astimezone(running.settings.zone))
    return Response(
        archive,
        media_type="application/zip",
        headers={
            "Content-Disposition": 'attachment; filename="personal-data.zip"',
            "Cache-Control": "private, no-store",
        },
    )
