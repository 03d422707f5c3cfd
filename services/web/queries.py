"""What the pages read from the other services.

The roster changes a few times a month, so its answers are remembered for a while, and used longer while it is away:
a citizen can look up papers and take a seat without it. Seats and bookings are asked for anew every time.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

from services.web.accounts import Erasure, StaffAccount, StaffAccounts
from services.web.audit import Audit, People
from services.web.closing import Closing, Visit, Visits
from services.web.domain import (
    BookableSessions,
    Booking,
    Channels,
    ConsoleMessages,
    Departments,
    ExpectedBookings,
    Matter,
    Matters,
    Officials,
    OwnBookings,
    Session,
    Sessions,
    Slot,
    Slots,
)
from services.web.hall import Desk, Hall, Notice, Promises, Screen, Status, Today, VenueToday
from services.web.people import AccountShown, CitizenShown, OwnSignIns, PersonCard, Persons, Provider
from services.web.settings import WebSettings
from services.web.upstream import Answer, Refused, Service, Unavailable, Upstream
from shared.events.roster import Venue

Found = TypeVar("Found")

ACCOUNTS = "/api/accounts/v1"
OPERATOR = f"{ACCOUNTS}/operator"
OIDC = "/internal/v1/oidc"
QUEUE = "/api/queue/v1"
MINE = "/api/booking/v1/mine"
REMEMBERED = 512
MATTERS = 500
"""A hall has a few hundred matters; the list shows all of them."""
FOUND = 50
"""More findings than this help nobody."""
PAUSE_SECONDS = 2.0
CLOCK_SECONDS = 30.0
"""How often the county's clock is asked for where no page has heard it meanwhile."""


@dataclass
class Memory:
    """The roster's answers, the least recently used forgotten first."""

    settings: WebSettings
    _kept: OrderedDict[tuple[object, ...], tuple[float, object]] = field(default_factory=OrderedDict)
    clock_offset: timedelta = timedelta(0)
    """By how much the county's clock is ahead of this machine's, as booking told last."""
    clock_asked_at: float = float("-inf")
    channels: Channels = field(default_factory=Channels)
    """As notifications told last."""
    channels_asked_at: float = float("-inf")
    _away_until: float = 0.0
    """Until then nobody waits again for a roster that just did not answer."""

    async def get(self, upstream: Upstream, path: str, answer: type[Answer], **params: str | int | None) -> Answer:
        """The answer, asked for where it is not fresh; an older one where the roster is away."""
        key = (path, answer, *sorted(params.items()))
        kept_at, kept = self._kept.get(key, (0.0, None))
        age = time.monotonic() - kept_at
        if isinstance(kept, answer) and age < self.settings.fresh_seconds:
            return kept
        try:
            found = await self._ask(upstream, path, answer, **params)
        except Unavailable:
            if isinstance(kept, answer) and age < self.settings.stale_seconds:
                return kept
            raise
        self._kept[key] = (time.monotonic(), found)
        self._kept.move_to_end(key)
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return found

    async def _ask(self, upstream: Upstream, path: str, answer: type[Answer], **params: str | int | None) -> Answer:
        if time.monotonic() < self._away_until:
            raise Unavailable("roster")
        try:
            return await upstream.get("roster", path, answer, **params)
        except Unavailable:
            self._away_until = time.monotonic() + PAUSE_SECONDS
            raise


