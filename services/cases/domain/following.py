"""What whoever raised a case sees of it, and can say."""

from typing import Final, Literal

from services.cases.domain.case import Case

Reply = Literal["confirm", "refuse", "add"]
TOLD: Final = frozenset({
    "registered", "assigned", "accepted", "returned", "taken", "extended", "suspended", "resumed", "referred",
    "date_set", "recounted", "part_given", "escalated", "decided", "answered", "refused", "unreached", "reopened",
    "closed", "merged", "raised_again", "listed", "delisted", "looked_back", "measure_promised", "measure_kept",
})  # fmt: skip
"""The lines of the story that are theirs to read; the rest is how the county reminds itself."""
WORDED: Final = frozenset({"answered", "closed", "measure_promised", "measure_kept", "referred", "suspended"})
"""Of these they read what was written, and all that they wrote themselves."""


def replies(case: Case) -> tuple[Reply, ...]:
    """What can be said now. A case that was closed because nobody was reached can still be refused."""
    if case.state == "answered":
        return ("confirm", "refuse", "add")
    if case.state == "closed":
        return ("confirm", "refuse") if case.closing == "not_reached" else ()
    return () if case.state == "merged" else ("add",)
