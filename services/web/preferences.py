"""Language and elder mode: wished by a link, kept by cookies."""

from urllib.parse import parse_qsl

from fastapi import Request, Response

from services.web.languages import LANGUAGES
from services.web.security import ELDER_COOKIE, LANGUAGE_COOKIE, PREFERENCE_SECONDS, Cookies

NAMES = frozenset({"lang", "elder"})


def pairs(request: Request) -> list[tuple[str, str]]:
    """The address's query, as far as it can be read."""
    return parse_qsl(request.scope["query_string"].decode("ascii", "replace"), keep_blank_values=True)


def own_path(request: Request) -> str:
    """The request's own path as it was sent. Slashes in front are made one: `//host` would lead elsewhere."""
    raw: bytes = request.scope["raw_path"]
    return "/" + raw.decode("ascii", "replace").replace("\\", "/").lstrip("/")


def wished(request: Request) -> dict[str, str]:
    """What the address wishes: `?lang=en`, `?elder=1`."""
    return {name: value for name, value in pairs(request) if name in NAMES}


def remember(cookies: Cookies, request: Request, response: Response, wishes: dict[str, str]) -> None:
    """Keep them; what is not known is passed over."""
    if wishes.get("lang") in LANGUAGES:
        cookies.set(request, response, LANGUAGE_COOKIE, wishes["lang"], PREFERENCE_SECONDS)
    if wishes.get("elder") in {"0", "1"}:
        cookies.set(request, response, ELDER_COOKIE, wishes["elder"], PREFERENCE_SECONDS)
