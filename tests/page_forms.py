"""Reading the forms of a page, as a browser without a script would send them."""

from html.parser import HTMLParser

import httpx


class _Reader(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__()
        self.found: dict[str, str] | None = None
        self._action = action
        self._inside = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "form":
            self._inside = given.get("action") == self._action and self.found is None
            if self._inside:
                self.found = {}
        elif tag == "input" and self._inside and self.found is not None and given.get("name"):
            if given.get("type") in ("radio", "checkbox") and "checked" not in given:
                return
            self.found[given["name"] or ""] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def fields(page: httpx.Response, action: str) -> dict[str, str]:
    """What the first form with this action would send as it stands; text areas and lists are left out."""
    reader = _Reader(action)
    reader.feed(page.text)
    assert reader.found is not None, f"no form for {action} on the page"
    return reader.found
