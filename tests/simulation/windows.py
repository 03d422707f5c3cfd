"""What happens at a window from its opening to its confirmation, as one operator does it."""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from tests.simulation.clock import Clock
from tests.simulation.hall import Entry, Hall, Refused

COME_SECONDS = 40.0
"""From the call to the window."""
UNANSWERED_SECONDS = 120.0
HOLD_SECONDS = 300.0
NEWS_SECONDS = 1.0
UNDONE = 0.03
"""Of the calls, those taken back at once and made again."""


@dataclass
class Window:
    """One window and its operator."""

    hall: Hall
    clock: Clock
    chance: Random
    window_id: str
    department_id: str
    official_id: str | None
    deputy_id: str | None
    away: tuple[datetime, datetime] | None
    """When the director is called away."""
    version: int = 0

    async def do(self, verb: str, **body: Any) -> Any:
        """A verb at the window as it was seen last. Raises Refused."""
        path = f"{self.hall.staff}/windows/{self.window_id}"
        try:
            shown = await self.hall.post(f"{path}/{verb}", {"version": self.version, **body})
        except Refused as refused:
            if refused.code != "window_moved_on":
                raise
            self.version = (await self.hall.get(path))["window_version"]
            shown = await self.hall.post(f"{path}/{verb}", {"version": self.version, **body})
        self.version = shown["window_version"]
        return shown

    async def work(self, ends_at: datetime) -> None:
        """Receive until the doors are closed and nobody waits any more."""
        await self.do("attend", attendance="present")
        await self.do("open")
        while True:
            await self._director()
            shown = await self._call() if self.hall.board.get(self.window_id) else None
            if shown is None:
                if self.clock.now() > ends_at and not await self._waits():
                    break
                await self.hall.news(NEWS_SECONDS)
                continue
            await self._receive(shown["at"])
        await self.do("close")
        await self.do("confirm", by="窗口负责人")

    async def _waits(self) -> bool:
        shown = await self.hall.get(f"{self.hall.staff}/windows/{self.window_id}")
        return bool(shown["waiting"] or shown["held"])

    async def _director(self) -> None:
        """The director goes, and comes back, when it is time."""
        if self.away is None:
            return
        leaves_at, returns_at = self.away
        if self.clock.now() >= returns_at:
            await self.do("attend", attendance="present")
            self.away = None
        elif self.clock.now() >= leaves_at:
            shown = await self.hall.get(f"{self.hall.staff}/windows/{self.window_id}")
            if shown["attendance"] == "present":
                await self.do(
                    "attend",
                    attendance="away",
                    reason="县里紧急会议",
                    substitute_id=self.deputy_id,
                    returns_at=returns_at.isoformat(),
                )

    async def _call(self) -> Any:
        """Call whoever is next; None where nobody is."""
        try:
            shown = await self.do("call-next")
        except Refused as refused:
            if refused.code == "nobody_waits":
                return None
            raise
        if self.chance.random() >= UNDONE:
            return shown
        try:
            await self.do("undo")
        except Refused as refused:
            if refused.code == "nothing_to_undo":  # half a minute of a fast day is soon over
                return shown
            raise
        self.hall.ledger.undone += 1
        return await self._call()

    async def _receive(self, at: Any) -> None:
        """From the call to the outcome."""
        entry = self.hall.ledger.entries[at["ticket_id"]]
        entry.called_at = entry.called_at or datetime.fromisoformat(at["called_at"])
        person = entry.person
        if entry.missed < person.deaf_to:
            await self.clock.wait(UNANSWERED_SECONDS)
            await self.do("recall")
            await self.clock.wait(UNANSWERED_SECONDS)
            await self.do("unanswered")
            entry.missed += 1
            entry.state = "unanswered" if entry.missed > 2 else "waiting"
            return
        await self.clock.wait(COME_SECONDS)
        if entry.department_id not in person.matters:
            target = next(iter(person.matters))
            await self.do("transfer", department_id=target)
            entry.department_id = target
            self.hall.ledger.transfers += 1
            return
        await self.do("start")
        await self.clock.wait(person.service.total_seconds() / 2)
        if person.holds:
            await self.do("hold")
            await self.clock.wait(HOLD_SECONDS)
            await self.do("resume", ticket_id=at["ticket_id"])
        await self.clock.wait(person.service.total_seconds() / 2)
        await self._finish(entry)

    async def _finish(self, entry: Entry) -> None:
        person = entry.person
        said = "缺契税完税证明原件一份" if person.outcome in ("incomplete", "declined") else None
        problems = [{"text": "缴税要另排一次队", "settled": person.problem}] if person.problem else []
        await self.do(
            "finish",
            outcomes=[{"matter_id": entry.matter_id, "kind": person.outcome, "said": said}],
            problems=problems,
            suggestions=["门口加一张写字台"] if person.suggestion else [],
        )
        entry.state, entry.outcome = "finished", person.outcome
        entry.problem, entry.suggestion = person.problem, person.suggestion
