"""Codes sent to phones, by notifications, while whoever asked for one waits. No connection is held meanwhile."""

from http import HTTPStatus

import httpx
import structlog

from services.accounts.domain.citizens import SentCode
from services.accounts.domain.problems import CodeNotSent
from services.accounts.settings import AccountsSettings
from shared.access import SERVICE_HEADER
from shared.idempotency import HEADER

logger = structlog.get_logger(__name__)

PATH = "/internal/v1/codes"


async def send(http: httpx.AsyncClient, settings: AccountsSettings, sent: SentCode) -> None:
    """Have a code sent. Raises CodeNotSent where that is not certain; no log says to whom, or which."""
    body = {
        "phone": sent.phone,
        "code": sent.code,
        "language": sent.language,
        "expires_at": sent.expires_at.isoformat(),
    }
    headers = {
        SERVICE_HEADER: settings.service_secret.get_secret_value(),
        HEADER: sent.key,
        "X-Correlation-Id": structlog.contextvars.get_contextvars().get("correlation_id", ""),
    }
    try:
        answer = await http.post(
            settings.notifications_url.rstrip("/") + PATH, json=body, headers=headers, timeout=settings.code_seconds
        )
    except httpx.HTTPError as error:
        logger.warning("code_not_sent", error=type(error).__name__)
        raise CodeNotSent(headers={"Retry-After": "30"}) from None
    if answer.status_code != HTTPStatus.NO_CONTENT:
        logger.warning("code_not_sent", status=answer.status_code)
        raise CodeNotSent(headers={"Retry-After": "30"})
