"""The words of a message, in Chinese and in English. Templates stand in `templates/<language>/<kind>.txt`.

A template's first line is the subject, the rest the body, as plain text. Names are masked: messages reach phones
that a family shares. A name that the roster has in Chinese only is told in Chinese. `FactsMissing` is
raised where the venue, as far as it is known, has no such window yet.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.notifications.domain import OF_THE_DAY, Language, Recipient, Today, Told, VisitorCard, county_date
from shared.events.base import State
from shared.events.booking import Booking
from shared.events.cases import Case
from shared.events.roster import Matter, Session, Venue, Window
from shared.privacy import mask_name

LOCALES: Final[dict[Language, Locale]] = {"zh": Locale.parse("zh_CN"), "en": Locale.parse("en_GB")}
DATES: Final[dict[Language, str]] = {"zh": "y年M月d日 EEEE", "en": "EEEE d MMMM y"}
SHORT_DATES: Final[dict[Language, str]] = {"zh": "M月d日 EEEE", "en": "EEEE d MMMM"}
MAKE_UP: Final[dict[Language, str]] = {"zh": " (补班)", "en": " (working day)"}
LEVELS: Final[dict[Language, dict[str, str]]] = {
    "zh": {"window": "窗口", "joint_review": "局长联审会商", "supervision": "一线督办"},
    "en": {"window": "window", "joint_review": "directors' joint review", "supervision": "frontline supervision"},
}
DAY_WORDS: Final[dict[Language, tuple[str, str]]] = {"zh": ("今天", "明天"), "en": ("today", "tomorrow")}
CAUSES: Final[dict[Language, dict[str, str]]] = {
    "zh": {
        "calendar": "因为放假调休，",
        "weather": "因为天气不好，",
        "power": "因为停电，",
        "official": "因为领导有工作安排，",
    },
    "en": {
        "calendar": "This is because of the holiday arrangements. ",
        "weather": "This is because of the weather. ",
        "power": "This is because of a power cut. ",
        "official": "This is because the officials on duty are called elsewhere. ",
    },
}

# Plain text for mail and phones, where escaping for HTML would show.
_environment = Environment(  # noqa: S701
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,  # an included part ends its line itself
    auto_reload=False,
)


class FactsMissing(Exception):  # noqa: N818  (a state, that an event on its way will end)
    """What is known of the roster is older than the booking."""


@dataclass(frozen=True)
class Facts:
    """What a message is made of, all of it as last said."""

    told: Told
    recipient: Recipient
    language: Language
    booking: Booking
    session: Session
    venue: Venue
    matter: Matter
    card: VisitorCard
    today: Today
    """Of use to a message of the day alone."""


@dataclass(frozen=True)
class Words:
    """A rendered message. The subject is one line."""

    subject: str
    body: str


def render(facts: Facts, *, now: datetime, zone: ZoneInfo, public_url: str) -> Words:
    """Put a message into words. Raises FactsMissing."""
    template = _environment.get_template(f"{facts.language}/{facts.told.kind}.txt")
    context = _context_today(facts, now, zone) if facts.told.kind in OF_THE_DAY else _context(facts, now, zone)
    text = template.render(context, url=public_url.rstrip("/"))
    subject, _, body = text.strip().partition("\n")
    return Words(subject=" ".join(subject.split()), body=_tidy(body))


def render_code(code: str, language: Language, minutes: int) -> Words:
    """Put a code for signing in into words."""
    text = _environment.get_template(f"{language}/sign_in_code.txt").render(code=code, minutes=minutes)
    subject, _, body = text.strip().partition("\n")
    return Words(subject=" ".join(subject.split()), body=_tidy(body))


def render_case(  # noqa: PLR0913  (what such a letter is made of)
    kind: str,
    language: Language,
    case: Case,
    venue: Venue | None,
    *,
    name: str,
    spoken: str,
    public_url: str,
) -> Words:
    """Put a letter about a case into words: its number, where it is and the next day; never what anybody wrote."""
    departments = {each.department_id: each for each in venue.departments} if venue else {}
    department = departments.get(case.department_id or "")
    text = _environment.get_template(f"{language}/{kind}.txt").render(
        name=mask_name(name) if name else "",
        number=spoken,
        department=_word(department, "name", language) if department else "",
        level=LEVELS[language][case.level],
        next_on=short_date(case.next_on, language) if case.next_on else "",
        due_on=short_date(case.due_on, language) if case.due_on else "",
        closing=case.closing or "",
        suspended=case.state == "suspended",
        phone=_phone(venue, language) if venue else "",
        venue=_word(venue, "name", language) if venue else "",
        url=public_url.rstrip("/"),
    )
    subject, _, body = text.strip().partition("\n")
    return Words(subject=" ".join(subject.split()), body=_tidy(body))


def _tidy(body: str) -> str:
    """Without the empty lines and blanks that parts left out leave behind."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", body)).strip() + "\n"


