"""The committed documents are what the services serve, so that a change of an API is seen in review."""

import json

import pytest

from tests.contracts import export


@pytest.mark.parametrize(
    ("path", "document"), export.service_documents().items(), ids=lambda value: getattr(value, "name", "")
)
def test_the_committed_document_is_the_services(path, document):
    assert json.loads(path.read_text()) == json.loads(export.text(document)), (
        "run `make contracts`, and look at the difference"
    )
