"""Devices of a hall: named and revoked by whoever looks after it; paired, and given their tokens, by themselves.

Pairing and renewing are for anyone by their declaration, for a device has no token yet: the code and the secret open.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.accounts import queries
from services.accounts.commands import devices, entering
from services.accounts.commands.devices import MayAt, NotPaired
from services.accounts.domain import devices as rules
from services.accounts.domain import problems
from services.accounts.domain.devices import (
    DeviceRenewal,
    Devices,
    DeviceToken,
    DeviceView,
    Named,
    NewDevice,
    Paired,
    Pairing,
)
from services.accounts.routes import bearer
from services.accounts.routes.bearer import Running
from shared import database
from shared.access import Caller, Permission, allow, permit
from shared.identity.tokens import Principal

MANAGE_DEVICES = Permission("manage_devices", ("operator", "hall_manager"), "hall")
"""Put up kiosks and screens, and take them out of service; a manager those of their own hall."""

router = APIRouter(
    prefix="/api/accounts/v1/operator/devices",
    tags=["devices"],
    dependencies=[permit(MANAGE_DEVICES)],
    responses=bearer.UNAUTHORISED,
)
own = APIRouter(
    prefix="/api/accounts/v1/devices",
    tags=["devices"],
    dependencies=[allow(Caller.CITIZEN)],
    responses=bearer.UNAUTHORISED,
)


def _asker(request: Request) -> Principal:
    found: Principal = request.state.principal
    return found


Asker = Annotated[Principal, Depends(_asker)]


def _may_at(asker: Principal) -> MayAt:
    return lambda venue_id: rules.is_within(asker.held, MANAGE_DEVICES.roles, venue_id)


@router.get("")
async def list_devices(running: Running, asker: Asker) -> Devices:
    """All devices of the venues that one looks after, with when each was last seen."""
    async with database.transaction(running.pool) as connection:
        return await queries.devices_within(connection, _may_at(asker))


@router.post("", status_code=201)
async def add(running: Running, asker: Asker, wish: NewDevice, response: Response) -> Named:
    """Name a device; the code to type at it is told this once, opens once, and waits a quarter of an hour."""
    response.headers["Cache-Control"] = "no-store"
    async with database.transaction(running.pool) as connection:
        named = await devices.add(connection, bearer.vault(running), asker.account_id, wish, _may_at(asker))
    running.published()
    return named


@router.post("/{device_id}/revoke")
async def revoke(running: Running, asker: Asker, device_id: UUID) -> DeviceView:
    """Let a device do nothing any more, from this moment and for ever. Revoked already, it stays so."""
    async with database.transaction(running.pool) as connection:
        device = await devices.revoke(connection, asker.account_id, device_id, _may_at(asker))
    running.published()
    return DeviceView.of(device)


@own.post("/pair")
async def pair(request: Request, running: Running, wish: Pairing, response: Response) -> Paired:
    """What a device is given for its code. A try is counted before it is made, and taken back where it was right."""
    response.headers["Cache-Control"] = "no-store"
    vault = bearer.vault(running)
    keys = await bearer.count_pairing(request, running)
    async with database.transaction(running.pool) as connection:
        paired = await devices.pair(connection, vault, wish.code.get_secret_value())
        if isinstance(paired, NotPaired):
            raise problems.PairingRefused
    async with database.transaction(running.pool) as connection:  # after the audit's row, which is a transaction's last
        await entering.give_try_back(connection, keys)
    return paired


@own.post("/renew")
async def renew(running: Running, wish: DeviceRenewal, response: Response) -> DeviceToken:
    """Another token for a device that goes on."""
    response.headers["Cache-Control"] = "no-store"
    async with database.transaction(running.pool) as connection:
        return await devices.renew(connection, bearer.vault(running), wish.secret.get_secret_value())
