"""Booking's HTTP API: thin. A route parses, opens a transaction and calls one command or query."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from services.booking import commands, queries
from services.booking.bodies import documented, read
from services.booking.combiner import Combiner, Known
from services.booking.domain.bookings import (
    Booking,
    BookingView,
    DocumentNumber,
    Person,
    VisitorCard,
    VisitorCards,
    WindowBooking,
    view,
)
from services.booking.domain.claims import Channel, Claim, unborn
from services.booking.domain.requests import BookingRequest, CodeAlone, CodeAndDigits, Correction, Identifier
from services.booking.domain.sealing import claim_of
from services.booking.permissions import BOOK_AT_COUNTER, SEE_BOOKINGS
from services.booking.settings import BookingSettings
from shared import database, idempotency, tries
from shared.access import Caller, address_of, allow, permit
from shared.application import Runtime, runtime
from shared.audit.recording import audited
from shared.audit.routes import make_router
from shared.database import Connection
from shared.identity import citizens
from shared.limits import Limit, Limits, TooManyRequests, network_of
from shared.privacy import Vault
from shared.problems import UNAUTHORISED
from shared.rights import erasure
from shared.rights.requests import ErasureAnswer, ErasureOrder, ExportAnswer, PersonOrder

citizen = APIRouter(prefix="/api/booking/v1", tags=["citizen"], dependencies=[allow(Caller.CITIZEN)])
mine = APIRouter(
    prefix="/api/booking/v1/mine", tags=["mine"], dependencies=[allow(Caller.CITIZEN)], responses=UNAUTHORISED
)
staff = APIRouter(prefix="/api/booking/v1/staff", tags=["staff"])
internal = APIRouter(prefix="/internal/v1", tags=["internal"], dependencies=[allow(Caller.SERVICE)])
routers = (citizen, mine, staff, internal, make_router("booking"))

DAY_SECONDS = 24 * 3600
BOOKINGS_PATH = "/api/booking/v1/bookings"
IDEMPOTENCY_HEADER: dict[str, Any] = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": True,
    "description": "One key a booking, kept when it is sent again: the same answer comes back, not a second seat.",
    "schema": {"type": "string", "pattern": idempotency.PATTERN},
}
MatterId = Annotated[Identifier, Query()]
AsItStands = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""An id whose place decides who may: nothing is trimmed or put into another form, or what is looked up after the
permission were not what it was asked about."""
Running = Annotated[Runtime, Depends(runtime)]


def _vault(running: Runtime) -> Vault:
    vault: Vault = running.parts["vault"]
    return vault


def _settings(running: Runtime) -> BookingSettings:
    settings = running.settings
    assert isinstance(settings, BookingSettings)  # noqa: S101  (what app.py built it with)
    return settings


@citizen.get("/sessions")
async def sessions(running: Running, matter_id: MatterId) -> queries.OfferedSessions:
    """The sessions in which a matter is received, from today on."""
    async with database.transaction(running.pool) as connection:
        return await queries.offered_sessions(connection, matter_id, running.settings.zone)


@citizen.get("/sessions/{session_id}/slots")
async def slots(running: Running, session_id: Identifier, matter_id: MatterId) -> queries.OfferedSlots:
    """The times of a session for a matter, and what is free."""
    async with database.transaction(running.pool) as connection:
        return await queries.offered_slots(connection, session_id, matter_id)


@citizen.post(
    "/bookings",
    status_code=201,
    response_model=BookingView,
    responses=UNAUTHORISED,
    openapi_extra=documented(BookingRequest, parameters=[IDEMPOTENCY_HEADER]),
)
async def book(request: Request, running: Running) -> Response:
    """Take a seat online. Answered after the commit; sent again with the same key, it answers the same booking.

    A citizen who shows a token finds it again under `mine`.
    """
    return await _book(request, running, "online")


@staff.post(
    "/bookings",
    status_code=201,
    response_model=BookingView,
    openapi_extra=documented(BookingRequest, parameters=[IDEMPOTENCY_HEADER]),
    dependencies=[permit(BOOK_AT_COUNTER)],
)
async def book_at_counter(request: Request, running: Running) -> Response:
    """Take a seat for somebody at the counter: its own share first, then what is free online."""
    return await _book(request, running, "counter")


