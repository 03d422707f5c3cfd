"""What can be wrong with a request to the roster, each with a code that never changes its meaning."""

from collections.abc import Sequence
from typing import ClassVar

from services.roster.domain.planning import PlanReport
from services.roster.domain.source import Finding
from shared.problems import FieldProblem, Problem

FINDINGS_TOLD = 500


class UnsupportedMediaType(Problem):
    """The body is not declared as YAML."""

    status = 415
    code = "unsupported_media_type"
    title = "The body must be application/yaml."


class MalformedYaml(Problem):
    """The body is not text."""

    status = 400
    code = "malformed_yaml"
    title = "The body is not UTF-8."


class VenueUnknown(Problem):
    """No pack was imported yet."""

    status = 404
    code = "venue_unknown"
    title = "Nothing is known of the hall yet; import a programme pack."


class MatterUnknown(Problem):
    """There is no such matter, nor was there ever; one that is withdrawn is still shown."""

    status = 404
    code = "matter_unknown"
    title = "There is no such matter."


class SessionUnknown(Problem):
    """There is no such session."""

    status = 404
    code = "session_unknown"
    title = "There is no such session."


class OfficialUnknown(Problem):
    """There is no such official."""

    status = 404
    code = "official_unknown"
    title = "There is no such official."


class RosterEmpty(Problem):
    """There are no programmes to plan."""

    status = 409
    code = "roster_empty"
    title = "Import a programme pack first."


class VenueOther(Problem):
    """The pack is of another hall."""

    status = 409
    code = "venue_other"
    title = "This installation runs another hall."


class SessionIsCancelled(Problem):
    """A cancelled session neither moves nor is cancelled again."""

    status = 409
    code = "session_cancelled"
    title = "The session is cancelled."


class SessionBegun(Problem):
    """It is too late for this."""

    status = 409
    code = "session_begun"
    title = "The session has begun or is over."


class DatePast(Problem):
    """The new date is not in the future."""

    status = 409
    code = "date_past"
    title = "On that date the session would have begun already."


class DateRests(Problem):
    """The new date is a rest day, and nobody said that this is meant."""

    status = 409
    code = "date_rest_day"
    title = "That date is a rest day; say rest_day to mean it."


class CalendarUnknown(Problem):
    """Nobody knows yet which days of that year are worked."""

    status = 409
    code = "calendar_unknown"
    title = "The calendar of that year is not known yet."


class SessionDateTaken(Problem):
    """Two sessions of a programme never share a date."""

    status = 409
    code = "session_date_taken"
    title = "Another session of the programme is held on that date."


class ClashUnknown(Problem):
    """There is nothing to decide."""

    status = 409
    code = "clash_unknown"
    title = "The session clashes with no other."


class ConfirmationNeeded(Problem):
    """What was sent would move or cancel sessions that people rely on. The body has the difference and its token."""

    status = 409
    code = "confirmation_needed"
    title = "Certain sessions would move or fall; look at the difference and confirm it."

    def __init__(self, confirm: str, report: PlanReport) -> None:
        super().__init__(confirm=confirm, plan=report.model_dump(mode="json"))
        self.report = report


class DifferenceChanged(ConfirmationNeeded):
    """The token is of another difference than the one that would come about now."""

    code = "difference_changed"
    title = "The difference is no longer the one that was shown; look at it again."


class _Unsound(Problem):
    """Base of what is wrong inside a YAML text: every finding with its line, as far as they are told."""

    status: ClassVar[int] = 422

    def __init__(self, findings: Sequence[Finding]) -> None:
        errors = [
            FieldProblem(pointer=_pointer(each.field), code=each.code, detail=str(each))
            for each in findings[:FINDINGS_TOLD]
        ]
        lines = [each.model_dump() for each in findings[:FINDINGS_TOLD]]
        super().__init__(f"{len(findings)} findings", errors=errors, findings=lines)


class PackInvalid(_Unsound):
    """A pack with mistakes in it; nothing of it was taken over."""

    code = "pack_invalid"
    title = "The pack needs correcting."


class CalendarInvalid(_Unsound):
    """A calendar with mistakes in it; nothing of it was taken over."""

    code = "calendar_invalid"
    title = "The calendar needs correcting."


def _pointer(field: str) -> str:
    return "/" + field.replace("[", ".").replace("]", "").replace(".", "/") if field else ""
