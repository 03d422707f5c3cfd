"""What a caller of cases can be told, each with a stable code."""

from shared.problems import IdempotencyKeyReused as IdempotencyKeyReused
from shared.problems import InvalidRequest as InvalidRequest
from shared.problems import Problem


class CaseUnknown(Problem):
    """No such case, none that the caller may see, or digits that are not its own: the three are never told apart."""

    status = 404
    code = "case_unknown"
    title = "There is no such case."


class CaseMovedOn(Problem):
    """Somebody did something meanwhile: look at it again, then decide."""

    status = 409
    code = "case_moved_on"
    title = "The case has moved on."


class BeingMade(Problem):
    """The same request, or the same thing found in the hall, is being made a case at this moment: ask again."""

    status = 409
    code = "case_being_made"
    title = "This case is being made at this moment."


class ActNotNow(Problem):
    """The case is not where that can be done."""

    status = 409
    code = "act_not_now"
    title = "That cannot be done with the case as it stands."


class DepartmentUnknown(Problem):
    """The hall has no such department."""

    status = 422
    code = "department_unknown"
    title = "There is no such department."


class SameDepartment(Problem):
    """The department has the case, or a part of it, already."""

    status = 422
    code = "same_department"
    title = "That department has it already."


class DepartmentComplainedAbout(Problem):
    """A complaint about a person never reaches that person's office."""

    status = 422
    code = "department_complained_about"
    title = "The complaint is about somebody of this department."


class ReturnTooLate(Problem):
    """A return is made within the term to accept."""

    status = 409
    code = "return_too_late"
    title = "It is too late to give the case back."


class AssignmentBinds(Problem):
    """After two returns the assignment binds: the department accepts it."""

    status = 409
    code = "assignment_binds"
    title = "The assignment binds: the case cannot be given back any more."


class ExtensionsUsed(Problem):
    """Its term was extended as often as it can be."""

    status = 409
    code = "extensions_used"
    title = "The term cannot be extended again."


class ExtensionTooLong(Problem):
    """More days than an extension may have."""

    status = 422
    code = "extension_too_long"
    title = "An extension has fewer days."


class OwnExtension(Problem):
    """Who asks for more time does not approve it."""

    status = 403
    code = "own_extension"
    title = "Somebody else has to approve it."


class TermTooLong(Problem):
    """The term would be longer than the calendar is counted."""

    status = 422
    code = "term_too_long"
    title = "The term would be too long."


class DateNotAhead(Problem):
    """The day is not after today, or more than a year ahead."""

    status = 422
    code = "date_not_ahead"
    title = "The day has to lie ahead, by a year at most."


class DateIsRestDay(Problem):
    """Nobody works on that day."""

    status = 422
    code = "date_is_rest_day"
    title = "That day is not worked."


class PartUnknown(Problem):
    """The case has no such open part."""

    status = 404
    code = "part_unknown"
    title = "The case has no such part."


class MeasureUnknown(Problem):
    """Nothing of the kind was promised, or it was kept already."""

    status = 404
    code = "measure_unknown"
    title = "The case has no such open promise."


class PartsOpen(Problem):
    """A helping department has not done its part yet."""

    status = 409
    code = "parts_open"
    title = "A helping department has not done its part yet."


class TooMany(Problem):
    """As many parts, promises or notes as a case can have."""

    status = 409
    code = "too_many"
    title = "The case has as many of these as it can have."


class CalledToday(Problem):
    """Unanswered call-backs count on different working days."""

    status = 409
    code = "called_today"
    title = "It was tried today already; try again on another working day."


class SameHandler(Problem):
    """The citizen refused this person's answer: somebody else does it again."""

    status = 409
    code = "same_handler"
    title = "Somebody else has to do it this time."


class AlreadyListed(Problem):
    """It is on the watched list."""

    status = 409
    code = "already_listed"
    title = "The case is on the list already."


class NotListed(Problem):
    """It is not on the watched list."""

    status = 409
    code = "not_listed"
    title = "The case is not on the list."


class NotVerified(Problem):
    """What is not verified is not taken off the list."""

    status = 409
    code = "not_verified"
    title = "The case is not verified yet."


class NotPublic(Problem):
    """A complaint about a person never stands on a list."""

    status = 409
    code = "not_public"
    title = "A complaint about a person is not listed."


class MergedIntoItself(Problem):
    """A case goes on as another one."""

    status = 422
    code = "merge_into_itself"
    title = "A case cannot be merged into itself."


class OtherUnknown(Problem):
    """There is no such other case, or it goes no further."""

    status = 422
    code = "other_case_unknown"
    title = "There is no such open case."


class RaisedBeforeUnknown(Problem):
    """The earlier number is none of a case that was raised with this phone or document."""

    status = 422
    code = "raised_before_unknown"
    title = "There is no earlier case of yours with this number."


class VenueUnknown(Problem):
    """No hall is known here."""

    status = 422
    code = "venue_unknown"
    title = "There is no such hall."


class PrivacyVersionUnknown(Problem):
    """The accepted version of the privacy notice is none of ours."""

    status = 422
    code = "privacy_version_unknown"
    title = "There is no such version of the privacy notice."