async def book_past_the_framework(request: Request) -> Response:
    """`POST /bookings` itself; see `short_cuts` of `shared.application`.

    The route above stands for the document and for the declaration of who may call: anyone, so nothing is left out
    here but the detour.
    """
    return await _book(request, await runtime(request), "online")


async def _book(request: Request, running: Runtime, channel: Channel) -> Response:
    if channel == "online":  # the counter always serves
        _limits(running).take([_request_limit(request, running)])
    key = idempotency.needed_key(request.headers.get(idempotency.HEADER))
    wish = await read(request, BookingRequest)
    vault = _vault(running)
    claim = claim_of(
        wish,
        channel=channel,
        idempotency_key=key,
        vault=vault,
        zone=running.settings.zone,
        account_id=await _account_of(request) if channel == "online" else None,
    )
    settled = await _settle(running, claim, wish.visitor.phone)
    if isinstance(settled, Known):
        async with running.pool.acquire(timeout=10) as connection:
            shown = await queries.booking_view(connection, settled.booking_id, vault)
    else:
        shown = view(settled, Person.of(wish))
    return Response(shown.model_dump_json(), status_code=201, media_type="application/json")


async def _settle(running: Runtime, claim: Claim, phone: str | None) -> Booking | Known:
    """What becomes of a claim. Seats that are taken count for the document and the phone, and nothing else does."""
    combiner: Combiner = running.parts["combiner"]
    limits = _limits(running)
    seats = _seat_limits(running, claim, phone) if claim.channel == "online" else ()
    try:
        limits.take(seats)
    except TooManyRequests:
        known = await combiner.known(claim)
        if known is None:
            raise
        return known
    try:
        settled = await combiner.claim(claim)
    except BaseException:
        limits.give_back(seats)
        raise
    if isinstance(settled, Known):
        limits.give_back(seats)
    return settled


async def _account_of(request: Request) -> UUID | None:
    """Who books, where a citizen shows a token. Raises SignInNeeded for one that counts no more."""
    principal = await citizens.shown(request)
    return None if principal is None else UUID(principal.account_id)


async def _citizen(request: Request) -> UUID:
    """Which citizen asks. Raises SignInNeeded or AccessDenied."""
    return UUID((await citizens.needed(request)).account_id)


Mine = Annotated[UUID, Depends(_citizen)]
"""The account of the citizen who asks."""


@mine.get("")
async def own_bookings(running: Running, account_id: Mine) -> queries.OwnBookings:
    """What one has booked oneself, for whomever: those to come first."""
    async with running.pool.acquire(timeout=10) as connection:
        return await queries.own_bookings(connection, account_id, _vault(running))


@mine.get("/{booking_id}")
async def own_booking(running: Running, account_id: Mine, booking_id: UUID) -> BookingView:
    """One of them."""
    return await _view(running, await _own(running, account_id, booking_id))


@mine.post("/{booking_id}/cancel")
async def cancel_own(running: Running, account_id: Mine, booking_id: UUID) -> BookingView:
    """Give the seat back."""
    return await _change(running, await _own(running, account_id, booking_id), commands.cancel)


@mine.post("/{booking_id}/agree")
async def agree_own(running: Running, account_id: Mine, booking_id: UUID) -> BookingView:
    """Agree to the new date of a session that moved."""
    return await _change(running, await _own(running, account_id, booking_id), commands.agree)


async def _own(running: Runtime, account_id: UUID, booking_id: UUID) -> UUID:
    """The booking, if the account made it: whose account that is never changes. Raises BookingUnknown."""
    async with running.pool.acquire(timeout=10) as connection:
        return await queries.require_own(connection, booking_id, account_id)


@citizen.post("/bookings/check", status_code=204, openapi_extra=documented(BookingRequest))
async def check(request: Request, running: Running) -> Response:
    """Judge what was typed as booking would, and take nothing: what the seat's own state decides is told by booking."""
    wish = await read(request, BookingRequest)
    claim = claim_of(wish, channel="online", idempotency_key="", vault=_vault(running), zone=running.settings.zone)
    if claim.born_at is not None:
        async with running.pool.acquire(timeout=10) as connection:
            wrong = unborn(claim, await database.county_now(connection))
        if wrong is not None:
            raise wrong
    return Response(status_code=204)


