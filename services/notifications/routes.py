"""HTTP in: what staff read, and the codes that accounts has sent."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, Field, SecretStr

from services.notifications import commands, queries
from services.notifications.channels import Sender
from services.notifications.delivery import CodeWish, deliver_code
from services.notifications.domain import QUIET_FROM, QUIET_UNTIL, Language
from services.notifications.queries import CallDetails, Calls, Channels, ConsoleMessages
from services.notifications.settings import NotificationsSettings
from shared import idempotency
from shared.access import Caller, Permission, allow, permit
from shared.application import Runtime, runtime
from shared.audit.recording import audited
from shared.audit.routes import make_router
from shared.database import transaction
from shared.identity.roles import AT_COUNTER
from shared.privacy import Vault
from shared.rights import erasure
from shared.rights.requests import ErasureAnswer, ErasureOrder, ExportAnswer, PersonOrder
from shared.visitors import Body, Phone

Running = Annotated[Runtime, Depends(runtime)]
Limit = Annotated[int, Query(ge=1, le=200)]

READ_CONSOLE = Permission("read_console", ("operator",))
"""What a hall without a text service would have sent, words and all, and with them codes that let a citizen in."""
CALL_VISITORS = Permission("call_visitors", AT_COUNTER, "hall")
"""Call whom no message reached (未通知到): name, number and words."""

citizen = APIRouter(prefix="/api/notifications/v1", dependencies=[allow(Caller.CITIZEN)], tags=["citizen"])
staff = APIRouter(prefix="/api/notifications/v1/staff", tags=["staff"])
internal = APIRouter(prefix="/internal/v1", dependencies=[allow(Caller.SERVICE)], tags=["internal"])
routers = (citizen, staff, internal, make_router("notifications"))


class Code(Body):
    """A code that is to be sent to a phone now, or never."""

    phone: Phone
    code: SecretStr = Field(min_length=6, max_length=6)
    language: Language = "zh"
    expires_at: AwareDatetime
    """By the machine's clock; at most five minutes ahead."""


def _vault(running: Runtime) -> Vault:
    vault: Vault = running.parts["vault"]
    return vault


@citizen.get("/channels")
async def channels(running: Running) -> Channels:
    """How visitors are told, so that nobody is promised a message that does not come."""
    settings = running.settings
    assert isinstance(settings, NotificationsSettings)  # noqa: S101  (what app.py built it with)
    return Channels(mail=settings.mail, quiet_from=QUIET_FROM, quiet_until=QUIET_UNTIL)


@staff.get("/console-messages", dependencies=[permit(READ_CONSOLE)])
async def console_messages(running: Running, limit: Limit = 50) -> ConsoleMessages:
    """What the console channel delivered, the newest first."""
    async with transaction(running.pool) as connection:
        return await queries.console_messages(connection, _vault(running), limit)


@staff.get("/call-list", dependencies=[permit(CALL_VISITORS)])
async def call_list(running: Running, limit: Limit = 100) -> Calls:
    """Whom no message reached, and who therefore has to be called (未通知到)."""
    async with transaction(running.pool) as connection:
        return await queries.calls(connection, _vault(running), limit)


@staff.get("/call-list/{message_id}", dependencies=[permit(CALL_VISITORS)])
async def call(running: Running, message_id: UUID) -> CallDetails:
    """One entry with phone and words, for whoever calls. Every look at it stands in the audit."""
    async with audited(running.pool, "call.unmasked", "message", message_id) as act:
        found = await queries.call(act.connection, _vault(running), message_id)
        act.note(about=found.about)
    return found


@internal.post("/erasures")
async def erase(running: Running, order: ErasureOrder) -> ErasureAnswer:
    """Forget somebody who asked for it, by their bookings; the same order again goes on with later ones."""
    async with transaction(running.pool) as connection:
        answer = await erasure.carry_out(connection, "notifications", order, commands.erase)
    running.published()
    return answer


@internal.post("/exports")
async def export(running: Running, order: PersonOrder) -> ExportAnswer:
    """All that was told to somebody about their bookings."""
    async with transaction(running.pool) as connection:
        return await queries.export(connection, order, _vault(running))


@internal.post("/codes", status_code=204)
async def send_code(running: Running, wish: Code, key: Annotated[str, Depends(idempotency.needed_key)]) -> None:
    """Send a code for signing in, at once and at any hour; the same key again sends it no second time."""
    texts: Sender = running.parts["texts"]
    await deliver_code(
        running,
        _vault(running),
        texts,
        CodeWish(wish.phone, wish.code.get_secret_value(), wish.language, wish.expires_at),
        key,
    )
