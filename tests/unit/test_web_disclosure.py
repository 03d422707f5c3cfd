"""Whom to tell of a weakness, and which of the two listeners a printed code leads to."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import Request
from pydantic import ValidationError

from services.web.security import public_origin
from tests.unit.web_county import settings, visitor

PATH = "/.well-known/security.txt"


async def test_it_names_the_contacts_in_order_and_ends_ahead():
    contacts = "mailto:security@example.cn, https://example.cn/Report"
    async with visitor(
        None, security_contact=contacts, public_url="https://fuwuri.example.cn/", origin="https://hall.test"
    ) as browser:
        answer = await browser.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    said = [line.split(": ", 1) for line in answer.text.splitlines()]
    assert [value for name, value in said if name == "Contact"] == [
        "mailto:security@example.cn",
        "https://example.cn/Report",
    ]
    (expires,) = [value for name, value in said if name == "Expires"]
    ahead = datetime.fromisoformat(expires) - datetime.now(UTC)
    assert timedelta(days=1) < ahead < timedelta(days=365)
    assert ["Canonical", f"https://fuwuri.example.cn{PATH}"] in said
    assert ["Preferred-Languages", "zh, en"] in said


async def test_without_a_contact_there_is_none(county, browser):
    assert (await browser.get(PATH)).status_code == 404


@pytest.mark.parametrize("contact", ["security@example.cn", "http://example.cn", "mailto:a\nExpires: 2000", "tel:1 2"])
def test_what_is_no_contact_stops_the_start(contact):
    with pytest.raises(ValidationError):
        settings(security_contact=contact)


@pytest.mark.parametrize(
    ("host", "port", "origin"),
    [
        ("10.8.0.2:8081", 8080, "http://10.8.0.2:8080"),
        ("10.8.0.2", 8080, "http://10.8.0.2:8080"),
        ("[fd00::2]:8081", 8080, "http://[fd00::2]:8080"),
        ("10.8.0.2:8081", 0, "http://10.8.0.2:8081"),
        ("evil.example:8081", 8080, None),
    ],
)
def test_a_printed_code_leads_to_the_citizens_listener(host, port, origin):
    scope = {"type": "http", "scheme": "http", "path": "/", "query_string": b"", "headers": [(b"host", host.encode())]}
    assert public_origin(Request(scope), settings(citizens_port=port)) == origin


def test_the_port_is_read_as_compose_publishes_it():
    assert settings(citizens_port="127.0.0.1:8080").citizens_port == 8080
    with pytest.raises(ValidationError):
        settings(citizens_port="http")