@citizen.post("/bookings/lookup", openapi_extra=documented(CodeAndDigits))
async def look_up(request: Request, running: Running) -> BookingView:
    """A booking, by its code and the last four of the visitor's phone or document."""
    return await _view(running, await _open(request, running))


@citizen.post("/bookings/cancel", openapi_extra=documented(CodeAndDigits))
async def cancel(request: Request, running: Running) -> BookingView:
    """Give a seat back."""
    return await _change(running, await _open(request, running), commands.cancel)


@citizen.post("/bookings/correct", openapi_extra=documented(Correction))
async def correct(request: Request, running: Running) -> BookingView:
    """Put right who comes, or how they are reached, as long as the visit is ahead."""
    wish = await read(request, Correction)
    booking_id = await _open_with(request, running, wish)
    vault, zone = _vault(running), running.settings.zone
    return await _change(
        running, booking_id, lambda connection, each: commands.correct(connection, each, wish, vault, zone)
    )


@citizen.post("/bookings/agree", openapi_extra=documented(CodeAndDigits))
async def agree(request: Request, running: Running) -> BookingView:
    """Agree to the new date of a session that moved."""
    return await _change(running, await _open(request, running), commands.agree)


@staff.post("/bookings/lookup", openapi_extra=documented(CodeAlone), dependencies=[permit(BOOK_AT_COUNTER)])
async def look_up_at_counter(request: Request, running: Running) -> BookingView:
    """A booking, by its code alone: the counter may have booked advice without document and phone."""
    booking_id = await _open_at_counter(request, running)
    async with audited(running.pool, "booking.looked_up", "booking", booking_id) as act:
        return await queries.booking_view(act.connection, booking_id, _vault(running))


@staff.post("/bookings/cancel", openapi_extra=documented(CodeAlone), dependencies=[permit(BOOK_AT_COUNTER)])
async def cancel_at_counter(request: Request, running: Running) -> BookingView:
    """Give a seat back for somebody at the counter, by the code alone."""
    booking_id = await _open_at_counter(request, running)
    return await _change_at_counter(running, "booking.cancelled", booking_id, commands.cancel)


@staff.post("/bookings/agree", openapi_extra=documented(CodeAlone), dependencies=[permit(BOOK_AT_COUNTER)])
async def agree_at_counter(request: Request, running: Running) -> BookingView:
    """Agree to a moved date for somebody at the counter, by the code alone."""
    booking_id = await _open_at_counter(request, running)
    return await _change_at_counter(running, "booking.agreed", booking_id, commands.agree)


async def _change_at_counter(
    running: Runtime, action: str, booking_id: UUID, command: Callable[[Connection, UUID], Awaitable[Booking]]
) -> BookingView:
    async with audited(running.pool, action, "booking", booking_id) as act:
        await command(act.connection, booking_id)
    running.published()
    return await _view(running, booking_id)


async def _change(
    running: Runtime, booking_id: UUID, command: Callable[[Connection, UUID], Awaitable[Booking]]
) -> BookingView:
    async with database.transaction(running.pool) as connection:
        await command(connection, booking_id)
    running.published()
    return await _view(running, booking_id)


async def _view(running: Runtime, booking_id: UUID) -> BookingView:
    async with running.pool.acquire(timeout=10) as connection:
        return await queries.booking_view(connection, booking_id, _vault(running))


async def _open(request: Request, running: Runtime) -> UUID:
    """The booking that the body's code and digits open."""
    return await _open_with(request, running, await read(request, CodeAndDigits))


async def _open_with(request: Request, running: Runtime, key: CodeAndDigits) -> UUID:
    vault = _vault(running)
    by_code = (vault.blind_index("booking.tries.code", key.code), _settings(running).tries_per_code)
    limits = (by_code, _address_limit(request, running))
    return await _counted(running, limits, lambda connection: queries.opened(connection, key, vault))


