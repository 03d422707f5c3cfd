"""What was found in the hall becomes a case, once."""

from uuid import UUID

import asyncpg

from services.cases.commands.registering import Beginning, register, title_of
from services.cases.domain.handed_on import Said
from services.cases.domain.problems import VenueUnknown
from services.cases.office import Office, venues
from services.cases.sql import intakes
from shared.events.cases import CaseKind, CaseSource


async def take_in(office: Office, origin_id: UUID, said: Said | None) -> bool:
    """Register what was handed on; whether it became a case. What the queue has forgotten is none.

    Raises VenueUnknown where the hall is not known yet: it waits. Of a department that the hall has no more the manager
    finds the successor.
    """
    row = await intakes.lock_waiting(office.connection, origin_id)
    if row is None:
        return False
    if said is None or said.text is None:
        await intakes.settle(office.connection, origin_id, "forgotten")
        return False
    hall = (await venues(office.connection)).get(row["venue_id"])
    if hall is None:
        raise VenueUnknown
    there = row["department_id"] in {each.department_id for each in hall.departments}
    await register(office, _beginning(row, said, row["department_id"] if there else None))
    await intakes.settle(office.connection, origin_id, "registered")
    return True


def _beginning(row: asyncpg.Record, said: Said, department_id: str | None) -> Beginning:
    found = row["kind"] == "finding"
    kind: CaseKind = "suggestion" if row["kind"] == "suggestion" else "problem"
    source: CaseSource = "finding" if found else "visit"
    text = said.text or ""
    return Beginning(
        kind=kind,
        source=source,
        venue_id=row["venue_id"],
        session_id=row["session_id"],
        visit_id=row["visit_id"],
        finding_id=row["origin_id"] if found else None,
        remark_id=None if found else row["origin_id"],
        title=title_of(text),
        words=text,
        department_id=department_id,
        name=said.name,
        phone=said.phone,
        document_key=bytes.fromhex(said.document_key) if said.document_key else None,
        document_last=said.document_last4,
        language=said.language,
    )
