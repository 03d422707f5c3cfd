"""What the pages ask the service of cases, and have done there, on behalf of whoever reads them."""

from dataclasses import dataclass
from typing import Any

from services.web.case_answers import CitizenCase, CitizenCases, WatchedList
from services.web.cases import (
    Board,
    CardPage,
    Cards,
    CaseFile,
    DepartmentDesk,
    Done,
    OwnCards,
)
from services.web.meetings import Meetings, MeetingShown
from services.web.queries import segment
from services.web.upstream import Upstream

CITIZENS = "/api/cases/v1"
STAFF = f"{CITIZENS}/staff"


@dataclass(frozen=True)
class StaffCases:
    """Cases as staff ask for them; raises Refused and Unavailable."""

    upstream: Upstream

    async def board(self) -> Board:
        """The ladder at one glance."""
        return await self.upstream.get("cases", f"{STAFF}/board", Board)

    async def search(self, **asked: str | int | None) -> CardPage:
        """A page of a list."""
        return await self.upstream.get("cases", f"{STAFF}/cases", CardPage, **asked)

    async def desk(self) -> DepartmentDesk:
        """What one's departments have to do."""
        return await self.upstream.get("cases", f"{STAFF}/desk", DepartmentDesk)

    async def mine(self) -> OwnCards:
        """What is in one's own charge."""
        return await self.upstream.get("cases", f"{STAFF}/mine", OwnCards)

    async def file(self, case_id: str) -> CaseFile:
        """All of a case."""
        return await self.upstream.get("cases", f"{STAFF}/cases/{segment(case_id)}", CaseFile)

    async def likely(self, case_id: str) -> Cards:
        """Open cases that are likely the same."""
        return await self.upstream.get("cases", f"{STAFF}/cases/{segment(case_id)}/likely", Cards)

    async def meetings(self) -> Meetings:
        """Joint reviews and frontline supervisions."""
        return await self.upstream.get("cases", f"{STAFF}/meetings", Meetings)

    async def meeting(self, session_id: str) -> MeetingShown:
        """One of them."""
        return await self.upstream.get("cases", f"{STAFF}/meetings/{segment(session_id)}", MeetingShown)

    async def act_in_meeting(self, session_id: str, body: dict[str, Any]) -> MeetingShown:
        """Do something in it."""
        path = f"{STAFF}/meetings/{segment(session_id)}/acts"
        return await self.upstream.post("cases", path, MeetingShown, body)

    async def enter(self, body: dict[str, Any], key: str) -> Done:
        """Write a case down, once with a key."""
        return await self.upstream.post("cases", f"{STAFF}/cases", Done, body, key=key)

    async def act(self, case_id: str, body: dict[str, Any], *, oversee: bool) -> Done:
        """Do something with a case."""
        path = f"{STAFF}/cases/{segment(case_id)}/{'oversee' if oversee else 'handle'}"
        return await self.upstream.post("cases", path, Done, body)


@dataclass(frozen=True)
class OwnCases:
    """Cases as whoever raised them asks for them; raises Refused and Unavailable."""

    upstream: Upstream

    async def raise_case(self, body: dict[str, Any], key: str) -> CitizenCase:
        """Raise a case, once with a key."""
        return await self.upstream.post("cases", f"{CITIZENS}/cases", CitizenCase, body, key=key)

    async def look_up(self, number: str, digits: str) -> CitizenCase:
        """A case, by its number and the last four of phone or document."""
        body = {"number": number, "digits": digits}
        return await self.upstream.post("cases", f"{CITIZENS}/cases/look-up", CitizenCase, body)

    async def reply(self, body: dict[str, Any]) -> CitizenCase:
        """Say something to it."""
        return await self.upstream.post("cases", f"{CITIZENS}/cases/reply", CitizenCase, body)

    async def all(self) -> CitizenCases:
        """What whoever is signed in has raised."""
        return await self.upstream.get("cases", f"{CITIZENS}/mine", CitizenCases)

    async def own(self, case_id: str) -> CitizenCase:
        """One of them."""
        return await self.upstream.get("cases", f"{CITIZENS}/mine/{segment(case_id)}", CitizenCase)

    async def reply_to_own(self, case_id: str, body: dict[str, Any]) -> CitizenCase:
        """Say something to it."""
        return await self.upstream.post("cases", f"{CITIZENS}/mine/{segment(case_id)}/reply", CitizenCase, body)

    async def watched(self) -> WatchedList:
        """The public list."""
        return await self.upstream.get("cases", f"{CITIZENS}/watched", WatchedList)