async def _open_at_counter(request: Request, running: Runtime) -> UUID:
    """The booking that the body's code opens. There are no digits to guess, so the address alone is counted."""
    key = await read(request, CodeAlone)
    limits = (_address_limit(request, running),)
    return await _counted(running, limits, lambda connection: queries.opened_by_code(connection, key.code))


async def _counted(
    running: Runtime, limits: Sequence[tuple[bytes, int]], find: Callable[[Connection], Awaitable[UUID]]
) -> UUID:
    """What `find` finds. The try is counted, and committed, before anything is looked at."""
    async with database.transaction(running.pool) as connection:
        await tries.count_try(connection, limits, _settings(running).tries_window_minutes)
    async with database.transaction(running.pool) as connection:
        booking_id = await find(connection)
        await tries.give_try_back(connection, [key for key, _ in limits])
    return booking_id


def _address_limit(request: Request, running: Runtime) -> tuple[bytes, int]:
    """Under which key the tries of the client's address are counted, and how many there may be."""
    address = address_of(request)
    key = _vault(running).blind_index("booking.tries.address", network_of(address))
    return key, _settings(running).tries_from(address)


def _limits(running: Runtime) -> Limits:
    limits: Limits = running.parts["limits"]
    return limits


def _request_limit(request: Request, running: Runtime) -> Limit:
    """How many requests for a seat may come from the client's address."""
    settings, address = _settings(running), address_of(request)
    key = _vault(running).blind_index("booking.requests.address", network_of(address))
    return Limit(key, settings.requests_from(address), settings.requests_window_minutes * 60)


def _seat_limits(running: Runtime, claim: Claim, phone: str | None) -> tuple[Limit, ...]:
    """How many seats may be taken for a document and for a phone in a day."""
    settings = _settings(running)
    found = []
    if claim.document_key is not None:
        found.append(Limit(claim.document_key, settings.seats_per_document, DAY_SECONDS))
    if phone is not None:
        key = _vault(running).blind_index("booking.seats.phone", phone)
        found.append(Limit(key, settings.seats_per_phone, DAY_SECONDS))
    return tuple(found)


@staff.get("/sessions/{session_id}/bookings", dependencies=[permit(SEE_BOOKINGS)])
async def window_bookings(
    running: Running, session_id: AsItStands, window_id: Annotated[AsItStands | None, Query()] = None
) -> list[WindowBooking]:
    """Who comes to a window in a session, by time; without `window_id`, to all of them."""
    async with database.transaction(running.pool) as connection:
        return await queries.window_bookings(connection, session_id, window_id, _vault(running))


@internal.get("/visitor-cards")
async def visitor_cards(
    running: Running, booking_id: Annotated[list[UUID], Query(min_length=1, max_length=100)]
) -> VisitorCards:
    """The cards of up to a hundred bookings at once; who is gone is left out."""
    async with database.transaction(running.pool) as connection:
        return await queries.cards(connection, booking_id, _vault(running))


@internal.get("/documents/{booking_id}")
async def document(running: Running, booking_id: UUID, response: Response) -> DocumentNumber:
    """The whole number of a visitor's document, for the window that serves them; each look stands in the audit."""
    response.headers["Cache-Control"] = "no-store"
    async with audited(running.pool, "document.given", "booking", booking_id) as act:
        return await queries.document(act.connection, booking_id, _vault(running))


@internal.get("/visitor-cards/{booking_id}")
async def visitor_card(running: Running, booking_id: UUID) -> VisitorCard:
    """What another service needs to reach a visitor, as long as there is one to reach."""
    async with database.transaction(running.pool) as connection:
        return await queries.card(connection, booking_id, _vault(running))


@internal.post("/erasures")
async def erase(running: Running, order: ErasureOrder) -> ErasureAnswer:
    """Forget somebody who asked for it; the same order again goes on with what was held."""
    async with database.transaction(running.pool) as connection:
        return await erasure.carry_out(connection, "booking", order, commands.erase)


@internal.post("/exports")
async def export(running: Running, order: PersonOrder) -> ExportAnswer:
    """All that is held of somebody, in plain words."""
    async with database.transaction(running.pool) as connection:
        return await queries.export(connection, order, _vault(running))
