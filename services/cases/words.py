"""Asking the queue what was found in the hall, and booking whose it is: the one place where cases ask anybody.

No connection to the database is held meanwhile.
"""

from collections.abc import Sequence

import httpx
import structlog
from prometheus_client import Counter
from pydantic import ValidationError

from services.cases.domain.handed_on import AllSaid, Said, VisitorCards
from services.cases.settings import CasesSettings
from shared.access import SERVICE_HEADER

logger = structlog.get_logger(__name__)

SAID = "/internal/v1/said"
CARDS = "/internal/v1/visitor-cards"

requests = Counter("cases_words_requests", "Requests for what was found in the hall, by answer", ["answer"])


async def ask(
    http: httpx.AsyncClient, settings: CasesSettings, remark_ids: Sequence[str], finding_ids: Sequence[str]
) -> dict[str, Said] | None:
    """What was found, by id; what the queue does not know is left out. None while queue or booking is away."""
    wanted = {"remark_ids": list(remark_ids), "finding_ids": list(finding_ids)}
    answer = await _request(http, settings, "POST", settings.queue_url, SAID, json=wanted)
    if answer is None:
        return None
    try:
        said = AllSaid.model_validate_json(answer).items
        booked = sorted({each.booking_id for each in said if each.booking_id is not None})
        cards = await _cards(http, settings, booked) if booked else VisitorCards(items=())
    except ValidationError:
        logger.error("words_unreadable")  # noqa: TRY400  (the trace would repeat what was said)
        return None
    if cards is None:
        return None
    known = {each.booking_id: each for each in cards.items}
    return {each.id: each.of(known.get(each.booking_id or "")) for each in said}


async def _cards(http: httpx.AsyncClient, settings: CasesSettings, booked: Sequence[str]) -> VisitorCards | None:
    params = [("booking_id", each) for each in booked]
    answer = await _request(http, settings, "GET", settings.booking_url, CARDS, params=params)
    return None if answer is None else VisitorCards.model_validate_json(answer)


async def _request(  # noqa: PLR0913  (what a request is made of)
    http: httpx.AsyncClient,
    settings: CasesSettings,
    method: str,
    address: str,
    path: str,
    *,
    json: object = None,
    params: Sequence[tuple[str, str]] = (),
) -> bytes | None:
    try:
        answer = await http.request(
            method,
            address.rstrip("/") + path,
            json=json,
            params=list(params),
            headers={SERVICE_HEADER: settings.service_secret.get_secret_value()},
            timeout=settings.words_seconds,
        )
    except httpx.HTTPError as error:
        requests.labels("none").inc()
        logger.info("words_wait", error=type(error).__name__)
        return None
    requests.labels(str(answer.status_code)).inc()
    return answer.content if answer.is_success else None
