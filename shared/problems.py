"""Errors that a caller can act on, as problem+json (RFC 9457) with a stable code.

A domain error is a subclass of `Problem` named by a noun; it carries a status and a code that never
changes its meaning. This module alone turns them, the framework's own refusals and the unforeseen
into answers. The unforeseen is logged whole and answered with nothing but its correlation id.
"""

from http import HTTPStatus
from typing import Any, ClassVar, Self, cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

logger = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
FINDINGS_MOST = 100
"""Where more is wrong, no form sent it. Writing down the ninety thousand findings of one body takes seconds, in which
nobody else is served, and eight megabytes of an answer."""


class FieldProblem(BaseModel):
    """What is wrong with one field. `pointer` is a JSON pointer into the request."""

    pointer: str
    code: str
    detail: str


class ProblemBody(BaseModel):
    """The body of an error answer."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    correlation_id: str = ""
    errors: list[FieldProblem] = []


class Problem(Exception):  # noqa: N818  (named by what it tells the caller, after RFC 9457)
    """Base of all errors that a caller is told. `detail` is English for developers; pages translate `code`."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "The request cannot be served."

    def __init__(
        self,
        detail: str = "",
        *,
        errors: list[FieldProblem] | None = None,
        headers: dict[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = errors or []
        self.headers = headers
        self.extra = extra
        """Further members of the body, such as when a release will be."""

    def body(self) -> dict[str, Any]:
        """The members of the problem document."""
        return problem_body(
            self.status, self.code, title=self.title, detail=self.detail, errors=self.errors, **self.extra
        )


def problem_body(
    status: int,
    code: str,
    *,
    title: str,
    detail: str = "",
    errors: list[FieldProblem] | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """A problem document as a JSON object."""
    correlation_id = structlog.contextvars.get_contextvars().get("correlation_id", "")
    body = ProblemBody(
        type=f"urn:service-day:problem:{code}",
        title=title,
        status=status,
        code=code,
        detail=detail,
        correlation_id=correlation_id,
        errors=errors or [],
    )
    return {**extra, **body.model_dump()}


class InvalidRequest(Problem):
    """Fields that need correcting: by the framework's reading, or by rules that only the service's state can judge."""

    status = 422
    code = "invalid_request"
    title = "Some fields need correcting."

    @classmethod
    def of(cls, pointer: str, code: str, detail: str) -> Self:
        """The problem of one field."""
        return cls(errors=[FieldProblem(pointer=pointer, code=code, detail=detail)])


class MalformedJson(Problem):
    """The body is not JSON, or not UTF-8."""

    status = 400
    code = "malformed_json"
    title = "The body is not JSON."


class BodyTooLarge(Problem):
    """A body that says it is too long, or turned out so while it arrived."""

    status = 413
    code = "body_too_large"
    title = "The body is larger than this service takes."


class IdempotencyKeyMissing(Problem):
    """What is made once, however often it is asked for, needs a key."""

    status = 400
    code = "idempotency_key_missing"
    title = "The Idempotency-Key header is missing."


class IdempotencyKeyMalformed(Problem):
    """A key that is too short to be unique, or has odd characters."""

    status = 400
    code = "idempotency_key_malformed"
    title = "The Idempotency-Key header must be 16 to 64 letters, digits, '-' or '_'."


class IdempotencyKeyReused(Problem):
    """The key already stands on what another body made."""

    status = 422
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used with another body."


def field_problems(error: ValidationError | RequestValidationError) -> list[FieldProblem]:
    """Pydantic's findings. The offending value is never repeated: it may be a document number."""
    return [
        FieldProblem(
            pointer="/" + "/".join(str(part) for part in found["loc"] if part != "body"),
            code=str(found["type"]),
            detail=str(found["msg"]),
        )
        for found in error.errors()
    ]


def answer(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> JSONResponse:
    """The HTTP answer for a problem document."""
    return JSONResponse(body, status_code=status, media_type=CONTENT_TYPE, headers=headers)


async def _on_problem(_: Request, problem: Exception) -> JSONResponse:
    problem = cast("Problem", problem)
    return answer(problem.status, problem.body(), problem.headers)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    error = cast("RequestValidationError", error)
    if len(error.errors()) > FINDINGS_MOST:
        return await _on_problem(request, InvalidRequest(f"more than {FINDINGS_MOST} fields are wrong"))
    found = field_problems(error)
    is_malformed = any(each.code == "json_invalid" for each in found)
    return await _on_problem(request, (MalformedJson if is_malformed else InvalidRequest)(errors=found))


async def on_http(request: Request, error: Exception) -> JSONResponse:
    """Answer a refusal of the framework, such as a route that is not there."""
    error = cast("HTTPException", error)
    if isinstance(error.__cause__, UnicodeDecodeError):
        return answer(400, problem_body(400, MalformedJson.code, title="The body is not UTF-8."))
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return await _on_problem(request, BodyTooLarge())
    if error.status_code == HTTPStatus.REQUEST_TIMEOUT:
        return answer(408, problem_body(408, "request_timeout", title="The body did not arrive in time."))
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    headers = dict(error.headers) if error.headers else None
    return answer(error.status_code, problem_body(error.status_code, code, title=phrase), headers)


async def on_passing(_: Request, error: Exception) -> JSONResponse:
    """Answer what is over by itself, such as a database that restarts: the same request will succeed soon."""
    logger.warning("request_refused", exc_info=error)
    body = problem_body(503, "try_again", title="This is not to be had just now; try again in a moment.")
    return answer(503, body, {"Retry-After": "2"})


async def _on_unforeseen(_: Request, error: Exception) -> JSONResponse:
    logger.error("request_failed", exc_info=error)
    return answer(500, problem_body(500, "internal_error", title="This did not work; it was recorded."))


async def answer_error(request: Request, error: Exception, *, passing: tuple[type[Exception], ...]) -> JSONResponse:
    """Answer whatever an endpoint raised that is served past the framework, as `install` makes the framework do."""
    if isinstance(error, Problem):
        return await _on_problem(request, error)
    if isinstance(error, passing):
        return await on_passing(request, error)
    if isinstance(error, HTTPException):
        return await on_http(request, error)
    return await _on_unforeseen(request, error)


def install(app: FastAPI) -> None:
    """Make `app` answer every error as a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, _on_unforeseen)


def _body_schema() -> dict[str, Any]:
    """The schema of an error's body, whole in itself: a reference would point nowhere in a service's document."""
    schema = ProblemBody.model_json_schema()
    schema["properties"]["errors"]["items"] = schema.pop("$defs")["FieldProblem"]
    return schema


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": HTTPStatus(status).phrase, "content": {CONTENT_TYPE: {"schema": _body_schema()}}}
    for status in (400, 403, 404, 405, 408, 409, 413, 415, 422, 429, 503)
}
"""What any route may answer besides its own, for the OpenAPI document."""
UNAUTHORISED: dict[int | str, dict[str, Any]] = {401: {**RESPONSES[403], "description": "Unauthorized"}}
"""What a route answers besides that looks at tokens."""
