"""The events' contracts: what stands in the files is what the code says, and every example can be read."""

import copy
import json
from pathlib import Path

import pytest

from shared.events.topics import TOPICS
from tests.contracts import export

EXAMPLES = Path(__file__).parents[2] / "shared" / "events" / "examples"
EVENTS = [(topic, event) for topic in TOPICS for event in topic.events]


@pytest.mark.parametrize(
    ("path", "schema"), export.event_schemas().items(), ids=lambda value: getattr(value, "stem", "")
)
def test_the_committed_schema_is_the_codes(path, schema):
    assert path.read_text() == export.text(schema), "run `make contracts`, and look at the difference"


def test_no_schema_is_left_of_an_event_that_is_gone():
    assert set(export.SCHEMAS.rglob("*.json")) == set(export.event_schemas())


@pytest.mark.parametrize(("topic", "event"), EVENTS, ids=lambda value: getattr(value, "__name__", ""))
def test_every_event_has_an_example_that_can_be_read(topic, event):
    example = json.loads((EXAMPLES / topic.name / f"{event.__name__}.json").read_text())
    parsed = event.model_validate(example)
    assert parsed.subject
    assert event.model_validate_json(parsed.model_dump_json()) == parsed
    assert set(example) == set(parsed.model_dump()), "the example says everything that the event says"


def test_a_newer_producers_field_is_passed_over():
    for topic, event in EVENTS:
        example = json.loads((EXAMPLES / topic.name / f"{event.__name__}.json").read_text())
        event.model_validate({**example, "a_field_of_next_year": 1})


def test_a_change_that_consumers_could_not_stand_is_refused():
    old = next(iter(export.event_schemas().values()))
    assert export.broken_promises(old, old) == []
    without = copy.deepcopy(old)
    del without["properties"]["version"]
    assert export.broken_promises(old, without) == [".version was taken away"]
    retyped = copy.deepcopy(old)
    retyped["properties"]["version"]["type"] = "string"
    assert export.broken_promises(old, retyped) == [".version has another type"]
    demanding = copy.deepcopy(old)
    demanding["properties"]["extra"] = {"type": "string"}
    demanding["required"].append("extra")
    assert export.broken_promises(old, demanding) == [".extra became required"]
