"""A programme: which dates its rule names, when it receives on them, and how its seats may be booked.

The recurrence is an RFC 5545 rule of whole days, worked out by dateutil. Hours are the county's; the
instants that follow from them are in UTC.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr
from pydantic import AfterValidator, Field, field_validator, model_validator

from services.roster.domain.entry import Clock, Day, Entry, Id, Name
from shared.events.roster import BookingRules, OpeningPeriod

NonWorkingDay = Literal["keep", "next_working_day", "previous_working_day", "skip"]

MONTHS = tuple(range(1, 13))

_PARTS = frozenset(
    "FREQ INTERVAL COUNT UNTIL BYMONTH BYMONTHDAY BYDAY BYSETPOS BYWEEKNO BYYEARDAY WKST".split()  # noqa: SIM905
)
_DAY_PARTS = ("BYMONTH", "BYMONTHDAY", "BYSETPOS", "BYWEEKNO", "BYYEARDAY")
_FREQUENCIES = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_RULE = re.compile(r"[A-Z]+=[A-Z0-9,+-]+(?:;[A-Z]+=[A-Z0-9,+-]+)*")
_EIGHT_YEARS = timedelta(days=2922)  # a rule for 29 February names none in up to eight


def _rule(text: str) -> str:
    if not _RULE.fullmatch(text):
        raise ValueError("must be a rule such as FREQ=MONTHLY;BYMONTHDAY=1,11,21")
    names = [part.split("=", 1)[0] for part in text.split(";")]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:  # the last would count, and nobody would know
        raise ValueError(f"names {', '.join(twice)} twice")
    parts = dict(part.split("=", 1) for part in text.split(";"))
    unknown = sorted(parts.keys() - _PARTS)
    if unknown:
        raise ValueError(f"takes no {', '.join(unknown)}: rules name whole days")
    if parts.get("FREQ") not in _FREQUENCIES:
        raise ValueError(f"FREQ must be one of {', '.join(sorted(_FREQUENCIES))}")
    for name in _DAY_PARTS:  # 0 is none of them, and would count as all of them
        if any(number.strip("+-0") == "" for number in parts.get(name, "1").split(",")):
            raise ValueError(f"{name} must not hold 0 or nothing")
    if int(parts.get("INTERVAL", "1")) not in range(1, 367):
        raise ValueError("INTERVAL must be 1 to 366")
    return text


class Season(Entry):
    """The months in which hours are valid."""

    months: Annotated[tuple[Annotated[int, Field(ge=1, le=12)], ...], Field(min_length=1, max_length=12)]


class Opening(Entry):
    """A stretch of the day in which the session receives. Without a season: in all months that no season names."""

    from_: Annotated[time, Clock] = Field(alias="from")
    to: Annotated[time, Clock]
    season: Season | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.from_ >= self.to:
            raise ValueError("must end after it begins")
        return self

    @property
    def minutes(self) -> int:
        """How long it is."""
        return (self.to.hour - self.from_.hour) * 60 + self.to.minute - self.from_.minute


class SeatRules(Entry):
    """How the seats of a session may be booked. Days are calendar days before the session, clock times the county's."""

    slot_minutes: int = Field(default=30, ge=5, le=480)
    capacity: int = Field(ge=1, le=64)
    """Seats of a slot and window, all shares included."""
    counter_seats: int = Field(default=0, ge=0, le=64)
    walk_in_seats: int = Field(default=0, ge=0, le=64)
    release_days_ahead: int = Field(default=14, ge=0, le=180)
    release_at: Annotated[time, Clock] = time(8, 30)
    closes_minutes_before: int = Field(default=0, ge=0, le=20160)
    """Before the last slot of the day begins; each slot closes when it begins, anyway."""
    cancel_until_days_before: int = Field(default=1, ge=0, le=60)
    cancel_until_at: Annotated[time, Clock] = time(17, 30)
    party_size_max: int = Field(default=5, ge=1, le=99)

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        if self.counter_seats + self.walk_in_seats > self.capacity:
            raise ValueError("counter_seats and walk_in_seats together are more than capacity")
        return self


