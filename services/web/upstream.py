"""One question to another service, and the two ways in which it can go wrong.

`Refused`: the service answered, and said why not, with a stable code. `Unavailable`: nothing usable came
back in time; the page says so and goes on with the rest. A connection that the other side had just
closed is tried once more where asking twice does no harm.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Literal, TypeVar

import httpx
import structlog
from pydantic import ValidationError

from services.web.settings import WebSettings
from shared.access import SERVICE_HEADER
from shared.events.base import State
from shared.problems import FieldProblem

logger = structlog.get_logger(__name__)

Service = Literal["accounts", "roster", "booking", "queue", "cases", "notifications"]
Answer = TypeVar("Answer", bound=State)

ANSWER_BYTES = 4 * 1024 * 1024
FILE_BYTES = 32 * 1024 * 1024
FILE_SECONDS = 20.0
"""A file is made of what several services answer, each of which may take its time."""


class Unavailable(Exception):  # noqa: N818  (a state of the other service, not an error of ours)
    """A service could not be asked."""

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self.service = service


class Refused(Exception):  # noqa: N818  (what the service said)
    """A service said no, by one of its stable codes."""

    def __init__(self, service: Service, status: int, body: dict[str, Any], retry_after: str | None = None) -> None:
        self.service = service
        self.status = status
        self.code = str(body.get("code", ""))
        self.body = body
        self.errors = [FieldProblem.model_validate(each) for each in body.get("errors", ())]
        self.retry_after = int(retry_after) if retry_after is not None and retry_after.isdigit() else None
        super().__init__(self.code)


def _plain(agent: str) -> str:
    """A browser's name for itself as a header may carry it."""
    return "".join(each for each in agent if each.isascii() and each.isprintable()).strip()[:200]


@dataclass(frozen=True)
class Upstream:
    """The other services, asked on behalf of one visitor."""

    http: httpx.AsyncClient = field(repr=False)
    settings: WebSettings = field(repr=False)
    client_address: str = ""
    client_agent: str = ""
    """What the browser calls itself; told to accounts alone, which shows it with one's own sign-ins."""
    token: str = field(default="", repr=False)
    """Of whoever is signed in; empty where nobody is."""

    async def get(self, service: Service, path: str, answer: type[Answer], **params: str | int | None) -> Answer:
        """Read one thing, or a list of them as `items`; raises Refused and Unavailable."""
        kept = {name: value for name, value in params.items() if value is not None}
        found = await self._ask(service, "GET", path, params=kept)
        return self._read(service, answer, found)

    async def post(  # noqa: PLR0913  (the parts of a request)
        self,
        service: Service,
        path: str,
        answer: type[Answer],
        body: dict[str, Any],
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Have something done; raises Refused and Unavailable. With a `key` it happens once, asked ever so often."""
        named = {"Idempotency-Key": key} if key else {}
        found = await self._ask(service, "POST", path, json=body, headers={**(headers or {}), **named})
        return self._read(service, answer, found)

    async def patch(self, service: Service, path: str, answer: type[Answer], body: dict[str, Any]) -> Answer:
        """Change a thing; raises Refused and Unavailable."""
        return self._read(service, answer, await self._ask(service, "PATCH", path, json=body))

    async def put(self, service: Service, path: str, answer: type[Answer], body: dict[str, Any]) -> Answer:
        """Have something be so; raises Refused and Unavailable."""
        return self._read(service, answer, await self._ask(service, "PUT", path, json=body))

    async def take(self, service: Service, path: str, body: dict[str, Any]) -> bytes:
        """A file that is made of what is asked for; raises Refused and Unavailable."""
        response = await self._send(service, "POST", path, json=body, timeout=FILE_SECONDS)
        if not response.is_success:
            self._judge(service, path, response)
        if not response.is_success or len(response.content) > FILE_BYTES:
            raise self._away(service, path, OverflowError("no file, or one too long"))
        return response.content

    async def delete(self, service: Service, path: str) -> None:
        """End a thing; raises Refused and Unavailable."""
        await self._ask(service, "DELETE", path)

    def _base(self, service: Service) -> str:
        urls = {
            "accounts": self.settings.accounts_url,
            "roster": self.settings.roster_url,
            "booking": self.settings.booking_url,
            "queue": self.settings.queue_url,
            "cases": self.settings.cases_url,
            "notifications": self.settings.notifications_url,
        }
        return urls[service].rstrip("/")

    async def _ask(self, service: Service, method: str, path: str, **request: Any) -> Any:
        return self._judge(service, path, await self._send(service, method, path, **request))

    async def _send(self, service: Service, method: str, path: str, **request: Any) -> httpx.Response:
        headers: dict[str, str] = {
            **request.pop("headers", {}),
            SERVICE_HEADER: self.settings.service_secret.get_secret_value(),
            "X-Client-Address": self.client_address,
            "X-Correlation-Id": structlog.contextvars.get_contextvars().get("correlation_id", ""),
        }
        if service == "accounts":
            headers["X-Client-Agent"] = _plain(self.client_agent)
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        may_ask_again = method == "GET" or "Idempotency-Key" in headers
        request.setdefault("timeout", self.settings.upstream_seconds)
        sent = partial(self.http.request, method, self._base(service) + path, headers=headers, **request)
        try:
            try:
                return await sent()
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                if not may_ask_again:
                    raise
                return await sent()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._away(service, path, error) from error

    def _judge(self, service: Service, path: str, response: httpx.Response) -> Any:
        if len(response.content) > ANSWER_BYTES:
            raise self._away(service, path, OverflowError("answer too long"))
        if response.status_code == HTTPStatus.NO_CONTENT:
            return {}
        try:
            body = response.json()
        except ValueError as error:
            raise self._away(service, path, error) from error
        if response.is_success:
            return body
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or not isinstance(body, dict) or "code" not in body:
            raise self._away(service, path, RuntimeError(f"status {response.status_code}"))
        raise Refused(service, response.status_code, body, response.headers.get("Retry-After"))

    def _read(self, service: Service, answer: type[Answer], found: Any) -> Answer:
        try:
            return answer.model_validate({"items": found} if isinstance(found, list) else found)
        except ValidationError as error:
            # Its text would repeat the values, so the places alone are named.
            places = [".".join(map(str, each["loc"])) for each in error.errors(include_input=False)[:5]]
            logger.error(  # noqa: TRY400  (the trace would repeat the values)
                "upstream_answer_unreadable", upstream=service, answer=answer.__name__, places=places
            )
            raise Unavailable(service) from None

    def _away(self, service: Service, path: str, error: Exception) -> Unavailable:
        # The path's last parts may be ids, never anything personal; the query is left out.
        logger.warning("upstream_away", upstream=service, path=path, error=type(error).__name__)
        return Unavailable(service)
