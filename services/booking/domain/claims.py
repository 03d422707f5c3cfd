"""A wish for a seat on its way to the table, and why it did not get one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.booking.domain import problems
from shared.problems import Problem

Channel = Literal["online", "counter"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One request for one seat. What names a person is encrypted already, or a blind index."""

    slot_id: int
    matter_id: str
    channel: Channel
    party_size: int
    by_proxy: bool
    language: str
    raised_before: bool | None
    code: str
    idempotency_key: str
    body_hash: bytes
    document_type: str | None
    document_key: bytes | None
    person: bool
    """False for a firm and for nobody known: neither has times that could overlap."""
    born_at: datetime | None
    """The first instant of the date of birth that the document's number holds."""
    document: bytes | None
    name: bytes
    phone: bytes | None
    email: bytes | None
    proxy: bytes | None
    note: bytes | None
    privacy_version: str | None = None
    """The version of the privacy notice that was accepted, if any was shown."""
    account_id: UUID | None = None
    """Whose account books, if somebody is signed in."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What stands in the tables about a claim that won no seat, read after the attempt."""

    now: datetime
    known_id: UUID | None
    """The booking that already carries the claim's idempotency key."""
    known_body_hash: bytes | None
    slot_starts_at: datetime | None
    slot_department_id: str | None
    status: str | None
    public: bool | None
    release_at: datetime | None
    closes_at: datetime | None
    party_size_max: int | None
    matter_department_id: str | None
    visit: str | None
    withdrawn: bool | None
    already_booked: bool
    overlaps: bool
    full: bool


def explain(claim: Claim, facts: Refusal) -> Problem | None:
    """Why the claim won nothing, the most telling reason first.

    None where nothing stands against it: its code was taken, or a seat became free since. It is tried again.
    """
    unusable = _unusable(claim, facts)
    if unusable is not None:
        return unusable
    # First of the three: a full slot would else tell for free whether the person with this number has a booking.
    if facts.full:
        return problems.SlotFull()
    if facts.already_booked:
        return problems.AlreadyBooked()
    if facts.overlaps:
        return problems.TimesOverlap()
    return None


def _unusable(claim: Claim, facts: Refusal) -> Problem | None:
    """What no free seat would mend."""
    if facts.slot_starts_at is None or (claim.channel == "online" and not facts.public):
        return problems.SlotUnknown()
    if facts.matter_department_id is None or facts.withdrawn:
        return problems.MatterUnknown()
    if facts.matter_department_id != facts.slot_department_id:
        return problems.SlotNotForMatter()
    if facts.visit == "not_needed":
        return problems.MatterNeedsNoVisit()
    return _unbookable(facts) or _unfit(claim, facts)


def _unbookable(facts: Refusal) -> Problem | None:
    """What the session's state and the clock say."""
    if facts.status == "tentative":
        return problems.SessionNotReleased(release_at=None)
    if facts.status == "cancelled" or facts.release_at is None or facts.closes_at is None:
        return problems.SessionClosed()
    if facts.now < facts.release_at:
        return problems.SessionNotReleased(release_at=facts.release_at.isoformat())
    if facts.slot_starts_at is not None and facts.slot_starts_at <= facts.now:
        return problems.SlotPast()
    if facts.closes_at <= facts.now:
        return problems.SessionClosed()
    return None


def _unfit(claim: Claim, facts: Refusal) -> Problem | None:
    """What in the request only the session's rules and the clock could judge."""
    if facts.party_size_max is not None and claim.party_size > facts.party_size_max:
        detail = f"at most {facts.party_size_max} persons come with one booking"
        return problems.InvalidRequest.of("/party_size", "party_size_range", detail)
    return unborn(claim, facts.now)


def unborn(claim: Claim, now: datetime) -> Problem | None:
    """What is wrong with a date of birth that only the county's clock can judge."""
    if claim.born_at is None or claim.born_at <= now:
        return None
    detail = "the number holds a date of birth that is yet to come"
    return problems.InvalidRequest.of("/visitor/document/number", "document_birth_ahead", detail)
