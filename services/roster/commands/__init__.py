"""What changes the roster. Each command runs inside the transaction of whoever calls it, and never commits.

Commands that change packs, calendars or sessions wait for each other on one row (`sql.planning.lock_planning`):
they look at everything that is planned, and are rare. Events are appended once the rows they tell of are
written, and so locked.
"""

from services.roster.commands.calendars import CalendarReport as CalendarReport
from services.roster.commands.calendars import import_calendars as import_calendars
from services.roster.commands.packs import PackReport as PackReport
from services.roster.commands.packs import import_pack as import_pack
from services.roster.commands.planning import plan_ahead as plan_ahead
from services.roster.commands.planning import plan_if_new_day as plan_if_new_day
from services.roster.commands.planning import tell_calendars as tell_calendars
from services.roster.commands.sessions import cancel_session as cancel_session
from services.roster.commands.sessions import move_session as move_session
from services.roster.commands.sessions import settle_clash as settle_clash
from services.roster.commands.state import state_events as state_events
