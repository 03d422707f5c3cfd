"""What the pages say in each language.

Chinese is the source: it stands in the templates and in this package's strings, and is what a reader
gets who has not chosen. Other languages are gettext catalogues (`locale/<code>/LC_MESSAGES/messages.po`), read
when the process starts; nothing has to be compiled. A phrase without translation appears in Chinese.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from services.web.names import romanised

LOCALES = Path(__file__).parent / "locale"

Code = Literal["zh", "en"]


def phrase(text: str) -> str:
    """Mark a Chinese phrase for the catalogues where it stands; it is translated where it is shown."""
    return text


@dataclass(frozen=True)
class Language:
    """One language of the pages: its phrases, and how it writes days and times."""

    code: Code
    tag: str
    """For `lang=` in HTML."""
    locale: Locale
    translations: NullTranslations = field(repr=False)
    day_pattern: str
    """With year and weekday, as in babel's `format_date`."""
    short_day_pattern: str
    date_pattern: str
    separator: str
    """Between the parts of a list."""

    def say(self, text: str, **values: Any) -> str:
        """A phrase in this language, its `%(name)s` filled in."""
        found = self.translations.gettext(text)
        return found % values if values else found

    def of(self, thing: Any, name: str) -> str:
        """A name that the roster keeps in both languages: `of(matter, "name")`. Chinese stands in for a missing one."""
        return getattr(thing, f"{name}_{self.code}", "") or getattr(thing, f"{name}_zh", "")

    def person(self, name: str) -> str:
        """周文清 · Zhou Wenqing 周文清: who cannot read it can say it, and finds it on the plate at the window."""
        latin = romanised(name) if self.code != "zh" else ""
        return f"{latin} {name}" if latin else name

    def phone(self, number: str) -> str:
        """A phone number as it is written here: 转 stands before an extension."""
        return number if self.code == "zh" else number.replace("转", "ext.")

    def day(self, when: date) -> str:
        """2026年1月4日 星期日 · Sunday 4 January 2026."""
        return format_date(when, self.day_pattern, locale=self.locale)

    def short_day(self, when: date) -> str:
        """1月4日 星期日 · Sunday 4 January."""
        return format_date(when, self.short_day_pattern, locale=self.locale)

    def month_day(self, when: date) -> str:
        """1月4日 · 4 January."""
        return format_date(when, self.date_pattern, locale=self.locale)

    def weekday(self, when: date) -> str:
        """星期日 · Sunday."""
        return format_date(when, "EEEE", locale=self.locale)

    def month(self, when: date) -> str:
        """The month's name, short: Dec."""
        return format_date(when, "MMM", locale=self.locale)


def _catalogue(code: str) -> Translations:
    path = LOCALES / code / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=code, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(fp=compiled)


CHINESE = Language(
    code="zh",
    tag="zh-CN",
    locale=Locale.parse("zh_Hans_CN"),
    translations=NullTranslations(),
    day_pattern="y年M月d日 EEEE",
    short_day_pattern="M月d日 EEEE",
    date_pattern="M月d日",
    separator="，",
)
ENGLISH = Language(
    code="en",
    tag="en",
    locale=Locale("en", "GB"),
    translations=_catalogue("en"),
    day_pattern="EEEE d MMMM y",
    short_day_pattern="EEEE d MMMM",
    date_pattern="d MMMM",
    separator=", ",
)
LANGUAGES: dict[str, Language] = {each.code: each for each in (CHINESE, ENGLISH)}


def clock(zone: ZoneInfo) -> Callable[[datetime], str]:
    """How the county's clock shows an instant: 09:30."""

    def shown(moment: datetime) -> str:
        return moment.astimezone(zone).strftime("%H:%M")

    return shown
