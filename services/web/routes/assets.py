"""The stylesheet, the mark and the scripts of live pages: named by their content, so that a browser keeps them.

htmx 4.0.1 and its extension for streams of events are as published; their licence lies beside them.
"""

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse

from services.web.pages import STATIC
from shared.access import Caller, allow

router = APIRouter(include_in_schema=False, dependencies=[allow(Caller.CITIZEN)])

KINDS = {
    "tokens.css": "text/css",
    "mark.svg": "image/svg+xml",
    "htmx.min.js": "text/javascript",
    "hx-sse.min.js": "text/javascript",
    "hall.js": "text/javascript",
}
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}


@router.get("/static/{name}")
async def asset(name: str) -> Response:
    """One file."""
    if name not in KINDS:
        raise HTTPException(404)
    return FileResponse(STATIC / name, media_type=KINDS[name], headers=KEPT)


@router.get("/favicon.ico")
async def icon() -> Response:
    """For browsers that look for it without reading the page."""
    return FileResponse(STATIC / "mark.svg", media_type=KINDS["mark.svg"], headers=KEPT)
