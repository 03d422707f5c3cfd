"""The auditor's page and what is taken away from it; and the key that shows a document's number, once."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest

from services.web import audit, exports
from services.web.routes.audit import SERVICES
from tests.page_forms import fields
from tests.unit.test_web_day import DESK, at, desk
from tests.unit.web_county import NOW, County, problem, title, visitor

ROOT = Path(__file__).parents[2]
PAGE = "/staff/audit"
NUMBER = "11010519491231002X"


def entry(number, *, minutes=0, **changes):
    return {
        "number": number,
        "at": (NOW - timedelta(minutes=minutes)).isoformat(),
        "actor": "acc-1",
        "official_id": None,
        "held": ["auditor"],
        "action": "window.finish",
        "record_kind": "ticket",
        "record_id": f"t{number}",
        "address": "10.0.0.7",
        "client": "pages",
        "path": "POST /x",
        "details": {"session": "s1"},
        **changes,
    }


def audit_of(*items, more=False, **chain):
    found = {"verified_to": 9, "head": "ab" * 32, "complete": True, "broken_at": None, "looked_at": NOW.isoformat()}
    return {"items": list(items), "more": more, "chain": {**found, **chain}}


@pytest.fixture
def county():
    found = County()
    found.answers |= {f"{each}/v1/staff/audit": audit_of() for each in SERVICES}
    found.answers |= {f"{each}/v1/staff/audit/exports": {"items": [], "more": False} for each in SERVICES}
    found.answers["queue/v1/staff/audit"] = audit_of(entry(8, minutes=1), entry(7, minutes=3))
    found.answers["booking/v1/staff/audit"] = audit_of(
        entry(5, minutes=2, action="booking.made", record_kind="booking", official_id="zhou")
    )
    found.answers["roster/v1/staff/audit"] = audit_of(
        entry(3, minutes=4, actor="operator-secret", action="never.heard_of", record_kind="pack")
    )
    found.answers["accounts/v1/staff/audit/people"] = {
        "items": [{"account_id": "acc-1", "login": "manager", "name": "李春燕"}]
    }
    return found


@pytest.fixture
async def browser(county):
    async with visitor(county, staff=True, allowed_hosts=("hall.test",)) as found:
        yield found


def asked(county, service):
    return [dict(each.url.params) for each in county.asked if each.url.path == f"/api/{service}/v1/staff/audit"]


async def test_all_services_together_by_time(county, browser):
    page = await browser.get(PAGE)
    assert (page.status_code, title(page)) == (200, "最近做了什么")
    assert page.headers["cache-control"] == "no-store"
    said = [page.text.index(each) for each in ("接待现场 8", "预约系统 5", "接待现场 7", "排班 3")]
    assert said == sorted(said)
    for each in ("办结", "柜台代约", "周文清", "系统管理员（密钥）", "never.heard_of", "session=s1", "10.0.0.7"):
        assert each in page.text
    assert page.text.count("9 条，都对得上") == 5
    assert f"{'ab' * 32}:9" in page.text


async def test_the_next_page_begins_where_each_service_was_left(county, browser, monkeypatch):
    monkeypatch.setattr(audit, "PAGE_ROWS", 2)
    page = await browser.get(f"{PAGE}?actor=acc-1")
    assert "接待现场 7" not in page.text
    (further,) = re.findall(r'href="([^"]*)">更早的<', page.text)
    county.asked.clear()
    await browser.get(further.replace("&amp;", "&"))
    assert asked(county, "queue") == [{"before": "8", "limit": "2", "actor": "acc-1"}]
    assert asked(county, "booking") == [{"before": "5", "limit": "2", "actor": "acc-1"}]
    assert asked(county, "roster") == [{"limit": "2", "actor": "acc-1"}], "nothing of it was shown yet"
    county.answers |= {f"{each}/v1/staff/audit": audit_of() for each in ("queue", "booking")}
    county.answers["roster/v1/staff/audit"] = audit_of(entry(3), entry(2), more=True)
    page = await browser.get(further.replace("&amp;", "&"))
    (further,) = re.findall(r'href="([^"]*)">更早的<', page.text)
    kept = {"before_booking=5", "before_queue=8", "before_roster=2"}
    assert kept <= set(further.split("&amp;")), "who has no row on a page is not begun anew"


async def test_a_filter_is_asked_of_each_service_by_the_countys_days(county, browser):
    await browser.get(f"{PAGE}?first=2026-12-01&last=2026-12-01&action=window.finish&record=ticket:t8")
    for service in SERVICES:
        assert asked(county, service) == [{
            "from": "2026-12-01T00:00:00+08:00", "to": "2026-12-02T00:00:00+08:00", "action": "window.finish",
            "record_kind": "ticket", "record_id": "t8", "limit": "50",
        }]  # fmt: skip


@pytest.mark.parametrize(
    "wrong", ["first=yesterday", "last=9999-12-31", "actor=王桂兰", "record=house:x", "record=a b"]
)
async def test_what_cannot_be_looked_for_is_told_and_nobody_is_asked(county, browser, wrong):
    page = await browser.get(f"{PAGE}?{wrong}")
    assert (page.status_code, title(page)) == (422, "这样找不到")
    assert 'aria-invalid="true"' in page.text
    assert not any(each.url.path.endswith("/audit") for each in county.asked)


async def test_a_damaged_chain_and_a_missing_service_are_said(county, browser):
    county.answers["queue/v1/staff/audit"] = audit_of(verified_to=3, broken_at=4)
    county.answers["accounts/v1/staff/audit"] = problem(401, "sign_in_needed")
    county.answers["booking/v1/staff/audit"] = audit_of(verified_to=5000, complete=False)
    county.away.add("notifications")
    page = await browser.get(PAGE)
    assert (page.status_code, title(page)) == (200, "审计记录被动过")
    for said in ("接待现场：第 4 条和前面对不上", "账号：您不能看", "消息：现在看不到", "预约系统：验到第 5000 条"):
        assert said in page.text


async def test_who_may_see_none_of_it_is_told_so(county, browser):
    county.answers |= {f"{each}/v1/staff/audit": problem(403, "access_denied") for each in SERVICES}
    assert (await browser.get(PAGE)).status_code == 403


async def taken(browser, kind, **typed):
    page = await browser.get(PAGE)
    return await browser.post(f"{PAGE}/export", data={**fields(page, f"{PAGE}/export"), "kind": kind, **typed})


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1+1", "＋1", "－1", "＠SUM(A1)"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_what_is_taken_away_is_text_in_every_cell(county, browser, kind):
    hostile = [entry(number, record_id=said, address=said) for number, said in enumerate(HOSTILE, start=1)]
    county.answers["queue/v1/staff/audit/exports"] = {"items": hostile, "more": True}
    county.away.add("notifications")
    answer = await taken(browser, kind)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="audit.{kind}"'
    assert answer.headers["cache-control"] == "no-store"
    if kind == "csv":
        assert answer.content.startswith("\ufeff".encode())
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert not [each for row in rows for each in row if each.startswith(exports.FORMULA)]
        assert {row[8] for row in rows[1 : 1 + len(HOSTILE)]} == {f"'{each}" for each in HOSTILE}
    else:
        leaf = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        cells = [cell for row in leaf.iter_rows() for cell in row if cell.value is not None]
        assert {cell.data_type for cell in cells} == {"s"}, "texts, and no formula"
        rows = [[cell.value or "" for cell in row] for row in leaf.iter_rows()]
        assert {"=1+1", "@SUM(A1)"} <= {row[8] for row in rows}
    assert rows[0][0] == "系统"
    assert [row[0] for row in rows[-2:]] == ["接待现场还有更早的记录没有导出", "消息的记录这次没有取到"]


async def test_an_account_is_told_by_name_and_found_by_login(county, browser):
    page = await browser.get(PAGE, params={"actor": "Manager"})
    assert "李春燕 manager" in page.text
    asked = [each.url.params.get("actor") for each in county.asked if each.url.path == "/api/queue/v1/staff/audit"]
    assert asked == ["acc-1"]
    county.answers["accounts/v1/staff/audit/people"] = problem(403, "access_denied")
    page = await browser.get(PAGE)
    assert page.status_code == 200
    assert "acc-1" in page.text


async def test_what_is_taken_away_keeps_to_the_filter(county, browser):
    await taken(browser, "csv", actor="acc-1", first="2026-12-01")
    assert county.posted("queue/v1/staff/audit/exports") == [{"actor": "acc-1", "from": "2026-12-01T00:00:00+08:00"}]


@pytest.mark.parametrize("form", [{"kind": "exe"}, {"kind": "csv", "first": "x"}])
async def test_a_wrong_form_takes_nothing_away(county, browser, form):
    assert (await taken(browser, **form)).status_code == 422
    assert (await browser.post(f"{PAGE}/export", data={"kind": "csv"})).status_code == 409
    assert county.posted("queue/v1/staff/audit/exports") == []


def test_every_action_has_a_word():
    found = set()
    for path in [*(ROOT / "services").rglob("*.py"), *(ROOT / "shared" / "audit").rglob("*.py")]:
        if "web" not in path.parts:
            text = path.read_text()
            found |= set(
                re.findall(
                    r'(?:audited\([^"\n]*|action = |record\(connection, |act = \(|_run\(\s*\()"([a-z]+\.[a-z_]+)"', text
                )
            )
            found |= {f"account.{each}" for each in re.findall(r'record\(\s*connection, [^"]*?"([a-z_]+)"', text)}
            found |= set(re.findall(r'_note\(connection, .*"([a-z]+\.[a-z_]+)"', text))
            offered = re.findall(r'^_offer\(\s*"([a-z-]+)"', text, re.MULTILINE)
            found |= {f"window.{each.replace('-', '_')}" for each in offered}
    assert len(found) > 40
    assert found <= set(audit.ACTIONS), found - set(audit.ACTIONS)


# The one key.


@pytest.mark.parametrize("state", ["called", "serving"])
async def test_the_number_is_shown_in_the_answer_to_the_key_and_nowhere_else(county, browser, state):
    mine = at(state, source="booking")
    county.answers |= {
        "/windows/w3": desk(at=mine),
        "/windows/w3/document": {
            "ticket_id": mine["ticket_id"], "number": "A009", "kind": "resident_id", "document": NUMBER
        },
    }  # fmt: skip
    page = await browser.get(DESK)
    assert NUMBER not in page.text
    form = {**fields(page, DESK), "unmask_ticket": mine["ticket_id"], "verb": "unmask", "said0": "缺契税完税证明"}
    without = await browser.post(DESK, data=form)
    assert without.status_code == 422
    assert county.posted("/windows/w3/document") == []
    shown = await browser.post(DESK, data={**form, "unmask_for": "form"})
    assert shown.status_code == 200
    assert county.posted("/windows/w3/document") == [{"ticket_id": mine["ticket_id"], "reason": "form"}]
    assert f'居民身份证 <span class="nb">{NUMBER}' in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert ("缺契税完税证明</textarea>" in shown.text) == (state == "serving"), "what was typed stays"
    assert NUMBER not in str(shown.url) + str(shown.headers)
    assert NUMBER not in (await browser.get(DESK)).text


async def test_the_key_is_not_there_for_a_walk_in_and_its_refusals_are_told(county, browser):
    county.answers["/windows/w3"] = desk(at=at(source="walk_in"))
    assert 'value="unmask"' not in (await browser.get(DESK)).text
    mine = at(source="booking")
    county.answers["/windows/w3"] = desk(at=mine)
    page = await browser.get(DESK)
    form = {**fields(page, DESK), "unmask_for": "form", "verb": "unmask"}
    for code, said in (
        ("document_masked", "现在不能看证件号"),
        ("document_not_kept", "系统里没有这个人的证件号"),
        ("document_away", "现在查不到证件号"),
    ):
        county.answers["/windows/w3/document"] = problem(409, code)
        answer = await browser.post(DESK, data=form)
        assert answer.status_code == 409
        assert said in answer.text


async def test_a_number_of_whom_the_window_has_no_more_is_not_shown(county, browser):
    mine = at(source="booking")
    county.answers |= {
        "/windows/w3": desk(at=mine),
        "/windows/w3/document": {"ticket_id": "another", "number": "A001", "kind": "passport", "document": NUMBER},
    }
    page = await browser.get(DESK)
    answer = await browser.post(DESK, data={**fields(page, DESK), "unmask_for": "form", "verb": "unmask"})
    assert NUMBER not in answer.text
