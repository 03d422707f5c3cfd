"""The committed documents are what the services serve, so that a change of an API is seen in review."""

import json

import pytest

from tests.contracts import export


def test_the_committed_permissions_are_those_beside_the_routes():
    assert json.loads(export.PERMISSIONS.read_text()) == export.permissions(), "run `make contracts`, and look"
    assert export.MATRIX.read_text() == export.matrix()


@pytest.mark.parametrize(
    ("path", "document"), export.service_documents().items(), ids=lambda value: getattr(value, "name", "")
)
def test_the_committed_document_is_the_services(path, document):
    assert json.loads(path.read_text()) == json.loads(export.text(document)), (
        "run `make contracts`, and look at the difference"
    )
