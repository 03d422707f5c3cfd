"""What can be done with a case now, and by whom: one table, asked by the verbs and by whoever draws their forms."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

from services.cases.domain import problems
from services.cases.domain.case import AT_WORK, OVER, Case
from services.cases.domain.reach import HEADS, Reach
from services.cases.domain.rules import RETURNS_MOST
from shared.access import AccessDenied
from shared.events.accounts import Role
from shared.identity.roles import OVER_HALL

MANAGING: tuple[Role, ...] = ("hall_manager", "supervisor")
COUNTY: tuple[Role, ...] = ("deputy_county_head", "supervisor")
SUPERVISING: tuple[Role, ...] = ("supervisor",)


@dataclass(frozen=True)
class Seen:
    """A case, and what of the things beside it decides what can be done."""

    case: Case
    reach: Reach
    today: date
    parts: Collection[str] = ()
    """The departments that have a part."""
    open_parts: Collection[str] = ()
    open_measures: bool = False

    def in_state(self, *states: str) -> bool:
        """Whether the case is in one of these states."""
        return self.case.state in states

    @property
    def is_at_work(self) -> bool:
        """Whether the lead works on it."""
        return self.case.state in AT_WORK

    @property
    def is_open(self) -> bool:
        """Whether anything has to happen yet."""
        return self.case.state not in OVER


Question = Callable[[Seen], bool]


@dataclass(frozen=True)
class _Act:
    who: Question
    now: Question


def _lead(seen: Seen) -> bool:
    return seen.reach.leads(seen.case)


def _head(seen: Seen) -> bool:
    return seen.reach.leads(seen.case, HEADS)


def _helper(seen: Seen) -> bool:
    return seen.reach.helps(seen.case, seen.open_parts)


def _involved(seen: Seen) -> bool:
    return _lead(seen) or seen.reach.helps(seen.case, seen.parts)


def _over(*roles: Role) -> Question:
    return lambda seen: seen.reach.oversees(seen.case, roles or OVER_HALL)


def _assigner(seen: Seen) -> bool:
    return seen.reach.oversees(seen.case, SUPERVISING if seen.case.holder == "supervisor" else MANAGING)


def _mover(seen: Seen) -> bool:
    return seen.reach.oversees(seen.case, OVER_HALL)


def _verifiable(seen: Seen) -> bool:
    return seen.in_state("answered") or (seen.in_state("closed") and seen.case.closing != "verified")


HANDLE: dict[str, _Act] = {
    "accept": _Act(_lead, lambda s: s.in_state("registered") and s.case.holder == "department"),
    "return": _Act(_lead, lambda s: s.in_state("registered") and s.case.holder == "department"),
    "take": _Act(_lead, lambda s: s.is_at_work and s.reach.account_id != s.case.handler_id),
    "hand_to": _Act(_head, lambda s: s.is_at_work),
    "ask_extension": _Act(
        _lead, lambda s: s.is_at_work and s.case.next_step == "answer" and s.case.extension_asked_days is None
    ),
    "suspend": _Act(_lead, lambda s: s.is_at_work),
    "resume": _Act(_lead, lambda s: s.in_state("suspended")),
    "refer": _Act(_lead, lambda s: s.is_at_work or s.in_state("suspended")),
    "block": _Act(_lead, lambda s: s.is_at_work and not s.case.blocked and s.case.level != "supervision"),
    "answer": _Act(_lead, lambda s: s.in_state("in_progress")),
    "give_part": _Act(_lead, lambda s: s.is_at_work),
    "end_part": _Act(_helper, lambda s: s.is_open),
    "promise_measure": _Act(_lead, lambda s: s.is_at_work or s.in_state("answered")),
    "keep_measure": _Act(_lead, lambda s: s.open_measures and not s.in_state("merged")),
    "note": _Act(_involved, lambda s: s.is_open),
}
OVERSEE: dict[str, _Act] = {
    "assign": _Act(_assigner, lambda s: s.in_state("registered", "returned", "accepted", "in_progress")),
    "grant_extension": _Act(_over(), lambda s: s.case.extension_asked_days is not None),
    "refuse_extension": _Act(_over(), lambda s: s.case.extension_asked_days is not None),
    "set_date": _Act(_over(*COUNTY), lambda s: s.in_state("registered", "returned", "accepted", "in_progress")),
    "move": _Act(
        _mover, lambda s: s.in_state("registered", "returned", "accepted", "in_progress") and not s.case.confidential
    ),
    "list": _Act(_over(*COUNTY), lambda s: s.is_open and s.case.listed_on is None and not s.case.confidential),
    "delist": _Act(_over(*COUNTY), lambda s: s.case.listed_on is not None and s.case.closing == "verified"),
    "look_back": _Act(_over(*MANAGING), lambda s: s.case.look_back_on is not None and s.case.look_back_on <= s.today),
    "call_back": _Act(_over(*MANAGING), _verifiable),
    "review": _Act(_over(*SUPERVISING), lambda s: s.in_state("contested")),
    "close": _Act(_over(*SUPERVISING), lambda s: s.is_open),
    "merge": _Act(_over(), lambda s: s.is_open and not s.case.confidential),
    "link": _Act(_over(), lambda s: not s.in_state("merged") and not s.case.confidential),
    "note": _Act(_over(), lambda s: s.is_open),
    "keep_measure": _Act(_over(), lambda s: s.open_measures and not s.in_state("merged")),
}


def check(acts: dict[str, _Act], act: str, seen: Seen) -> None:
    """Raises AccessDenied for whoever may not, ActNotNow where the case is not there."""
    if not acts[act].who(seen):
        raise AccessDenied
    if not acts[act].now(seen):
        raise problems.ActNotNow


def possible(acts: dict[str, _Act], seen: Seen) -> tuple[str, ...]:
    """What whoever asks can do now."""
    found = [name for name, act in acts.items() if act.who(seen) and act.now(seen)]
    if "return" in found and (seen.case.returns >= RETURNS_MOST or seen.today > (seen.case.next_on or seen.today)):
        found.remove("return")
    if "grant_extension" in found and seen.case.extension_asked_by == seen.reach.account_id:
        found.remove("grant_extension")
    if "take" in found and seen.case.earlier_handler_id == seen.reach.account_id:
        found.remove("take")
    return tuple(found)
