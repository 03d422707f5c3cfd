"""What an operator does for somebody who asks for their rights: hand out what is held of them, and forget them.

The person is there with a document, or wrote; who asked on their behalf stands in the proof and in the audit.
"""

from uuid import UUID

from fastapi import APIRouter, Response
from starlette.status import HTTP_202_ACCEPTED

from services.accounts import carrying, queries
from services.accounts.commands import erasing, recording
from services.accounts.domain import exports
from services.accounts.domain.erasures import ErasureView, NewErasure, NewExport, ShownDocument
from services.accounts.routes import bearer
from services.accounts.routes.bearer import Operator, Running
from shared import database
from shared.access import Permission, permit
from shared.application import Runtime
from shared.documents import index_type

UPHOLD_RIGHTS = Permission("uphold_rights", ("operator",))
"""Hand out what is held of somebody, and have them forgotten."""

router = APIRouter(
    prefix="/api/accounts/v1/operator",
    tags=["rights"],
    dependencies=[permit(UPHOLD_RIGHTS)],
    responses=bearer.UNAUTHORISED,
)


def _key(running: Runtime, shown: ShownDocument) -> bytes:
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
    answers = await carrying.export(running, _key(running, wish.document))
    async with database.transaction(running.pool) as connection:
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
