"""Keeping the translations in step with the pages: what the templates and modules say is the source."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from services.web.languages import LOCALES

HERE = Path(__file__).parent
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {
    "templates/**.html": {"trimmed": "true", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
}
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "phrase": None,
    "say": None,
}
HEADER = """\
msgid ""
msgstr ""
"Language: {code}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
"""Without the dates that babel writes: a catalogue changes where its phrases do."""


def source() -> Catalog:
    """Every phrase that the pages say, in Chinese."""
    found = Catalog(charset="utf-8")
    for name, _line, message, _comments, context in _extracted():
        found.add(message, locations=[(name, 0)], context=context)
    return found


def _extracted() -> Iterator[tuple[str, int, str | tuple[str, ...], list[str], str | None]]:
    return iter(extract_from_dir(HERE, METHODS, OPTIONS, keywords=KEYWORDS))


def update() -> dict[str, int]:
    """Write each catalogue anew; the number of phrases still without translation, by language."""
    wanted = source()
    missing: dict[str, int] = {}
    for path in sorted(LOCALES.glob("*/LC_MESSAGES/messages.po")):
        code = path.parent.parent.name
        with path.open("rb") as file:
            catalogue = read_po(file, locale=code)
        catalogue.update(wanted, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            file.write(HEADER.format(code=code).encode())
            write_po(file, catalogue, width=120, sort_by_file=True, include_lineno=False, omit_header=True)
        missing[code] = sum(1 for each in catalogue if each.id and not each.string)
    return missing
