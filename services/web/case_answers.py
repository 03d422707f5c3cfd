"""What the service of cases answers whoever raised one, and everybody: the public list."""

from datetime import date

from shared.events.base import State


class AnswerShown(State):
    """What a department answered."""

    on: date
    words: str | None = None
    department_zh: str | None = None
    department_en: str | None = None


class CitizenStep(State):
    """A line of the story, for whoever raised the case."""

    on: date
    kind: str
    why: str | None = None
    level: str
    department_zh: str | None = None
    department_en: str | None = None
    words: str | None = None


class CitizenCase(State):
    """A case, for whoever raised it."""

    case_id: str
    number: str
    spoken: str
    kind: str
    title: str | None = None
    state: str
    level: str
    holder: str
    department_zh: str | None = None
    department_en: str | None = None
    next_step: str | None = None
    next_on: date | None = None
    registered_on: date
    closing: str | None = None
    version: int
    answers: tuple[AnswerShown, ...] = ()
    story: tuple[CitizenStep, ...] = ()
    may: tuple[str, ...] = ()


class CitizenCases(State):
    """What somebody raised with their account."""

    items: tuple[CitizenCase, ...]


class Watched(State):
    """A case on the public list."""

    department_id: str | None = None
    department_zh: str | None = None
    department_en: str | None = None
    kind: str
    listed_on: date
    days: int


class WatchedList(State):
    """The public list."""

    items: tuple[Watched, ...]
