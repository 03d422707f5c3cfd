"""A county on paper: what the other services would answer the pages, so that each of their answers can be had at will.

The pages are the real ones; only the wire ends here. The whole way on the real services is in tests/e2e and
tests/browser.
"""

import json
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

import httpx
from fastapi import FastAPI

from services.web.app import create_app
from services.web.devices import recognise_devices
from services.web.queries import Memory
from services.web.settings import WebSettings
from shared.application import Runtime
from tests import identity
from tests.page_forms import fields

ZONE = timezone(timedelta(hours=8))
NOW = datetime.now(ZONE).replace(microsecond=0)
DAY = (NOW + timedelta(days=8)).replace(hour=9, minute=0, second=0)
ORIGIN = "http://hall.test"
MATTER = "transfer"
TYPED = {
    "name": "王桂兰",
    "document_type": "resident_id",
    "document_number": "11010519491231002X",
    "phone": "13900002741",
    "party_size": "2",
    "note": "合同上少写了车库 <script>alert(1)</script>",
}


def matter(**changes: Any) -> dict[str, Any]:
    return {
        "matter_id": MATTER,
        "department_id": "land",
        "name_zh": "不动产转移登记",
        "name_en": "Transfer of title",
        "plain_name_zh": "二手房过户",
        "plain_name_en": "Transfer a second-hand home",
        "documents": [{"name_zh": "身份证", "name_en": "Identity card", "note_zh": "原件", "note_en": "Original"}],
        "statutory_days": 30,
        "promised_days": 3,
        "visit": "needed",
        "department_name_zh": "自然资源局",
        "department_name_en": "Natural Resources",
        **changes,
    }


def session(**changes: Any) -> dict[str, Any]:
    return {
        "session_id": "s1",
        "programme_id": "service-day",
        "programme_name_zh": "局长服务日",
        "programme_name_en": "Directors' service day",
        "venue_id": "hall",
        "rule_date": DAY.date().isoformat(),
        "date": DAY.date().isoformat(),
        "day_kind": "workday",
        "status": "planned",
        "public": True,
        "opening": [{"starts_at": DAY.isoformat(), "ends_at": (DAY + timedelta(hours=3)).isoformat()}],
        "duties": [
            {
                "duty_id": "d1",
                "window_id": "w3",
                "department_id": "land",
                "official_id": "zhou",
                "role": "principal",
                "official_name": "周文清",
                "official_title_zh": "局长",
                "official_title_en": "Director",
            }
        ],
        "windows": [
            {
                "window_id": "w3",
                "number": 3,
                "department_id": "land",
                "department_name_zh": "自然资源局",
                "department_name_en": "Natural Resources",
            }
        ],
        "booking": {
            "release_at": (NOW - timedelta(days=1)).isoformat(),
            "closes_at": DAY.isoformat(),
            "cancel_until": (DAY - timedelta(hours=15)).isoformat(),
            "slot_minutes": 30,
            "capacity": 3,
            "party_size_max": 5,
        },
        **changes,
    }


def bookable(**changes: Any) -> dict[str, Any]:
    return {
        "session_id": "s1",
        "date": DAY.date().isoformat(),
        "starts_at": DAY.isoformat(),
        "release_at": (NOW - timedelta(days=1)).isoformat(),
        "closes_at": DAY.isoformat(),
        "state": "open",
        "free": 3,
        **changes,
    }


def slot(**changes: Any) -> dict[str, Any]:
    return {
        "slot_id": 7,
        "window_id": "w3",
        "starts_at": DAY.isoformat(),
        "ends_at": (DAY + timedelta(minutes=30)).isoformat(),
        "free": 2,
        "capacity": 3,
        **changes,
    }


def booking(**changes: Any) -> dict[str, Any]:
    return {
        "booking_id": "b1",
        "code": "4081 2736",
        "state": "confirmed",
        "session_id": "s1",
        "window_id": "w3",
        "department_id": "land",
        "matter_id": MATTER,
        "starts_at": DAY.isoformat(),
        "ends_at": (DAY + timedelta(minutes=30)).isoformat(),
        "cancel_until": (DAY - timedelta(hours=15)).isoformat(),
        "party_size": 2,
        "name_masked": "王**",
        "document_masked": "1*************002X",
        "phone_masked": "+*********2741",
        "version": 1,
        **changes,
    }


def problem(status: int, code: str, **more: Any) -> tuple[int, dict[str, Any]]:
    return status, {"type": f"urn:x:{code}", "title": code, "status": status, "code": code, **more}