@dataclass(frozen=True)
class Queries:
    """Everything that a page may ask."""

    upstream: Upstream
    memory: Memory

    async def now(self) -> datetime:
        """The county's clock; this machine's as long as booking has never told."""
        if time.monotonic() - self.memory.clock_asked_at > CLOCK_SECONDS:
            self.memory.clock_asked_at = time.monotonic()
            with suppress(Unavailable, Refused):
                matters = await self.matters()
                if matters.items:
                    await self.bookable(matters.items[0].matter_id)
        return datetime.now(self.memory.settings.zone) + self.memory.clock_offset

    async def venue(self) -> Venue:
        """The hall."""
        return await self.memory.get(self.upstream, "/api/roster/v1/venue", Venue)

    async def departments(self) -> Departments:
        """The departments stationed in the hall."""
        return await self.memory.get(self.upstream, "/api/roster/v1/departments", Departments)

    async def matters(self, department_id: str | None = None) -> Matters:
        """All matters, or those of a department."""
        return await self.memory.get(
            self.upstream, "/api/roster/v1/matters", Matters, department_id=department_id, limit=MATTERS
        )

    async def search(self, words: str) -> Matters:
        """The matters that plain words mean, the likeliest first."""
        return await self.upstream.get("roster", "/api/roster/v1/matters", Matters, q=words, limit=FOUND)

    async def matter(self, matter_id: str) -> Matter:
        """One matter."""
        return await self.memory.get(self.upstream, f"/api/roster/v1/matters/{segment(matter_id)}", Matter)

    async def sessions(self) -> Sessions:
        """The sessions from today on, by date."""
        return await self.memory.get(self.upstream, "/api/roster/v1/sessions", Sessions)

    async def session(self, session_id: str) -> Session:
        """One session with its duties."""
        return await self.memory.get(self.upstream, f"/api/roster/v1/sessions/{segment(session_id)}", Session)

    async def bookable(self, matter_id: str) -> BookableSessions:
        """The sessions on which a matter can be, or could be, booked."""
        path = "/api/booking/v1/sessions"
        found = await self.upstream.get("booking", path, BookableSessions, matter_id=matter_id)
        self.memory.clock_asked_at = time.monotonic()
        self.memory.clock_offset = found.now - datetime.now(UTC)
        return found

    async def slots(self, session_id: str, matter_id: str) -> Slots:
        """A session's times for a matter."""
        path = f"/api/booking/v1/sessions/{segment(session_id)}/slots"
        return await self.upstream.get("booking", path, Slots, matter_id=matter_id)

    async def officials(self) -> Officials:
        """Everybody who can be on duty (staff)."""
        return await self.upstream.get("roster", "/api/roster/v1/staff/officials", Officials)

    async def official_sessions(self, official_id: str) -> Sessions:
        """An official's sessions (staff)."""
        path = f"/api/roster/v1/staff/officials/{segment(official_id)}/sessions"
        return await self.upstream.get("roster", path, Sessions)

    async def expected(self, session_id: str, window_id: str) -> ExpectedBookings:
        """Who comes to a window (staff)."""
        path = f"/api/booking/v1/staff/sessions/{segment(session_id)}/bookings"
        return await self.upstream.get("booking", path, ExpectedBookings, window_id=window_id)

    async def audit(self, service: Service, wanted: Mapping[str, str], before: int | None, limit: int) -> Audit:
        """Who did what in a service, the newest first (staff)."""
        path = f"/api/{service}/v1/staff/audit"
        return await self.upstream.get(service, path, Audit, before=before, limit=limit, **wanted)

    async def people(self) -> People:
        """Who the staff's accounts are (auditors)."""
        return await self.upstream.get("accounts", f"{ACCOUNTS}/staff/audit/people", People)

    async def console_messages(self) -> ConsoleMessages:
        """What the console channel delivered (staff)."""
        return await self.upstream.get(
            "notifications", "/api/notifications/v1/staff/console-messages", ConsoleMessages, limit=100
        )

    async def channels(self) -> Channels:
        """How visitors are told, as last heard: a page is not held up for it twice in a while."""
        if time.monotonic() - self.memory.channels_asked_at > CLOCK_SECONDS:
            self.memory.channels_asked_at = time.monotonic()
            with suppress(Unavailable, Refused):
                self.memory.channels = await self.upstream.get(
                    "notifications", "/api/notifications/v1/channels", Channels
                )
        return self.memory.channels

    async def today(self) -> Today:
        """The sessions that are held today (staff)."""
        return await self.upstream.get("queue", f"{QUEUE}/staff/today", Today)

    async def venue_today(self, venue_id: str) -> VenueToday:
        """The sessions that a venue holds today (its devices)."""
        return await self.upstream.get("queue", f"{QUEUE}/staff/venues/{segment(venue_id)}/today", VenueToday)

    async def desk(self, session_id: str, window_id: str) -> Desk:
        """A window with its queue (staff)."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/windows/{segment(window_id)}"
        return await self.upstream.get("queue", path, Desk)

    async def promises(self, session_id: str, window_id: str) -> Promises | None:
        """What a window's department has promised (staff); None while the queue cannot tell."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/windows/{segment(window_id)}/promises"
        try:
            return await or_none(self.upstream.get("queue", path, Promises))
        except Refused:
            return None

    async def screen(self, session_id: str) -> Screen:
        """The last calls of a session."""
        return await self.upstream.get("queue", f"{QUEUE}/sessions/{segment(session_id)}/screen", Screen)

    async def status(self, token: str) -> Status:
        """A visitor's own ticket."""
        return await self.upstream.get("queue", f"{QUEUE}/tickets/{segment(token)}", Status)

    async def notice(self, session_id: str, ticket_id: str) -> Notice:
        """The one-off notice of a visit (staff)."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/tickets/{segment(ticket_id)}/notice"
        return await self.upstream.get("queue", path, Notice)

    async def closing(self, session_id: str) -> Closing:
        """The end of a session's day (staff)."""
        return await self.upstream.get("queue", f"{QUEUE}/staff/sessions/{segment(session_id)}/closing", Closing)

    async def me(self) -> AccountShown:
        """Whoever is signed in."""
        return await self.upstream.get("accounts", f"{ACCOUNTS}/me", AccountShown)

    async def provider(self) -> Provider | None:
        """Whom staff may sign in with besides their password; none also while accounts is away."""
        try:
            return await self.upstream.get("accounts", OIDC, Provider)
        except (Refused, Unavailable):
            return None

    async def accounts(self, after: str, limit: int) -> StaffAccounts:
        """A page of accounts (operators)."""
        return await self.upstream.get(
            "accounts", f"{OPERATOR}/accounts", StaffAccounts, after=after or None, limit=limit
        )

    async def account(self, account_id: str) -> StaffAccount:
        """One account (operators)."""
        return await self.upstream.get("accounts", f"{OPERATOR}/accounts/{segment(account_id)}", StaffAccount)

    async def erasure(self, erasure_id: str) -> Erasure:
        """How an order to forget somebody stands (operators)."""
        return await self.upstream.get("accounts", f"{OPERATOR}/erasures/{segment(erasure_id)}", Erasure)

    async def own_sign_ins(self) -> OwnSignIns:
        """Where whoever is signed in is signed in."""
        return await self.upstream.get("accounts", f"{ACCOUNTS}/me/sessions", OwnSignIns)

    async def citizen(self) -> CitizenShown:
        """The citizen who is signed in."""
        return await self.upstream.get("accounts", f"{ACCOUNTS}/me", CitizenShown)

    async def persons(self) -> Persons:
        """Whom the citizen books for."""
        return await self.upstream.get("accounts", f"{ACCOUNTS}/me/persons", Persons)

    async def person_card(self, person_id: str, document_id: str) -> PersonCard:
        """One of them with one document, unmasked: for a booking, and for no page."""
        path = f"/internal/v1/persons/{segment(person_id)}/documents/{segment(document_id)}"
        return await self.upstream.get("accounts", path, PersonCard)

    async def own_bookings(self) -> OwnBookings:
        """What one has booked oneself: those to come first."""
        return await self.upstream.get("booking", MINE, OwnBookings)

    async def own_booking(self, booking_id: str) -> Booking:
        """One of them."""
        return await self.upstream.get("booking", f"{MINE}/{segment(booking_id)}", Booking)

    async def hall(self, session_id: str) -> Hall:
        """All windows of a session, and whether its day is closed."""
        return await self.upstream.get("queue", f"{QUEUE}/sessions/{segment(session_id)}", Hall)

    async def hall_or_none(self, session_id: str) -> Hall | None:
        """The same, for pages that go on without it."""
        try:
            return await or_none(self.hall(session_id))
        except Refused:
            return None

    async def visits(self, session_id: str, after: str = "") -> Visits:
        """A day's visits by number, from the first one after `after` (staff)."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/visits"
        return await self.upstream.get("queue", path, Visits, after=after)

    async def visit(self, session_id: str, ticket_id: str) -> Visit:
        """One visit of a day (staff)."""
        path = f"{QUEUE}/staff/sessions/{segment(session_id)}/visits/{segment(ticket_id)}"
        return await self.upstream.get("queue", path, Visit)

    async def matters_of(self, matter_ids: Iterable[str]) -> dict[str, Matter]:
        """Matters by id, those that the roster can tell of."""
        found = await asyncio.gather(*(self.matter_or_none(each) for each in sorted(set(matter_ids))))
        return {matter.matter_id: matter for matter in found if matter is not None}

    async def matter_or_none(self, matter_id: str) -> Matter | None:
        """A matter, for pages that go on without it; None where the roster is away or does not know it (any more)."""
        try:
            return await or_none(self.matter(matter_id))
        except Refused:
            return None

    async def session_or_none(self, session_id: str) -> Session | None:
        """A session, as `matter_or_none`."""
        try:
            return await or_none(self.session(session_id))
        except Refused:
            return None


@dataclass(frozen=True)
class Choice:
    """What a visitor has chosen so far. Without the roster the session is not known, only its time."""

    matter: Matter
    session_id: str
    session: Session | None
    slot: Slot


async def or_none(asked: Awaitable[Found]) -> Found | None:
    """The answer, or None while the service is away: for what a page can do without."""
    try:
        return await asked
    except Unavailable:
        return None


def segment(value: str) -> str:
    """An id as one segment of a path, whatever it contains."""
    return quote(value, safe="").replace(".", "%2E") if set(value) <= {"."} else quote(value, safe="")
