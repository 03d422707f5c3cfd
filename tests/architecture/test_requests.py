"""No body of any API takes a member that its model does not know: nothing is set that was not meant to be."""

import json
from pathlib import Path

import pytest

DOCUMENTS = sorted((Path(__file__).parents[1] / "contracts" / "documents").rglob("*.json"))


def bodies():
    """Every body that an API's document takes, with its document for what it refers to."""
    for path in DOCUMENTS:
        document = json.loads(path.read_text())
        for address, operations in document.get("paths", {}).items():
            for method, operation in operations.items():
                for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                    yield pytest.param(document, content["schema"], kind, id=f"{method} {address}")


BODIES = list(bodies())


def open_objects(document, schema, seen=()):
    """Where a body takes members of any name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in seen:
            return
        yield from open_objects(document, document["components"]["schemas"][name], (*seen, name))
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield schema.get("title", "an object")
    for part in schema.get("properties", {}).values():
        yield from open_objects(document, part, seen)
    for several in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(several, []):
            yield from open_objects(document, part, seen)
    if isinstance(schema.get("items"), dict):
        yield from open_objects(document, schema["items"], seen)


@pytest.mark.parametrize(("document", "schema", "kind"), BODIES)
def test_a_body_takes_what_its_model_knows_and_nothing_else(document, schema, kind):
    if kind == "application/json":
        assert list(open_objects(document, schema)) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_no_name_of_a_schema_tells_where_our_code_stands(path):
    """Two models of one name in one service are told apart by their modules, for all the world to read."""
    schemas = json.loads(path.read_text()).get("components", {}).get("schemas", {})
    assert [name for name in schemas if "__" in name] == []


def test_the_documents_have_bodies_and_the_search_finds_open_ones():
    assert len(BODIES) > 30
    assert list(open_objects({}, {"type": "array", "items": {"type": "object", "title": "T"}})) == ["T"]
