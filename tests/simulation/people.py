"""Who comes on the simulated day, and how they behave: one seed, one crowd. Plain functions; no I/O.

The shares are assumptions about a real hall, stated here in one place; nothing else in the system knows them.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from stdnum.cn import ric

WALK_INS = 0.45
"""Of all who come, those without a booking."""
ABSENT = 0.08
"""Of the booked, those who never come."""
LATE = 0.12
PRIORITY = 0.12
TWO_DEPARTMENTS = 0.06
WRONG_DEPARTMENT = 0.05
"""Of the walk-ins, those who took a ticket for a department that is not theirs."""
NOT_AT_HAND = 0.06
"""Do not answer their first call; one in six of them answers none."""
IMPATIENT = 0.03
"""Go home after an hour of waiting."""
HELD = 0.05
"""Have to fetch something in the middle of the visit."""
GROUPS = (1,) * 14 + (2,) * 4 + (3, 5)
SERVICE_MINUTES = (2.0, 18.0, 5.0)
"""The shortest, the longest and the most common service."""
OUTCOMES = ("handled",) * 11 + ("guided",) * 5 + ("incomplete",) * 3 + ("declined",)
PRIORITIES = ("elderly", "elderly", "elderly", "veteran", "disabled", "pregnant", "infant", "visible_need")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = ("桂兰", "建国", "秀英", "志强", "海燕", "文清", "小玲", "德福", "春梅", "立新", "玉珍", "俊杰", "阿妹", "国栋")
REGION = "330106"


@dataclass(frozen=True)
class Offer:
    """A slot that can be booked."""

    slot_id: int
    department_id: str
    starts_at: datetime


@dataclass
class Person:
    """Somebody who comes, or does not; and what became of them, as the simulation saw it."""

    name: str
    document: str
    persons: int
    matters: Mapping[str, str]
    """One matter for each department that they need."""
    booked: Sequence[Offer]
    arrives_at: datetime | None
    priority: str | None
    taken_for: str | None
    """The department that a walk-in takes a ticket for; another than theirs if they are wrong."""
    deaf_to: int
    """So many calls are not answered."""
    patience: timedelta | None
    holds: bool
    service: timedelta
    outcome: str
    problem: str | None
    suggestion: bool
    codes: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The class whose waits are told apart."""
        if self.priority:
            return "priority"
        if not self.booked:
            return "walk_in"
        late = self.arrives_at is not None and self.arrives_at > self.booked[0].starts_at + timedelta(minutes=2)
        return "booked_late" if late else "booked_on_time"


def crowd(
    seed: int, count: int, offers: Sequence[Offer], matters: Mapping[str, Sequence[str]], ends_at: datetime
) -> list[Person]:
    """So many people. `matters` are those of each department; `ends_at` is when the doors close."""
    chance = random.Random(seed)  # noqa: S311  (a crowd, no secret)
    free = list(offers)
    chance.shuffle(free)
    opens_at = min(each.starts_at for each in offers)
    return [_person(chance, number, free, matters, opens_at, ends_at) for number in range(count)]


def _person(  # noqa: PLR0917  (what a person is drawn from)
    chance: random.Random,
    number: int,
    free: list[Offer],
    matters: Mapping[str, Sequence[str]],
    opens_at: datetime,
    ends_at: datetime,
) -> Person:
    departments = sorted(matters)
    booked = [] if chance.random() < WALK_INS or not free else [free.pop()]
    if booked and chance.random() < TWO_DEPARTMENTS:
        booked += _second(free, booked[0])
    needed = [each.department_id for each in booked] or [chance.choice(departments)]
    arrives_at = _booked_arrival(chance, booked[0]) if booked else _walk_in_arrival(chance, opens_at, ends_at)
    wrong = not booked and chance.random() < WRONG_DEPARTMENT
    deaf = chance.random() < NOT_AT_HAND
    return Person(
        name=chance.choice(SURNAMES) + chance.choice(GIVEN),
        document=document(number, chance),
        persons=chance.choice(GROUPS),
        matters={each: chance.choice(matters[each]) for each in needed},
        booked=booked,
        arrives_at=arrives_at,
        priority=chance.choice(PRIORITIES) if chance.random() < PRIORITY else None,
        taken_for=chance.choice([each for each in departments if each != needed[0]]) if wrong else needed[0],
        deaf_to=chance.choice((1, 1, 1, 2, 2, 3)) if deaf else 0,
        patience=timedelta(hours=1) if chance.random() < IMPATIENT else None,
        holds=chance.random() < HELD,
        service=timedelta(minutes=chance.triangular(*SERVICE_MINUTES)),
        outcome=chance.choice(OUTCOMES),
        problem=chance.choice(("on_the_spot", "handed_on")) if chance.random() < 0.08 else None,
        suggestion=chance.random() < 0.04,
    )


def _second(free: list[Offer], first: Offer) -> list[Offer]:
    """A slot at another department, at least an hour apart from the first."""
    for place, each in enumerate(free):
        if each.department_id != first.department_id and abs(each.starts_at - first.starts_at) >= timedelta(hours=1):
            return sorted([free.pop(place)], key=lambda offer: offer.starts_at)
    return []


def _booked_arrival(chance: random.Random, first: Offer) -> datetime | None:
    lot = chance.random()
    if lot < ABSENT:
        return None
    if lot < ABSENT + LATE:
        return first.starts_at + timedelta(minutes=chance.triangular(3, 90, 10))
    return first.starts_at - timedelta(minutes=chance.triangular(-2, 40, 10))


def _walk_in_arrival(chance: random.Random, opens_at: datetime, ends_at: datetime) -> datetime:
    """Two in three in the morning, most of them in its first hour."""
    morning = chance.random() < 0.67
    begin = opens_at if morning else opens_at + (ends_at - opens_at) * 0.68
    return begin + timedelta(minutes=chance.triangular(-15, 150, 20 if morning else 10))


def document(number: int, chance: random.Random) -> str:
    """A resident ID of nobody: each number another sequence, the check character right."""
    born = f"{chance.randint(1945, 2004)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    body = f"{REGION[:4]}{number // 999 + 1:02}{born}{number % 999:03}"
    return body + ric.calc_check_digit(body + "0")