def _context(facts: Facts, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    language, booking, card, told = facts.language, facts.booking, facts.card, facts.told
    window = _window(facts.venue, booking.window_id)
    department = next((each for each in facts.venue.departments if each.department_id == booking.department_id), None)
    if department is None:
        raise FactsMissing(booking.department_id)
    day = county_date(booking.starts_at, zone)
    starts_at, ends_at = booking.starts_at.astimezone(zone), booking.ends_at.astimezone(zone)
    of_proxy = facts.recipient == "proxy" and card.proxy is not None
    return {
        "name": mask_name(card.name),
        "proxy_name": mask_name(card.proxy.name) if of_proxy and card.proxy else "",
        "programme": _word(facts.session, "programme_name", language),
        "matter": _matter(facts.matter, language),
        "date": long_date(day, language, make_up=_is_make_up(facts.session, day)),
        "short_date": short_date(day, language),
        "start": f"{starts_at:%H:%M}",
        "time": f"{starts_at:%H:%M}–{ends_at:%H:%M}",
        "day_word": _day_word(day, county_date(now, zone), language),
        "previous": _previous(told, zone, language),
        "cause": CAUSES[language].get(facts.session.reason or "", ""),
        "reason": booking.reason or "",
        "to_confirm": booking.state == "to_confirm",
        "venue": _word(facts.venue, "name", language),
        "address": _word(facts.venue, "address", language),
        "phone": _phone(facts.venue, language),
        "window_number": window.number,
        "window_location": _word(window, "location", language),
        "department": _word(department, "name", language),
        "party_size": card.party_size,
        "code": card.code,
        "documents": [
            {"name": _word(each, "name", language), "note": _word(each, "note", language)}
            for each in facts.matter.documents
        ],
        "cancel_until": _moment(card.cancel_until, zone, language)
        if card.cancel_until and card.cancel_until > now
        else "",
    }


def _context_today(facts: Facts, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Numbers and windows alone: what is said in a hall, and read over a shoulder, names nobody."""
    language, visit, window_day = facts.language, facts.today.visit, facts.today.window
    window_id = window_day.window_id if window_day else visit.window_id if visit else None
    window = _window(facts.venue, window_id) if window_id else None
    returns_at = window_day.returns_at if window_day else None
    return {
        "for_somebody": facts.recipient == "proxy",
        "number": visit.number if visit else "",
        "closed": visit is not None and visit.state == "closed",
        "start": f"{facts.booking.starts_at.astimezone(zone):%H:%M}",
        "window_number": window.number if window else None,
        "window_location": _word(window, "location", language) if window else "",
        "phone": _phone(facts.venue, language),
        "minutes": _rounded(window_day.minutes_behind) if window_day else 0,
        "returns_at": f"{returns_at.astimezone(zone):%H:%M}" if returns_at and returns_at > now else "",
        "has_substitute": window_day is not None and window_day.substitute_id is not None,
    }


def _window(venue: Venue, window_id: str) -> Window:
    found = next((each for each in venue.windows if each.window_id == window_id), None)
    if found is None:
        raise FactsMissing(window_id)
    return found


def _phone(venue: Venue, language: Language) -> str:
    return venue.phone if language == "zh" else venue.phone.replace("转", "ext.")


def _rounded(minutes: int) -> int:
    """To full five minutes: nobody knows it better."""
    return round(minutes / 5) * 5


def long_date(day: date, language: Language, *, make_up: bool = False) -> str:
    """2026年1月4日 星期日 (补班), Sunday 4 January 2026 (working day)."""
    return _date(day, DATES[language], LOCALES[language]) + (MAKE_UP[language] if make_up else "")


def short_date(day: date, language: Language) -> str:
    """1月4日 星期日, Sunday 4 January."""
    return _date(day, SHORT_DATES[language], LOCALES[language])


@lru_cache(maxsize=1024)  # the same few days again and again, and formatting one takes longer than all else
def _date(day: date, pattern: str, locale: Locale) -> str:
    return format_date(day, pattern, locale)


def _moment(moment: datetime, zone: ZoneInfo, language: Language) -> str:
    local = moment.astimezone(zone)
    return f"{short_date(local.date(), language)} {local:%H:%M}"


def _previous(told: Told, zone: ZoneInfo, language: Language) -> str:
    if told.previous_starts_at is None or told.previous_starts_at == told.starts_at:
        return ""
    return _moment(told.previous_starts_at, zone, language)


def _is_make_up(session: Session, day: date) -> bool:
    return session.date == day and session.day_kind == "make_up_workday"


def _day_word(day: date, today: date, language: Language) -> str:
    days = (day - today).days
    words = DAY_WORDS[language]
    return words[days] if 0 <= days < len(words) else short_date(day, language)


def _matter(matter: Matter, language: Language) -> str:
    plain, official = _word(matter, "plain_name", language), _word(matter, "name", language)
    if plain == official:
        return plain
    if "（" in official or "(" in official:  # brackets within brackets cannot be read
        return f"{plain}，{official}" if language == "zh" else f"{plain}, {official}"
    return f"{plain}（{official}）" if language == "zh" else f"{plain} ({official})"


def _word(of: State, name: str, language: Language) -> str:
    """A name in the language, or in Chinese where it is not known in that."""
    found: str = getattr(of, f"{name}_{language}") or getattr(of, f"{name}_zh")
    return found
