"""For anyone: a call as it is heard in the hall. It names nobody."""

from typing import Annotated

from fastapi import Path, Response

from services.queue.domain.speech import Language
from services.queue.routes.parts import Running, citizen
from services.queue.speech.announcer import Announcer

router = citizen()

TicketNumber = Annotated[str, Path(pattern=r"^[A-Z]{1,2}[0-9]{3}$")]
WindowNumber = Annotated[str, Path(pattern=r"^[1-9][0-9]?$")]


class Wave(Response):
    """A sound."""

    media_type = "audio/wav"


@router.get("/speech/{number}/{window_number}.wav", response_class=Wave)
async def speech(
    running: Running, number: TicketNumber, window_number: WindowNumber, language: Language = "zh"
) -> Response:
    """A gong, and twice: ticket so-and-so to window so-and-so. The same for ever, so that a browser may keep it."""
    announcer: Announcer = running.parts["announcer"]
    made = await announcer.speak(number, int(window_number), language)
    return Wave(made, headers={"Cache-Control": "public, max-age=31536000, immutable"})
