"""The committed documents are what the services serve, so that a change of an API is seen in review."""

import json

import pytest

from tests.contracts import export


def test_the_committed_permissions_are_those_beside_the_routes():
    assert json.loads(export.PERMISSIONS.read_text()) == export.permissions(), "run `make contracts`, and look"
    assert export.MATRIX.read_text() == export.matrix()


def test_a_permission_has_the_same_roles_on_a_page_and_at_the_service_behind_it():
    """The pages cannot import the services' permissions, so they say them again: only the reach may be another one."""
    held = {}
    for service, routes in export.permissions().items():
        for route, told in routes.items():
            who = (told["roles"], told.get("devices", []))
            first = held.setdefault(told["permission"], (who, f"{service}: {route}"))
            assert who == first[0], f"{told['permission']} of {service}: {route} is another one than of {first[1]}"
    assert {"see_hall", "receive", "manage_accounts"} <= held.keys()


@pytest.mark.parametrize(
    ("path", "document"), export.service_documents().items(), ids=lambda value: getattr(value, "name", "")
)
def test_the_committed_document_is_the_services(path, document):
    assert json.loads(path.read_text()) == json.loads(export.text(document)), (
        "run `make contracts`, and look at the difference"
    )
