"""What the routes share: who may call, what stands in an address or a header, and the parts of the running service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from services.queue.settings import QueueSettings
from shared.access import Caller, allow
from shared.application import Runtime, runtime
from shared.idempotency import needed_key, offered_key
from shared.privacy import Vault

Running = Annotated[Runtime, Depends(runtime)]
ID_PATTERN = r"^[^\x00-\x1f\x7f]+$"
"""An id without control characters: Postgres takes no text with U+0000."""
SessionId = Annotated[str, Path(min_length=1, max_length=200, pattern=ID_PATTERN)]
VenueId = Annotated[str, Path(min_length=1, max_length=200, pattern=ID_PATTERN)]
WindowId = Annotated[str, Path(min_length=1, max_length=200, pattern=ID_PATTERN)]
Token = Annotated[str, Path(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
NeededKey = Annotated[str, Depends(needed_key)]
OfferedKey = Annotated[str | None, Depends(offered_key)]


def citizen() -> APIRouter:
    """Routes for anyone."""
    return APIRouter(prefix="/api/queue/v1", tags=["citizen"], dependencies=[allow(Caller.CITIZEN)])


def staff() -> APIRouter:
    """Routes for those who work in the hall; each names its permission."""
    return APIRouter(prefix="/api/queue/v1/staff", tags=["staff"])


def vault_of(running: Runtime) -> Vault:
    """What encrypts and decrypts here."""
    vault: Vault = running.parts["vault"]
    return vault


def settings_of(running: Runtime) -> QueueSettings:
    """The queue's own settings."""
    settings = running.settings
    assert isinstance(settings, QueueSettings)  # noqa: S101  (what app.py built it with)
    return settings