@dataclass
class County:
    """Answers by the end of the path; `away` names services that do not answer."""

    answers: dict[str, Any] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    asked: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.answers = {
            "/venue": {
                "venue_id": "hall",
                "name_zh": "望川县政务服务大厅",
                "name_en": "Wangchuan Hall",
                "address_zh": "南门路 8 号",
                "address_en": "8 Nanmen Road",
                "phone": "12345 转 2",
                "departments": [],
                "windows": [],
            },
            "/departments": {
                "items": [
                    {"department_id": "desk", "name_zh": "总服务台", "name_en": "General desk", "general_desk": True},
                    {"department_id": "land", "name_zh": "自然资源局", "name_en": "Natural Resources"},
                ]
            },
            "/matters": {"items": [matter()], "total": 1},
            f"/matters/{MATTER}": matter(),
            "roster/v1/sessions": {"items": [session()], "total": 1},
            "roster/v1/sessions/s1": session(),
            "booking/v1/sessions": {"items": [bookable()], "now": NOW.isoformat()},
            "/sessions/s1/slots": {"items": [slot()], "now": NOW.isoformat()},
            "/bookings": booking(),
            "/bookings/check": (204, None),
            "/bookings/lookup": booking(),
            "/bookings/cancel": booking(state="cancelled", reason="visitor", version=2),
            "/bookings/agree": booking(version=3),
            "/staff/officials": {
                "items": [{"official_id": "zhou", "name": "周文清", "title_zh": "局长", "department_id": "land"}]
            },
            "/staff/officials/zhou/sessions": {"items": [session()]},
            "/staff/sessions/s1/bookings": [],
            "/staff/console-messages": {"items": []},
            "/accounts/v1/keys": identity.key_set(),
            "cases/v1/mine": {"items": []},
            "cases/v1/watched": {"items": []},
            "/channels": {"mail": False, "quiet_from": "22:00:00", "quiet_until": "08:00:00"},
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        service = request.url.path.split("/")[2]
        if service in self.away:
            raise httpx.ConnectError("away", request=request)
        fitting = [key for key in self.answers if request.url.path.endswith(key)]
        found = self.answers[max(fitting, key=len)] if fitting else problem(404, "not_found")
        status, body = found if isinstance(found, tuple) else (200, found)
        if isinstance(body, bytes):
            return httpx.Response(status, content=body)
        headers = {"Retry-After": "90"} if status == 429 else {}
        return httpx.Response(status, json=body, headers=headers) if status != 204 else httpx.Response(status)

    def posted(self, end: str) -> list[dict[str, Any]]:
        """The bodies that were posted to addresses with this end."""
        return [
            json.loads(each.content) for each in self.asked if each.method == "POST" and each.url.path.endswith(end)
        ]


def settings(**changes: Any) -> WebSettings:
    return WebSettings(
        **{
            "SERVICE_SECRET": "s" * 40,
            "OPERATOR_SECRET": "o" * 40,
            "fresh_seconds": 0,
            **changes,
        }
    )


@cache
def _application(changes: tuple[tuple[str, Any], ...]) -> FastAPI:
    """Reading the templates takes its time; once for all tests."""
    return create_app(settings(**dict(changes)))


def visitor(county: County, *, origin: str = ORIGIN, staff: bool = False, **changes: Any) -> httpx.AsyncClient:
    """A browser without a script: it keeps cookies, sends its origin, and goes nowhere by itself (see `follow`).

    Of the `staff` it is signed in, as somebody who holds every role.
    """
    app = _application(tuple(sorted(changes.items())))
    chosen = app.state.settings
    app.state.site = replace(app.state.site, memory=Memory(chosen))
    http = httpx.AsyncClient(transport=httpx.MockTransport(county))
    app.state.runtime = Runtime(name="web", settings=chosen, http=http, takes_forms=True)
    recognise_devices(app.state.runtime)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),
        base_url=origin,
        headers={"Origin": origin, **(identity.bearer() if staff else {})},
    )


async def follow(browser: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    """The page that an answer leads to."""
    while answer.status_code == 303:
        answer = await browser.get(answer.headers["location"])
    return answer


async def press(browser: httpx.AsyncClient, page: httpx.Response, step: str, **typed: str) -> httpx.Response:
    """The answer to sending the page's form for a step of the walk."""
    found = re.search(rf'action="([^"]*/{step})"', page.text)
    assert found is not None, f"no form for {step} on the page"
    return await browser.post(found[1], data={**fields(page, found[1]), **typed})


async def details_page(browser: httpx.AsyncClient) -> httpx.Response:
    """The way to the form."""
    return await follow(browser, await browser.get(f"/book/{MATTER}/s1/details?slot=7"))


async def check_page(browser: httpx.AsyncClient, **typed: str) -> httpx.Response:
    """The way to the check page."""
    answer = await press(browser, await details_page(browser), "details", **{**TYPED, **typed})
    return await follow(browser, answer)


async def booked(browser: httpx.AsyncClient, **typed: str) -> httpx.Response:
    """The answer to pressing 确认预约."""
    return await press(browser, await check_page(browser, **typed), "check")


def title(page: httpx.Response) -> str:
    """A page's title, without what every title ends with."""
    found = re.search(r"<title>(.*?)</title>", page.text, re.DOTALL)
    assert found is not None, "the page has no title"
    return found[1].split(" · ")[0]


def walk(page: httpx.Response) -> str:
    """The address that all steps of a page's walk lie under."""
    return page.url.path.rpartition("/")[0]
