"""Whose a case is: what of the cases whoever asks may see, handle and oversee, by the roles that they hold where.

A complaint about a person is seen by the supervisor, and by the department that the supervisor gave it to; never by
whoever works in the office complained about, or is the person, whatever else they are.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from services.cases.domain.case import Case
from shared.events.accounts import Role
from shared.identity.roles import AT_WINDOW, OVER_HALL
from shared.identity.tokens import Held, Place, Principal

HEADS: tuple[Role, ...] = ("chief_representative", "director", "deputy")
"""Who names others of their department."""
SUPERVISOR: tuple[Role, ...] = ("supervisor",)


@dataclass(frozen=True)
class Reach:
    """Whoever asks."""

    account_id: str
    official_id: str | None
    held: tuple[Held, ...]

    @classmethod
    def of(cls, principal: Principal) -> "Reach":
        """Of somebody who is signed in."""
        return cls(principal.account_id, principal.official_id, principal.held)

    def holds(self, roles: Collection[Role], place: Place, *, hall: bool = False) -> bool:
        """Whether one of these roles is held over a place."""
        return any(each.role in roles and each.reaches(place, "hall" if hall else "there") for each in self.held)

    def is_complained_about(self, case: Case) -> bool:
        """Whether it is about them, or about their office."""
        offices = {each.department_id for each in self.held if each.department_id is not None}
        about_them = case.about_official_id is not None and case.about_official_id == self.official_id
        return case.confidential and (about_them or case.about_department_id in offices)

    def leads(self, case: Case, roles: Collection[Role] = AT_WINDOW) -> bool:
        """Whether they work in the lead department."""
        return (
            case.department_id is not None
            and not self.is_complained_about(case)
            and self.holds(roles, Place(case.venue_id, case.department_id))
        )

    def helps(self, case: Case, departments: Collection[str]) -> bool:
        """Whether they work in one of the departments that have a part in it."""
        return not self.is_complained_about(case) and any(
            self.holds(AT_WINDOW, Place(case.venue_id, each)) for each in departments
        )

    def oversees(self, case: Case, roles: Collection[Role] = OVER_HALL) -> bool:
        """Whether they look after the whole hall's cases; of a complaint about a person the supervisor alone."""
        if case.confidential:
            roles = [each for each in roles if each in SUPERVISOR]
        return not self.is_complained_about(case) and self.holds(roles, Place(case.venue_id), hall=True)

    def sees(self, case: Case, departments: Collection[str]) -> bool:
        """Whether it is shown to them at all."""
        return self.leads(case) or self.helps(case, departments) or self.oversees(case)

    @property
    def scope(self) -> "Scope":
        """The same as values for lists, which the database draws."""
        over = [each.venue_id for each in self.held if each.role in OVER_HALL and each.department_id is None]
        supervised = [each.venue_id for each in self.held if each.role in SUPERVISOR and each.department_id is None]
        windows = [(each.venue_id, each.department_id) for each in self.held if each.role in AT_WINDOW]
        return Scope(
            everywhere=None in over or (None, None) in windows,
            over=[each for each in over if each is not None],
            window_venues=[venue for venue, _ in windows],
            window_departments=[department for _, department in windows],
            supervises=None in supervised,
            supervised=[each for each in supervised if each is not None],
            offices=[each.department_id for each in self.held if each.department_id is not None],
            official_id=self.official_id,
        )

    @property
    def departments(self) -> list[str] | None:
        """Those at whose windows they receive; None: all of them."""
        found = [each.department_id for each in self.held if each.role in AT_WINDOW]
        return None if None in found else sorted({each for each in found if each is not None})


class Scope(NamedTuple):
    """Which cases somebody sees, as values for the database."""

    everywhere: bool
    """All but complaints about persons."""
    over: list[str]
    """All of these venues, but complaints about persons."""
    window_venues: list[str | None]
    """Pairs with the next: a venue and a department, None of either for all."""
    window_departments: list[str | None]
    supervises: bool
    """Complaints about persons, too."""
    supervised: list[str]
    """The same of these venues."""
    offices: list[str]
    """Where they work in any role: what is about somebody there is not theirs to see."""
    official_id: str | None
