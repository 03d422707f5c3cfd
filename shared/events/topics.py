"""The table of topics: the one place that says who produces and who consumes what."""

from shared.events import accounts, booking, cases, notifications, queue, roster
from shared.events.base import Topic

PEOPLE = Topic(
    name="accounts.people.v1",
    producer="accounts",
    consumers=("roster", "booking", "queue", "cases", "notifications"),
    key="account_id",
    meaning="Who may do what, and whose tokens count no more.",
    events=(
        accounts.AccountOpened,
        accounts.AccountGranted,
        accounts.AccountSuspended,
        accounts.AccountResumed,
        accounts.AccountSignedOut,
    ),
)
VENUES = Topic(
    name="roster.venues.v1",
    producer="roster",
    consumers=("notifications", "queue", "cases"),
    key="venue_id",
    meaning="A hall, its departments and windows.",
    events=(roster.VenueDescribed,),
    partitions=1,
)
MATTERS = Topic(
    name="roster.matters.v1",
    producer="roster",
    consumers=("booking", "notifications", "queue"),
    key="matter_id",
    meaning="What visitors may come for, with documents and days.",
    events=(roster.MatterDescribed, roster.MatterWithdrawn),
    partitions=1,
)
SESSIONS = Topic(
    name="roster.sessions.v1",
    producer="roster",
    consumers=("booking", "notifications", "queue", "cases"),
    key="session_id",
    meaning="The service days and who is on duty at which window.",
    events=(roster.SessionPlanned, roster.SessionAmended, roster.SessionMoved, roster.SessionCancelled),
)
CALENDARS = Topic(
    name="roster.calendars.v1",
    producer="roster",
    consumers=("queue", "cases"),
    key="year",
    meaning="Which days of a year are worked, so that terms can be counted.",
    events=(roster.CalendarAdopted,),
    partitions=1,
)
BOOKINGS = Topic(
    name="booking.bookings.v1",
    producer="booking",
    consumers=("notifications", "queue"),
    key="booking_id",
    meaning="Every seat taken, and what became of it.",
    events=(
        booking.BookingMade,
        booking.BookingMoved,
        booking.BookingAgreed,
        booking.BookingCorrected,
        booking.BookingCancelled,
    ),
)
MESSAGES = Topic(
    name="notifications.messages.v1",
    producer="notifications",
    consumers=(),
    key="message_id",
    meaning="What was to be told, and whether it was.",
    events=(
        notifications.MessageQueued,
        notifications.MessageSent,
        notifications.MessageFailed,
        notifications.MessageWithdrawn,
    ),
)

VISITS = Topic(
    name="queue.visits.v1",
    producer="queue",
    consumers=("booking", "cases", "notifications"),
    key="visit_id",
    meaning="Every visit of a service day from check-in to outcome, and who did not come.",
    events=(
        queue.VisitCheckedIn,
        queue.VisitNearing,
        queue.VisitCalled,
        queue.VisitUnanswered,
        queue.VisitStarted,
        queue.VisitHeld,
        queue.VisitResumed,
        queue.VisitTransferred,
        queue.VisitFinished,
        queue.VisitClosed,
        queue.VisitUndone,
        queue.VisitCorrected,
        queue.VisitNoShow,
    ),
)
WINDOWS = Topic(
    name="queue.windows.v1",
    producer="queue",
    consumers=("notifications",),
    key="session_id:window_id",
    meaning="Each window in each session: whether it receives, who sits there, how late it runs.",
    events=(
        queue.WindowOpened,
        queue.WindowPaused,
        queue.WindowClosed,
        queue.AttendanceRecorded,
        queue.WindowBehind,
    ),
)
DAYS = Topic(
    name="queue.days.v1",
    producer="queue",
    consumers=(),
    key="session_id",
    meaning="What each closed day came to, and every correction of it.",
    events=(queue.DayClosed, queue.DayCorrected),
    partitions=1,
)
FINDINGS = Topic(
    name="queue.findings.v1",
    producer="queue",
    consumers=("cases",),
    key="finding_id",
    meaning="What directors found and decided without a visitor, by id and kind alone.",
    events=(queue.FindingNoted, queue.DecisionMade),
    partitions=1,
)
CASES = Topic(
    name="cases.cases.v1",
    producer="cases",
    consumers=("notifications",),
    key="case_id",
    meaning="Every problem, suggestion, complaint and petition until its verified closing, without anybody's words.",
    events=cases.EVENTS,
)

TOPICS = (PEOPLE, VENUES, MATTERS, SESSIONS, CALENDARS, BOOKINGS, MESSAGES, VISITS, WINDOWS, DAYS, FINDINGS, CASES)
