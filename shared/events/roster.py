"""Said by the roster: venues with their windows, matters, working days, and sessions with their duties."""

from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import Field

from shared.events.base import Event, State


class Department(State):
    """A unit stationed in the hall."""

    department_id: str
    name_zh: str
    name_en: str
    general_desk: bool = False
    """True for the desk that takes whoever does not know whom to ask."""


class Window(State):
    """A window of the hall. It belongs to one department."""

    window_id: str
    number: int = Field(ge=1)
    department_id: str
    location_zh: str = ""
    location_en: str = ""


class Venue(State):
    """A hall with its windows and the departments stationed in it."""

    venue_id: str
    name_zh: str
    name_en: str
    address_zh: str
    address_en: str
    phone: str
    departments: tuple[Department, ...]
    windows: tuple[Window, ...]


class VenueEvent(Event):
    """Any event of a venue."""

    topic: ClassVar[str] = "roster.venues.v1"
    venue: Venue

    @property
    def subject(self) -> str:
        """The venue's id."""
        return self.venue.venue_id


class VenueDescribed(VenueEvent):
    """A venue was entered or changed."""


class RequiredDocument(State):
    """A paper to bring."""

    name_zh: str
    name_en: str
    note_zh: str = ""
    note_en: str = ""


class Matter(State):
    """What a visitor may come for."""

    matter_id: str
    department_id: str
    name_zh: str
    name_en: str
    plain_name_zh: str
    """The matter as people say it, shown first."""
    plain_name_en: str
    documents: tuple[RequiredDocument, ...]
    statutory_days: int | None = Field(default=None, ge=0)
    """Working days the law allows; none where it sets no term."""
    promised_days: int | None = Field(default=None, ge=0)
    visit: Literal["needed", "optional", "not_needed"]
    """`not_needed`: done wholly online or by post, which the citizen is told before booking."""
    online_guide_zh: str = ""
    online_guide_en: str = ""
    instant: bool = False
    withdrawn: bool = False


class MatterEvent(Event):
    """Any event of a matter."""

    topic: ClassVar[str] = "roster.matters.v1"
    matter: Matter

    @property
    def subject(self) -> str:
        """The matter's id."""
        return self.matter.matter_id


class MatterDescribed(MatterEvent):
    """A matter was entered or changed."""


class MatterWithdrawn(MatterEvent):
    """A matter is no longer offered; its last state stays."""


class Duty(State):
    """An official at a window in a session."""

    duty_id: str
    window_id: str
    department_id: str
    official_id: str
    role: Literal["principal", "deputy"]


class OpeningPeriod(State):
    """A stretch in which the session receives; breaks lie between two of them."""

    starts_at: datetime
    ends_at: datetime


class BookingRules(State):
    """How the session's seats may be booked. All instants are already worked out."""

    release_at: datetime
    """From here on the slots are bookable."""
    closes_at: datetime
    """Nothing can be booked from here on."""
    cancel_until: datetime
    slot_minutes: int = Field(ge=5, le=480)
    capacity: int = Field(ge=1, le=64)
    """Seats of a slot and window, all shares included."""
    counter_seats: int = Field(default=0, ge=0)
    """Of `capacity`: bookable at the counter only."""
    walk_in_seats: int = Field(default=0, ge=0)
    """Of `capacity`: never bookable."""
    party_size_max: int = Field(default=5, ge=1)


class Session(State):
    """One programme held at one venue on one date."""

    session_id: str
    programme_id: str
    programme_name_zh: str
    programme_name_en: str
    venue_id: str
    rule_date: date
    """The date that the recurrence names, before any shift."""
    date: date
    day_kind: Literal["workday", "make_up_workday", "rest_day"]
    status: Literal["tentative", "planned", "cancelled"]
    """`tentative`: the year's official calendar is unknown; never released."""
    public: bool
    opening: tuple[OpeningPeriod, ...]
    duties: tuple[Duty, ...]
    booking: BookingRules | None = None
    """None where the session takes no bookings."""
    level: Literal["window", "joint_review", "supervision"] | None = None
    """Of the ladder, by its programme; None where nobody has said yet."""
    reason: Literal["calendar", "weather", "power", "official", "other"] | None = None
    """Why it was last moved or cancelled."""


class SessionEvent(Event):
    """Any event of a session."""

    topic: ClassVar[str] = "roster.sessions.v1"
    session: Session

    @property
    def subject(self) -> str:
        """The session's id."""
        return self.session.session_id


class SessionPlanned(SessionEvent):
    """A session was planned, or a tentative one became certain."""


class SessionAmended(SessionEvent):
    """Duties, hours or booking rules changed; the date did not."""


class SessionMoved(SessionEvent):
    """The session has another date."""


class SessionCancelled(SessionEvent):
    """The session will not be held."""


class CalendarYear(State):
    """The working days of a year, as the county's merged calendar has them. What is not named follows the week."""

    year: int = Field(ge=2000, le=2100)
    status: Literal["known", "tentative"]
    """`known`: by an official or the county's own calendar; `tentative`: a guess from what the law names."""
    rest_days: tuple[date, ...] = ()
    make_up_workdays: tuple[date, ...] = ()
    """Saturdays and Sundays that are worked."""


class CalendarEvent(Event):
    """Any event of a year's calendar."""

    topic: ClassVar[str] = "roster.calendars.v1"
    calendar: CalendarYear

    @property
    def subject(self) -> str:
        """The year."""
        return str(self.calendar.year)


class CalendarAdopted(CalendarEvent):
    """The working days of a year became known, or others: these hold from now on."""
