"""The visitor card: who is to be told, asked of booking at the moment it is needed.

`CardUnavailable` says that booking gave no usable answer, whatever the cause: it is asked again later.
"""

from http import HTTPStatus
from urllib.parse import quote

import httpx
from prometheus_client import Counter
from pydantic import ValidationError

from services.notifications.domain import VisitorCard
from services.notifications.settings import NotificationsSettings
from shared.access import SERVICE_HEADER
from shared.problems import ProblemBody

fetches = Counter("notifications_card_fetches", "Visitor cards asked for, by answer", ["answer"])


class CardUnavailable(Exception):  # noqa: N818  (a state of booking)
    """Booking could not be asked, or did not answer as agreed. The text names no person."""


async def fetch(
    http: httpx.AsyncClient, settings: NotificationsSettings, booking_id: str, correlation_id: str
) -> VisitorCard | None:
    """A booking's visitor card; None where the booking is gone or anonymous. Raises CardUnavailable."""
    headers = {SERVICE_HEADER: settings.service_secret.get_secret_value()}
    if correlation_id:
        headers["X-Correlation-Id"] = correlation_id
    url = f"{settings.booking_url.rstrip('/')}/internal/v1/visitor-cards/{quote(booking_id, safe='')}"
    try:
        answer = await http.get(url, headers=headers, timeout=settings.card_seconds)
    except httpx.HTTPError as error:
        fetches.labels("none").inc()
        raise CardUnavailable(type(error).__name__) from error
    fetches.labels(str(answer.status_code)).inc()
    if answer.status_code == HTTPStatus.NOT_FOUND and _is_bookings_own(answer):
        return None
    if answer.status_code != HTTPStatus.OK:
        raise CardUnavailable(f"status {answer.status_code}")
    try:
        return VisitorCard.model_validate_json(answer.content)
    except ValidationError:
        raise CardUnavailable("the card cannot be read") from None


def _is_bookings_own(answer: httpx.Response) -> bool:
    """Whether booking itself says that there is no such booking, and not a wrong address or something in between."""
    try:
        return ProblemBody.model_validate_json(answer.content).code == "booking_unknown"
    except ValidationError:
        return False
