"""The public APIs as the hall's people use them, and the ledger of what they were answered."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from tests.simulation.people import Offer, Person

BOOKING = "/api/booking/v1"
QUEUE = "/api/queue/v1"
ROSTER = "/api/roster/v1"


class Refused(Exception):  # noqa: N818  (a noun: what it is)
    """An answer that is a problem, with its code."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.text)
        self.code = answer.json().get("code", "") if "json" in answer.headers.get("content-type", "") else ""


@dataclass
class Entry:
    """A ticket as the simulation saw it."""

    number: str
    token: str
    person: Person
    matter_id: str
    department_id: str
    """That it waits for now."""
    booked_for: datetime | None
    arrived_at: datetime
    called_at: datetime | None = None
    """The first call."""
    missed: int = 0
    state: str = "waiting"
    outcome: str | None = None
    problem: str | None = None
    suggestion: bool = False


@dataclass
class Ledger:
    """Everything that was answered, by ticket id."""

    entries: dict[str, Entry] = field(default_factory=dict)
    no_shows: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    undone: int = 0
    transfers: int = 0


@dataclass
class Hall:
    """One session, spoken to through the gateway."""

    http: httpx.AsyncClient
    session_id: str
    ledger: Ledger = field(default_factory=Ledger)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    board: dict[str, int] = field(default_factory=dict)
    """How many each window may call, as it was shown last."""
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def staff(self) -> str:
        """Where the session's staff routes begin."""
        return f"{QUEUE}/staff/sessions/{self.session_id}"

    async def get(self, path: str, **query: str) -> Any:
        """Ask. Raises Refused."""
        answer = await self.http.get(path, params=query)
        if not answer.is_success:
            raise Refused(answer)
        return answer.json()

    async def post(self, path: str, body: Mapping[str, Any], **headers: str) -> Any:
        """Do. Raises Refused, which the ledger counts."""
        answer = await self.http.post(path, json=body, headers=headers)
        if not answer.is_success:
            refused = Refused(answer)
            self.ledger.refusals[refused.code or str(answer.status_code)] += 1
            raise refused
        return answer.json() if answer.content else None

    async def offers(self, matters: Mapping[str, Sequence[str]]) -> list[Offer]:
        """Every free seat of the session, a slot as often as it has seats."""
        found = []
        for department_id, ids in sorted(matters.items()):
            shown = await self.get(f"{BOOKING}/sessions/{self.session_id}/slots", matter_id=ids[0])
            for slot in shown["items"]:
                offer = Offer(slot["slot_id"], department_id, datetime.fromisoformat(slot["starts_at"]))
                found += [offer] * slot["free"]
        return found

    async def book(self, person: Person) -> None:
        """Take the seats that somebody wants."""
        for offer in person.booked:
            body = {
                "slot_id": offer.slot_id,
                "matter_id": person.matters[offer.department_id],
                "visitor": {"name": person.name, "document": {"type": "resident_id", "number": person.document}},
                "party_size": person.persons,
                "language": "zh",
            }
            booked = await self.post(f"{BOOKING}/bookings", body, **_key())
            person.codes.append(booked["code"])

    async def check_in(self, person: Person) -> list[Entry]:
        """Everything that somebody booked, at the counter."""
        entries = []
        for code in person.codes:
            body = {"code": code, "priority": person.priority}
            entries.append(self._note(person, await self.post(f"{self.staff}/check-ins", body)))
        return entries

    async def walk_in(self, person: Person, matter_id: str) -> Entry:
        """A ticket for a matter."""
        body = {"matter_ids": [matter_id], "persons": person.persons, "priority": person.priority}
        return self._note(person, await self.post(f"{self.staff}/walk-ins", body, **_key()))

    async def leave(self, entry: Entry) -> bool:
        """Go home; False where a window was quicker."""
        try:
            await self.post(f"{QUEUE}/tickets/{entry.token}/leave", {})
        except Refused:
            return False
        entry.state = "left"
        return True

    def _note(self, person: Person, ticket: Mapping[str, Any]) -> Entry:
        booked_for = ticket["booked_for"]
        return self.ledger.entries.setdefault(
            ticket["ticket_id"],
            Entry(
                number=ticket["number"],
                token=ticket["token"],
                person=person,
                matter_id=ticket["matter_ids"][0],
                department_id=ticket["department_id"],
                booked_for=datetime.fromisoformat(booked_for) if booked_for else None,
                arrived_at=datetime.fromisoformat(ticket["arrived_at"]),
            ),
        )

    async def news(self, seconds: float) -> None:
        """Wait until something changed in the hall, at most so many real seconds."""
        async with self.changed:
            try:
                async with asyncio.timeout(seconds):
                    await self.changed.wait()
            except TimeoutError:
                return

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Within it the hall's stream is heard, and the board kept."""
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._keep_board())]
        try:
            yield
        finally:
            for each in tasks:
                each.cancel()

    async def _listen(self) -> None:
        while True:
            try:
                async with self.http.stream("GET", f"{QUEUE}/sessions/{self.session_id}/stream", timeout=None) as live:
                    async for line in live.aiter_lines():
                        if line.startswith("data:"):
                            self.heard.set()
            except httpx.HTTPError:
                await asyncio.sleep(0.5)

    async def _keep_board(self) -> None:
        """Ask what is new once for all windows, however many changes there were meanwhile."""
        while True:
            await self.heard.wait()
            self.heard.clear()
            shown = await self.get(self.staff)
            self.board = {each["window_id"]: each["waiting"] for each in shown["windows"]}
            async with self.changed:
                self.changed.notify_all()


def _key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_hex(16)}
