"""Reading a JSON body into a model, and telling the API document about it.

Pydantic reads the bytes itself: what is no JSON or no UTF-8 is one stable problem, and the booking route is
spared a second pass over its body.
"""

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from services.booking.domain import problems
from shared.bodies import BodyTooSlow
from shared.problems import FINDINGS_MOST, field_problems

Model = TypeVar("Model", bound=BaseModel)
JSON_TYPE = "application/json"
BODY_BYTES = 32 * 1024
"""No form is longer, and reading a long body holds up every other booking of the process."""


async def read(request: Request, model: type[Model]) -> Model:
    """The request's body. Raises UnsupportedMediaType, MalformedJson, InvalidRequest, BodyTooLarge or BodyTooSlow."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON_TYPE:
        raise problems.UnsupportedMediaType
    try:
        body = await request.body()
    except BodyTooSlow:
        raise
    except HTTPException:  # all else that the edge says while it counts what arrives
        raise problems.BodyTooLarge from None
    if len(body) > BODY_BYTES:
        raise problems.BodyTooLarge
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        if error.error_count() > FINDINGS_MOST:
            raise problems.InvalidRequest(f"more than {FINDINGS_MOST} fields are wrong") from None
        found = field_problems(error)
        if any(each.code == "json_invalid" for each in found):
            raise problems.MalformedJson from None
        raise problems.InvalidRequest(errors=found) from None


def documented(model: type[BaseModel], **operation: Any) -> dict[str, Any]:
    """What the API document says of a route whose body `read` takes."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})
    body = {"required": True, "content": {JSON_TYPE: {"schema": _inlined(schema, definitions)}}}
    return {"requestBody": body, **operation}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """A schema with its references replaced by what they name: the document has no place for `$defs`."""
    if isinstance(schema, list):
        return [_inlined(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        named = definitions[schema["$ref"].rpartition("/")[2]]
        return _inlined({**named, **{key: value for key, value in schema.items() if key != "$ref"}}, definitions)
    return {key: _inlined(value, definitions) for key, value in schema.items()}
