"""The privacy notice's versions: what citizens are told of their data, since when, and what changed.

A new text is a new version with a template of its own (`services/web/templates/privacy/`); an old one is never edited,
for somebody accepted it. The pages show the current one, and booking records which one a visitor accepted.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Notice:
    """One version. `version` is the name by which it is accepted and its template is found."""

    version: str
    published_on: date


NOTICES = (Notice("1", date(2026, 11, 26)),)
"""All of them, the oldest first."""
CURRENT = NOTICES[-1]
VERSIONS = frozenset(each.version for each in NOTICES)
