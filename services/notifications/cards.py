"""Visitor cards: who is to be told, asked of booking at the moment it is needed.

Cards are asked for together, which costs booking and us a fraction; where that is refused, each is asked for by
itself, so that one that fails holds up no other. `CardUnavailable` says that booking gave no usable answer,
whatever the cause: it is asked again later.
"""

import asyncio
from collections.abc import Collection, Mapping
from http import HTTPStatus
from urllib.parse import quote

import httpx
from prometheus_client import Counter
from pydantic import ValidationError

from services.notifications.domain import VisitorCard, VisitorCards
from services.notifications.settings import NotificationsSettings
from shared.access import SERVICE_HEADER
from shared.problems import ProblemBody

PATH = "/internal/v1/visitor-cards"
MOST = 100
"""Cards that booking gives at once."""

requests = Counter("notifications_card_requests", "Requests for visitor cards, by answer", ["answer"])


class CardUnavailable(Exception):  # noqa: N818  (a state of booking)
    """Booking could not be asked, or did not answer as agreed. The text names no person."""


Answer = VisitorCard | CardUnavailable | None
"""A card; why there is none now; or None where the booking is gone or anonymous."""


async def fetch(
    http: httpx.AsyncClient, settings: NotificationsSettings, asked: Mapping[str, str]
) -> Mapping[str, Answer]:
    """The cards of at most `MOST` bookings, given with the correlation id of what each is needed for."""
    correlation_ids = set(asked.values())
    # Several causes in one request have no id in common; booking's edge then makes one.
    correlation_id = correlation_ids.pop() if len(correlation_ids) == 1 else ""
    try:
        answer = await _get(http, settings, PATH, correlation_id, list(asked))
    except CardUnavailable as error:
        return dict.fromkeys(asked, error)
    if answer.status_code != HTTPStatus.OK:
        return await _fetch_each(http, settings, asked)
    try:
        cards = VisitorCards.model_validate_json(answer.content)
    except ValidationError:
        return await _fetch_each(http, settings, asked)
    found = {card.booking_id: card for card in cards.items}
    return {booking_id: found.get(booking_id) for booking_id in asked}


async def _fetch_each(
    http: httpx.AsyncClient, settings: NotificationsSettings, asked: Mapping[str, str]
) -> Mapping[str, Answer]:
    asking = asyncio.Semaphore(settings.card_concurrency)

    async def one(booking_id: str, correlation_id: str) -> Answer:
        try:
            async with asking:
                return await _fetch_one(http, settings, booking_id, correlation_id)
        except CardUnavailable as error:
            return error

    answers = await asyncio.gather(*(one(*each) for each in asked.items()))
    return dict(zip(asked, answers, strict=True))


async def _fetch_one(
    http: httpx.AsyncClient, settings: NotificationsSettings, booking_id: str, correlation_id: str
) -> VisitorCard | None:
    answer = await _get(http, settings, f"{PATH}/{quote(booking_id, safe='')}", correlation_id)
    if answer.status_code == HTTPStatus.NOT_FOUND and _is_bookings_own(answer):
        return None
    if answer.status_code != HTTPStatus.OK:
        raise CardUnavailable(f"status {answer.status_code}")
    try:
        return VisitorCard.model_validate_json(answer.content)
    except ValidationError:
        raise CardUnavailable("the card cannot be read") from None


async def _get(
    http: httpx.AsyncClient,
    settings: NotificationsSettings,
    path: str,
    correlation_id: str,
    booking_ids: Collection[str] = (),
) -> httpx.Response:
    headers = {SERVICE_HEADER: settings.service_secret.get_secret_value()}
    if correlation_id:
        headers["X-Correlation-Id"] = correlation_id
    try:
        answer = await http.get(
            settings.booking_url.rstrip("/") + path,
            params=[("booking_id", each) for each in booking_ids] or None,
            headers=headers,
            timeout=settings.card_seconds,
        )
    except httpx.HTTPError as error:
        requests.labels("none").inc()
        raise CardUnavailable(type(error).__name__) from error
    requests.labels(str(answer.status_code)).inc()
    return answer


def _is_bookings_own(answer: httpx.Response) -> bool:
    """Whether booking itself says that there is no such booking, and not a wrong address or something in between."""
    try:
        return ProblemBody.model_validate_json(answer.content).code == "booking_unknown"
    except ValidationError:
        return False
