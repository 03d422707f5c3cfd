"""Which of the staff's pages are whose. A page shows what its reader may do; the services behind it decide.

A page does not know where things stand, so it asks for the role alone. The service that answers asks for the place.
"""

from typing import Final

from shared.access import Permission
from shared.identity.roles import AROUND, AT_COUNTER, AT_WINDOW, OVER_HALL

SEE_TODAY: Final = Permission("see_today", AROUND)
SEE_OFFICIALS: Final = Permission("see_officials", AROUND)
SEE_DUTIES: Final = Permission("see_duties", ("window_staff", "chief_representative", *OVER_HALL, "operator"))
"""Another official's days; one's own are anybody's."""
SEE_BOOKINGS: Final = Permission("see_bookings", (*AT_WINDOW, "hall_manager"))
READ_CONSOLE: Final = Permission("read_console", ("operator",))
OPEN_KIOSK: Final = Permission("receive", AT_COUNTER, "hall", devices=("kiosk",))
WORK_AT_COUNTER: Final = Permission("work_at_counter", AT_COUNTER, "hall")
WORK_AT_WINDOW: Final = Permission("attend_window", (*AT_WINDOW, "hall_manager"))
HELP_VISITOR: Final = Permission("help_visitor", WORK_AT_WINDOW.roles)
SEE_CLOSING: Final = Permission("see_hall", AROUND)
MANAGE: Final = Permission("manage_hall", ("hall_manager",), "hall")
REPORT: Final = Permission("report", OVER_HALL, "hall")
SEE_CASE_BOARD: Final = Permission("see_case_board", OVER_HALL)
SEE_CASES: Final = Permission("see_cases", (*AT_WINDOW, *OVER_HALL))
SEE_CASE_DESK: Final = Permission("see_case_desk", AT_WINDOW)
ENTER_CASE: Final = Permission("enter_case", (*AT_WINDOW, "hall_manager", "supervisor"))
SEE_MEETINGS: Final = Permission("see_meetings", (*OVER_HALL, "director", "deputy", "chief_representative"))
MANAGE_ACCOUNTS: Final = Permission("manage_accounts", ("operator",))
UPHOLD_RIGHTS: Final = Permission("uphold_rights", ("operator",))
READ_AUDIT: Final = Permission("read_audit", ("auditor",))
ANY_STAFF: Final = Permission("any", (*AROUND, "auditor"), roleless=True)
"""What is for everybody who is signed in as staff: one's own work and sign-ins."""
HEAR_REFUSAL: Final = Permission("hear_refusal", ANY_STAFF.roles, roleless=True, devices=("kiosk", "screen"))
"""What a form could not do, which whoever sent it may read."""

NAMED: Final = {each.name: each for each in list(globals().values()) if isinstance(each, Permission)}
"""For the templates, which ask by name."""
