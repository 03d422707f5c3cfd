"""What a caller of the queue can be told, each with a stable code."""

from shared.problems import IdempotencyKeyReused as IdempotencyKeyReused
from shared.problems import InvalidRequest as InvalidRequest
from shared.problems import Problem


class SessionUnknown(Problem):
    """There is no such session, or it is not held."""

    status = 404
    code = "session_unknown"
    title = "No such session is known here."


class SessionNotToday(Problem):
    """The session is held on another day, so nobody can check in to it."""

    status = 409
    code = "session_not_today"
    title = "This session is not held today."


class DayClosed(Problem):
    """The day was closed; what is put right now is a correction."""

    status = 409
    code = "day_closed"
    title = "The day is closed."


class WindowUnknown(Problem):
    """The session has no such window."""

    status = 404
    code = "window_unknown"
    title = "The session has no such window."


class WindowNotOpen(Problem):
    """The window does not receive now."""

    status = 409
    code = "window_not_open"
    title = "The window is not open."


class WindowBusy(Problem):
    """The window has somebody already: finish, hold or transfer them first."""

    status = 409
    code = "window_busy"
    title = "Somebody is at the window already."


class WindowIdle(Problem):
    """Nobody is at the window, so there is nothing to do that with."""

    status = 409
    code = "window_idle"
    title = "Nobody is at the window."


class DocumentMasked(Problem):
    """Only the window that has somebody sees the number of their document, and only as long as it has them."""

    status = 409
    code = "document_masked"
    title = "Only the window that serves a visitor sees the number of their document."


class DocumentNotKept(Problem):
    """Who took a ticket without a booking, or booked advice without a document, has left no number."""

    status = 404
    code = "document_not_kept"
    title = "No document number is kept of this visitor; they can show the document."


class DocumentAway(Problem):
    """Booking, which alone keeps the numbers, could not be asked."""

    status = 409
    code = "document_away"
    title = "The document number is not to be had just now; the rest goes on."


class WindowMovedOn(Problem):
    """Something else was done at the window meanwhile, by another tab or colleague."""

    status = 409
    code = "window_moved_on"
    title = "The window has moved on since this page was shown."


class NobodyWaits(Problem):
    """Nobody can be called to this window."""

    status = 409
    code = "nobody_waits"
    title = "Nobody waits for this window."


class TicketUnknown(Problem):
    """There is no such ticket in this session."""

    status = 404
    code = "ticket_unknown"
    title = "No such ticket is known here."


class TicketMovedOn(Problem):
    """The ticket is no longer in a state in which this can be done with it."""

    status = 409
    code = "ticket_moved_on"
    title = "The ticket is elsewhere by now."


class PersonElsewhere(Problem):
    """The person is being called or received at another window."""

    status = 409
    code = "person_elsewhere"
    title = "This person is at another window now."


class BookingUnknown(Problem):
    """No booking is known by that code or id."""

    status = 404
    code = "booking_unknown"
    title = "No booking of today is known by this."


class BookingCancelled(Problem):
    """The booking was cancelled; its visitor can come as a walk-in."""

    status = 409
    code = "booking_cancelled"
    title = "The booking was cancelled."


class BookingOtherDay(Problem):
    """The booking is for another day, which the member `date` names; today its visitor can come as a walk-in."""

    status = 409
    code = "booking_other_day"
    title = "The booking is for another day."


class BookingOtherSession(Problem):
    """The booking is for another session of the same day, which the member `session_id` names."""

    status = 409
    code = "booking_other_session"
    title = "The booking is for another session of today."


class DocumentNotBooked(Problem):
    """Nobody has booked with this document for this day; its holder can come as a walk-in."""

    status = 404
    code = "document_not_booked"
    title = "No booking of today is known by this document."


class BookingsOfFirm(Problem):
    """Several people come with bookings of this firm: its document does not say which of them is here."""

    status = 409
    code = "bookings_of_firm"
    title = "This firm has several bookings today; use a booking's code."


class MatterUnknown(Problem):
    """There is no such matter, or nobody in this session receives for it."""

    status = 404
    code = "matter_unknown"
    title = "Nobody receives for this matter today."


class NumbersExhausted(Problem):
    """Three digits are used up: 999 tickets of one group in one session."""

    status = 409
    code = "numbers_exhausted"
    title = "There are no more numbers for this department today."


class OutcomeMissing(Problem):
    """Each matter of the visit needs an outcome before it is finished."""

    status = 422
    code = "outcome_missing"
    title = "A matter of the visit has no outcome yet."


class NothingToUndo(Problem):
    """There is no last verb, it is too long ago, or what it changed has moved on."""

    status = 409
    code = "nothing_to_undo"
    title = "The last step can no longer be taken back."


class StreamsExhausted(Problem):
    """This process serves as many live streams as it may."""

    status = 429
    code = "too_many_streams"
    title = "Too many screens are connected; try again in a moment."


class TicketsOpen(Problem):
    """Somebody still waits, is held or is being received: each needs an outcome or a reason first."""

    status = 409
    code = "tickets_open"
    title = "There are tickets without an end."


class WindowsUnconfirmed(Problem):
    """A window that received has not confirmed its day."""

    status = 409
    code = "windows_unconfirmed"
    title = "Not every window has confirmed its day."


class BookingsAhead(Problem):
    """Somebody is booked for a time that has not come: signed now, they would count as absent."""

    status = 409
    code = "bookings_ahead"
    title = "Somebody is booked for later today."


class DayOpen(Problem):
    """The day is not signed yet; until then everything is put right at the window."""

    status = 409
    code = "day_open"
    title = "The day is not closed yet."


class SheetTooLarge(Problem):
    """The day has more visits than one sheet holds."""

    status = 409
    code = "sheet_too_large"
    title = "The day has more visits than one sheet holds."


class SheetUnavailable(Problem):
    """The sheet could not be made in time."""

    status = 503
    code = "sheet_unavailable"
    title = "The sheet could not be made; try again in a moment."


class SpeechUnavailable(Problem):
    """The call could not be spoken in time."""

    status = 503
    code = "speech_unavailable"
    title = "The call could not be spoken; try again in a moment."


class OfficialPresent(Problem):
    """Somebody whom the visitor waits for is there, or still expected: there is nothing to choose."""

    status = 409
    code = "official_present"
    title = "The official of this window is not away."


class SubstituteElsewhere(Problem):
    """Whoever is to sit in is at another window already, by their own duty or for somebody else."""

    status = 409
    code = "substitute_elsewhere"
    title = "This substitute is at another window."


class PromiseUnknown(Problem):
    """The department has no such open promise."""

    status = 404
    code = "promise_unknown"
    title = "No such promise is open in this department."


class PromiseKept(Problem):
    """Somebody has settled it already."""

    status = 409
    code = "promise_kept"
    title = "This promise was kept already."
