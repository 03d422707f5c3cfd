"""The two listeners of the running system, and what somebody wrote on its way from one to the other."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.test_citizens_way import book, code_on, first_session
from tests.stack import Stack, eventually, new_resident_id
from tests.unit.test_web_defence import Attack

NAME = "<script>alert(1)</script>"
NOTE = """"'><img src=x onerror=alert(2)>{{7*7}}"""


@pytest.fixture
def citizen(stack: Stack) -> Iterator[httpx.Client]:
    """A visitor's browser at the citizens' listener."""
    with httpx.Client(
        base_url=stack.citizens,
        headers={"Origin": stack.citizens},
        follow_redirects=True,
        timeout=20,
        trust_env=False,
    ) as client:
        yield client


@pytest.mark.parametrize("path", ["/staff", "/staff/today", "/staff/console-messages", "/sign-in", "/nobody-knows-it"])
def test_a_page_of_the_staffs_is_a_page_that_is_not_there(stack: Stack, citizen: httpx.Client, path: str) -> None:
    page = citizen.get(path)
    assert page.status_code == 404
    assert "staff" not in page.text
    assert re.search(r"<h1[^>]*>[^<]+</h1>", page.text), "a page, in words"
    if path != "/nobody-knows-it":
        assert httpx.get(f"{stack.address}{path}", follow_redirects=True, trust_env=False).status_code == 200


def test_what_a_visitor_wrote_is_text_to_the_staff(
    citizen: httpx.Client, staff: httpx.Client, operator: httpx.Client
) -> None:
    session_id = first_session(citizen).url.path.split("/")[3]
    voucher = book(citizen, name=NAME, note=NOTE, document_number=new_resident_id())
    assert voucher.url.path == "/bookings"
    code = code_on(voucher)
    eventually(lambda: code in operator.get("/staff/console-messages").text)
    briefs = _briefs(staff, session_id)
    assert any("onerror=alert(2)" in each.text for each in briefs), "the note is there, as text"
    pages = [voucher, citizen.get("/bookings/cancel"), operator.get("/staff/console-messages"), *briefs]
    assert [Attack(page.text).found for page in pages if Attack(page.text).found] == []


def _briefs(staff: httpx.Client, session_id: str) -> list[httpx.Response]:
    """What the department's windows are told of the day: one of them receives, and other tests may have filled w3."""
    return [staff.get(f"/staff/sessions/{session_id}/windows/{each}") for each in ("w3", "w4")]
