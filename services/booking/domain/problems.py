"""What a caller of booking can be told, each with a stable code."""

from shared.problems import BodyTooLarge as BodyTooLarge
from shared.problems import IdempotencyKeyReused as IdempotencyKeyReused
from shared.problems import InvalidRequest as InvalidRequest
from shared.problems import MalformedJson as MalformedJson
from shared.problems import Problem


class UnsupportedMediaType(Problem):
    """A body that does not say it is JSON."""

    status = 415
    code = "unsupported_media_type"
    title = "The body must be application/json."


class SessionUnknown(Problem):
    """No such session, or none that is public."""

    status = 404
    code = "session_unknown"
    title = "There is no such session."


class SlotUnknown(Problem):
    """No such slot."""

    status = 404
    code = "slot_unknown"
    title = "There is no such slot."


class MatterUnknown(Problem):
    """No such matter, or one that is no longer offered."""

    status = 404
    code = "matter_unknown"
    title = "There is no such matter."


class SlotNotForMatter(Problem):
    """The slot's window belongs to another department than the matter."""

    status = 422
    code = "slot_not_for_matter"
    title = "The slot's window does not serve this matter."


class MatterNeedsNoVisit(Problem):
    """The matter is done without coming."""

    status = 409
    code = "matter_needs_no_visit"
    title = "This matter needs no visit."


class SessionNotReleased(Problem):
    """Before the release; the body carries `release_at`, null while the date is not certain."""

    status = 409
    code = "session_not_released"
    title = "This session cannot be booked yet."


class SessionClosed(Problem):
    """Booking is over, or the session will not be held."""

    status = 409
    code = "session_closed"
    title = "This session can no longer be booked."


class SlotPast(Problem):
    """The slot has begun."""

    status = 409
    code = "slot_past"
    title = "This slot has already begun."


class SlotFull(Problem):
    """No seat is free."""

    status = 409
    code = "slot_full"
    title = "This slot is full."


class AlreadyBooked(Problem):
    """One live booking a person, session and department."""

    status = 409
    code = "already_booked"
    title = "This person already has a booking with this department on this day."


class TimesOverlap(Problem):
    """The person has to be somewhere else at that time."""

    status = 409
    code = "times_overlap"
    title = "This person already has a booking at that time."


class BookingUnknown(Problem):
    """No such booking, or digits that are not its own: the two are never told apart."""

    status = 404
    code = "booking_unknown"
    title = "There is no such booking."


class BookingAlreadyCancelled(Problem):
    """The booking was cancelled before."""

    status = 409
    code = "booking_already_cancelled"
    title = "This booking is already cancelled."


class CancelTooLate(Problem):
    """Past the programme's cut-off."""

    status = 409
    code = "cancel_too_late"
    title = "It is too late to cancel this booking."


class PrivacyVersionUnknown(Problem):
    """The accepted version of the privacy notice is none of ours: the pages' `/privacy` shows those that there are."""

    status = 422
    code = "privacy_version_unknown"
    title = "There is no such version of the privacy notice."


class CorrectionOfPerson(Problem):
    """Name or document can be put right once, not both: a seat is its visitor's and is not handed on."""

    status = 409
    code = "correction_of_person"
    title = "A booking is not handed on to somebody else."


class Busy(Problem):
    """The bounded queue is full, or what waited in it waited too long."""

    status = 429
    code = "busy"
    title = "Too many people are booking at this moment."


class DatabaseAway(Problem):
    """Nothing is known of the outcome; the same key may be sent again."""

    status = 503
    code = "temporarily_unavailable"
    title = "The service cannot reach its database."
