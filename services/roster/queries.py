"""What is read of the roster: states as the events tell them, with the names that a page shows beside the ids."""

from collections.abc import Iterable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from services.roster.domain.duties import Official
from services.roster.domain.planning import Planned
from services.roster.domain.problems import MatterUnknown, OfficialUnknown, SessionUnknown, VenueUnknown
from services.roster.domain.search import Findable
from services.roster.sql import county as county_sql
from services.roster.sql import matters as matters_sql
from services.roster.sql import sessions as sessions_sql
from shared.database import Connection, county_now
from shared.events.roster import Department, Duty, Matter, Session, Venue, Window
from shared.identity.tokens import Place


class VenueView(Venue):
    """The hall."""

    version: int


class DepartmentView(Department):
    """A department with the numbers of its windows."""

    windows: tuple[int, ...]


class Departments(BaseModel):
    """The departments in the hall, in the pack's order."""

    items: tuple[DepartmentView, ...]
    total: int


class MatterView(Matter):
    """A matter with where to go for it and what else it is called."""

    department_name_zh: str
    department_name_en: str
    windows: tuple[int, ...]
    """Numbers of the department's windows."""
    synonyms: tuple[str, ...]
    common: bool
    version: int


class Matters(BaseModel):
    """The matters that fit, best first; `total` counts those beyond the limit, too."""

    items: tuple[MatterView, ...]
    total: int


class DutyView(Duty):
    """A duty with who it is."""

    official_name: str
    official_title_zh: str
    official_title_en: str


class WindowView(Window):
    """A window of a session with its department."""

    department_name_zh: str
    department_name_en: str


class SessionView(Session):
    """A session with the names of those on duty and their windows."""

    duties: tuple[DutyView, ...]
    windows: tuple[WindowView, ...]
    """The windows at which somebody is on duty, by number."""
    version: int


class Sessions(BaseModel):
    """Sessions by date; `total` counts those beyond the limit, too."""

    items: tuple[SessionView, ...]
    total: int


class OfficialView(Official):
    """An official with the name of the department."""

    department_name_zh: str
    department_name_en: str


class Officials(BaseModel):
    """Everybody who can be on duty, in the pack's order."""

    items: tuple[OfficialView, ...]
    total: int


async def aggregate_ids(connection: Connection, after: str | None, limit: int) -> Sequence[str]:
    """The next ids of all that the roster tells of, for `republish`."""
    return await county_sql.select_aggregate_ids(connection, after or "", limit)


async def venue(connection: Connection) -> VenueView:
    """The hall. Raises VenueUnknown before the first pack."""
    found = await county_sql.select_venue(connection)
    if found is None:
        raise VenueUnknown
    state, version = found
    return VenueView(**dict(state), version=version)


async def departments(connection: Connection) -> Departments:
    """The departments in the hall."""
    numbers: dict[str, list[int]] = {}
    for window in await county_sql.select_windows(connection):
        numbers.setdefault(window.department_id, []).append(window.number)
    items = tuple(
        DepartmentView(**dict(each), windows=tuple(numbers.get(each.department_id, ())))
        for each in await county_sql.select_departments(connection)
    )
    return Departments(items=items, total=len(items))


async def findable(connection: Connection, department_id: str | None) -> list[Findable]:
    """Every matter as search sees it, of all departments or of one."""
    return await matters_sql.select_findable_matters(connection, department_id)


async def matters(connection: Connection, ranked: Sequence[str], limit: int) -> Matters:
    """The first of the matters that a search found."""
    views = await matters_sql.select_matter_views(connection, list(ranked[:limit]))
    return Matters(items=tuple(MatterView.model_validate(each) for each in views), total=len(ranked))


async def matter(connection: Connection, matter_id: str) -> MatterView:
    """A matter, also one that is withdrawn: bookings may still be of it. Raises MatterUnknown."""
    found = await matters_sql.select_matter_views(connection, [matter_id])
    if not found:
        raise MatterUnknown
    return MatterView.model_validate(found[0])


async def sessions(  # noqa: PLR0913  (the filters)
    connection: Connection,
    zone: ZoneInfo,
    *,
    first: date | None = None,
    last: date | None = None,
    status: str | None = None,
    limit: int,
) -> Sessions:
    """The public sessions from `first` (today, if none) to `last`."""
    found, total = await sessions_sql.select_sessions(
        connection,
        first=first or await _today(connection, zone),
        last=last,
        status=status,
        public=True,
        limit=limit,
    )
    return Sessions(items=await _views(connection, found), total=total)


async def session(connection: Connection, session_id: str, *, public: bool | None = True) -> SessionView:
    """A session; one that is not public only where `public` is None. Raises SessionUnknown."""
    found, _ = await sessions_sql.select_sessions(connection, session_id=session_id, public=public)
    if not found:
        raise SessionUnknown
    return (await _views(connection, found))[0]


async def officials(connection: Connection) -> Officials:
    """Everybody who can be on duty."""
    found = await county_sql.select_known_officials(connection)
    items = tuple(OfficialView(**each) for each in found if not each["withdrawn"])
    return Officials(items=items, total=len(items))


async def place_of_official(connection: Connection, official_id: str) -> Place | None:
    """The department that an official belongs to, or did; None where nobody was ever called so."""
    known = await county_sql.select_known_officials(connection)  # whoever has left, too: their days can still be read
    found = {each["official_id"]: each for each in known}.get(official_id)
    return Place(department_id=found["department_id"]) if found is not None else None


async def official_sessions(  # noqa: PLR0913  (the filters)
    connection: Connection,
    zone: ZoneInfo,
    official_id: str,
    *,
    first: date | None = None,
    last: date | None = None,
    limit: int,
) -> Sessions:
    """The sessions in which an official is on duty, internal ones included. Raises OfficialUnknown."""
    if all(each["official_id"] != official_id for each in await county_sql.select_known_officials(connection)):
        raise OfficialUnknown
    found, total = await sessions_sql.select_sessions(
        connection,
        first=first or await _today(connection, zone),
        last=last,
        official_id=official_id,
        limit=limit,
    )
    return Sessions(items=await _views(connection, found), total=total)


async def _today(connection: Connection, zone: ZoneInfo) -> date:
    return (await county_now(connection)).astimezone(zone).date()


async def _views(connection: Connection, found: Iterable[Planned]) -> tuple[SessionView, ...]:
    windows = {each["window_id"]: WindowView(**each) for each in await county_sql.select_known_windows(connection)}
    people = {each["official_id"]: each for each in await county_sql.select_known_officials(connection)}
    views = []
    for planned in found:
        duties = tuple(
            DutyView(
                **dict(duty),
                official_name=people[duty.official_id]["name"],
                official_title_zh=people[duty.official_id]["title_zh"],
                official_title_en=people[duty.official_id]["title_en"],
            )
            for duty in planned.session.duties
        )
        manned = sorted({duty.window_id for duty in duties}, key=lambda each: windows[each].number)
        state = dict(planned.session) | {"duties": duties, "windows": tuple(windows[each] for each in manned)}
        views.append(SessionView(**state, version=planned.version))
    return tuple(views)