class Programme(Entry):
    """A kind of service day with its rules."""

    id: Id
    name: Name
    rrule: Annotated[str, Field(max_length=200), AfterValidator(_rule)]
    starts_on: Annotated[Day, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
    non_working_day: NonWorkingDay = "next_working_day"
    opening: Annotated[tuple[Opening, ...], Field(min_length=1, max_length=24)]
    hosts: Literal["department_heads", "county_leaders"] = "department_heads"
    """County leaders' duties are entered by hand; they have no window of their own."""
    public: bool = True
    level: Literal["window", "joint_review", "supervision"] = "window"
    booking: SeatRules | None = None
    planned_months_ahead: int = Field(default=6, ge=1, le=24)

    @field_validator("opening")
    @classmethod
    def _hours(cls, opening: tuple[Opening, ...]) -> tuple[Opening, ...]:
        for month in MONTHS:
            periods = in_month(opening, month)
            if not periods:
                raise ValueError(f"month {month} has no hours")
            for earlier, later in pairwise(periods):
                if later.from_ < earlier.to:
                    raise ValueError(f"periods overlap at {later.from_:%H:%M} in month {month}")
        return opening

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        try:
            found = self.occurrences(self.starts_on, self.starts_on + _EIGHT_YEARS)
        except (ValueError, TypeError, OverflowError) as error:
            raise ValueError(f"rrule: {error}") from error
        if not found:
            raise ValueError("rrule: names no day in eight years")
        if self.booking is not None:
            if any(period.minutes < self.booking.slot_minutes for period in self.opening):
                raise ValueError("a period is shorter than a slot")
            last = max(period.to for period in self.opening)
            if self.booking.release_days_ahead == 0 and self.booking.release_at >= last:
                raise ValueError("seats would be released after the session")
        return self

    def occurrences(self, first: date, last: date) -> list[date]:
        """The dates that the rule names from `first` to `last`, both included."""
        rule = rrulestr(self.rrule, dtstart=datetime.combine(self.starts_on, time()))
        return [found.date() for found in _until(rule, first, last)]

    def horizon(self, today: date) -> date:
        """Until which date sessions are planned."""
        return today + relativedelta(months=self.planned_months_ahead)

    def hours(self, day: date, zone: ZoneInfo) -> tuple[OpeningPeriod, ...]:
        """When a session on `day` receives."""
        return tuple(
            OpeningPeriod(starts_at=_instant(day, period.from_, zone), ends_at=_instant(day, period.to, zone))
            for period in in_month(self.opening, day.month)
        )

    def seats(self, day: date, zone: ZoneInfo) -> BookingRules | None:
        """The booking rules of a session on `day`, worked out; None where it takes no bookings."""
        rules = self.booking
        if rules is None:
            return None
        last = in_month(self.opening, day.month)[-1]
        slots = last.minutes // rules.slot_minutes
        last_slot = _instant(day, last.from_, zone) + timedelta(minutes=(slots - 1) * rules.slot_minutes)
        return BookingRules(
            release_at=_instant(day - timedelta(days=rules.release_days_ahead), rules.release_at, zone),
            closes_at=last_slot - timedelta(minutes=rules.closes_minutes_before),
            cancel_until=_instant(day - timedelta(days=rules.cancel_until_days_before), rules.cancel_until_at, zone),
            slot_minutes=rules.slot_minutes,
            capacity=rules.capacity,
            counter_seats=rules.counter_seats,
            walk_in_seats=rules.walk_in_seats,
            party_size_max=rules.party_size_max,
        )

    def stored(self) -> dict[str, Any]:
        """As JSON that `model_validate` takes back."""
        return self.model_dump(mode="json", by_alias=True)


def in_month(opening: tuple[Opening, ...], month: int) -> list[Opening]:
    """The periods valid in `month`, in order: a season's if one names it, else those without a season."""
    seasonal = [each for each in opening if each.season is not None and month in each.season.months]
    return sorted(seasonal or [each for each in opening if each.season is None], key=lambda each: each.from_)


def _until(rule: Iterable[datetime], first: date, last: date) -> Iterator[datetime]:
    for found in rule:
        if found.date() > last:
            return
        if found.date() >= first:
            yield found


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
