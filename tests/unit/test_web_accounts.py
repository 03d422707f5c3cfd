"""The operator's pages: accounts and their roles, first passwords that are shown once, and the rights of a person."""

import hashlib
import re
from datetime import timedelta
from html import unescape
from urllib.parse import unquote

import pytest

from services.accounts.domain.erasures import hash_of
from services.web.accounts import ROLES
from shared.identity.roles import AROUND
from tests import identity
from tests.page_forms import fields
from tests.unit.web_county import NOW, ZONE, County, problem, title, visitor

LIST = "/staff/accounts"
ONE = f"{LIST}/acc-1"
RIGHTS = f"{LIST}/rights"
ORDERS = f"{RIGHTS}/erasures"
ERASURE = "1b2c3d4e-0000-4000-8000-00000000000a"
NAME = "<b onclick=alert(1)>王桂兰</b>"
PASSWORD = "river-lantern-harbour-7"
NUMBER = "11010519491231002X"


def grant(**changes):
    return {
        "grant_id": "g1",
        "role": "window_staff",
        "department_id": "land",
        "venue_id": "hall",
        "valid_from": NOW.isoformat(),
        "valid_until": None,
        **changes,
    }


def account(**changes):
    return {
        "account_id": "acc-1",
        "login": "wang.guilan",
        "name": NAME,
        "state": "active",
        "official_id": None,
        "enrolled": True,
        "telephone": True,
        "must_change_password": False,
        "grants": [grant()],
        **changes,
    }


def erasure(**changes):
    return {
        "erasure_id": ERASURE,
        "state": "held",
        "basis": "in_person",
        "requested_at": NOW.isoformat(),
        "completed_at": None,
        "parts": [
            {"service": "booking", "state": "held", "erased": {}, "held": [{"kind": "upcoming_booking", "count": 2}]},
            {"service": "queue", "state": "done", "erased": {"ticket": 3, "note": 1}, "held": []},
        ],
        "proof": None,
        "proof_hash": None,
        **changes,
    }


OPENED = {"account": account(grants=[], enrolled=False), "initial_password": PASSWORD}


class Office(County):
    """What accounts answers; `done` is what it answers to whatever is no GET, by the end of the path."""

    def __post_init__(self):
        super().__post_init__()
        self.answers |= {
            "/operator/accounts": {"items": [account()], "next_after": None},
            "/operator/accounts/acc-1": account(),
            f"/operator/erasures/{ERASURE}": erasure(),
        }
        self.done = {
            "/operator/accounts": (201, OPENED),
            "/acc-1/reset": OPENED,
            "/operator/erasures": (202, erasure(state="running")),
            "/operator/exports": b"PK-an-archive",
            **dict.fromkeys(
                ("/grants", "/grants/g1", "/suspend", "/resume", "/acc-1/sessions", "/acc-1/subject"), account()
            ),
        }

    def __call__(self, request):
        if request.method == "GET":
            return super().__call__(request)
        found = next((each for end, each in self.done.items() if request.url.path.endswith(end)), None)
        kept, self.answers = self.answers, {**self.answers, request.url.path: found}
        try:
            return super().__call__(request)
        finally:
            self.answers = kept


@pytest.fixture
def county():
    return Office()


@pytest.fixture
async def browser(county):
    async with visitor(county) as found:
        found.headers.update(identity.bearer("operator"))
        yield found


async def send(browser, address, action, **typed):
    page = await browser.get(address)
    return await browser.post(action, data={**fields(page, action), **typed})


def asked(county, method="POST"):
    return [each.url.path.removeprefix("/api/accounts/v1/operator") for each in county.asked if each.method == method]


def errors(page):
    """What is told above, each with the field that it leads to."""
    return re.findall(r'<li><a href="#([^"]+)">', page.text)


async def test_accounts_are_listed_with_roles_places_and_state(county, browser):
    county.answers["/operator/accounts"] = {
        "items": [
            account(grants=[grant(), grant(grant_id="g2", role="operator", department_id=None, venue_id=None)]),
            account(account_id="acc-2", login="zhou", name="周文清", enrolled=False, grants=[]),
            account(account_id="acc-3", login="zz", name="停", state="suspended"),
        ],
        "next_after": "zz",
    }
    page = await browser.get(LIST)
    assert page.headers["cache-control"] == "no-store"
    assert title(page) == "账号：wang.guilan 到 zz"
    assert "窗口人员（自然资源局，望川县政务服务大厅）" in page.text.replace("、", "，")
    assert "系统管理员（" not in page.text
    for words in ("还没登录设好", "停用了", "没有角色", f'href="{LIST}/acc-2"'):
        assert words in page.text
    assert "<b onclick" not in page.text
    await browser.get(re.search(rf'href="({LIST}\?after=[^"]+)"', page.text)[1])
    wanted = [each.url.params.get("after") for each in county.asked if each.url.path.endswith("/accounts")]
    assert wanted == [None, "zz"]


async def test_a_first_password_stands_in_the_one_answer_and_nowhere_else(county, browser):
    answer = await send(browser, LIST, LIST, login=" Wang.Guilan ", name=NAME, official="zhou")
    assert county.posted("/operator/accounts") == [{"login": "wang.guilan", "name": NAME, "official_id": "zhou"}]
    assert answer.status_code == 201
    assert PASSWORD in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert PASSWORD not in str(answer.headers)
    assert 'href="/staff/home?lang=en"' in answer.text, "another language does not ask for it again"
    for address in (ONE, LIST):
        page = await browser.get(address)
        assert PASSWORD not in page.text + str(page.headers) + str(dict(browser.cookies))
    assert not [each for each in county.asked if PASSWORD in unquote(str(each.url))]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"login": "王"}, "login"),
        ({"login": "ab"}, "login"),
        ({"login": "-abc"}, "login"),
        ({"name": ""}, "name"),
        ({"name": "王" * 61}, "name"),
        ({"official": "nobody"}, "official"),
    ],
)
async def test_what_cannot_be_an_account_is_told_at_its_field_and_not_asked_for(county, browser, typed, field):
    page = await send(browser, LIST, LIST, **{"login": "wang.guilan", "name": "王桂兰", **typed})
    assert page.status_code == 422
    assert errors(page) == [field]
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true"', page.text)
    assert asked(county) == []


@pytest.mark.parametrize(("code", "field"), [("login_taken", "login"), ("official_taken", "official")])
async def test_what_accounts_refuses_to_open_is_told_at_its_field_with_what_was_typed(county, browser, code, field):
    county.done["/operator/accounts"] = problem(409, code)
    page = await send(browser, LIST, LIST, login="taken", name="王<i>", official="zhou")
    assert page.status_code == 409
    assert errors(page) == [field]
    assert 'value="taken"' in page.text
    assert "王&lt;i&gt;" in page.text
    assert re.search(r'<option value="zhou" selected>', page.text)


async def test_an_account_shows_its_roles_and_what_somebody_wrote_as_text(county, browser):
    until = (NOW + timedelta(days=3)).replace(hour=0, minute=0, second=0)
    county.answers["/operator/accounts/acc-1"] = account(
        official_id="zhou", grants=[grant(valid_until=until.isoformat()), grant(grant_id="g2", role="of tomorrow")]
    )
    page = await browser.get(ONE)
    assert page.headers["cache-control"] == "no-store"
    assert title(page).endswith("：2 个角色")
    last = until - timedelta(days=1)
    assert f"到 {last.year}年{last.month}月{last.day}日" in page.text
    assert "局长 周文清" in page.text
    assert "of tomorrow" in page.text
    assert "<b onclick" not in page.text
    assert "统一身份" not in page.text, "no provider is offered"


async def test_a_role_is_given_where_and_until_when_it_was_chosen(county, browser):
    action = f"{ONE}/grants"
    answer = await send(
        browser, ONE, action, role="window_staff", department="land", venue="hall", until=NOW.date().isoformat()
    )
    assert answer.headers["location"] == ONE
    midnight = (NOW + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    (body,) = county.posted("/grants")
    assert body["valid_until"] == midnight.astimezone(ZONE).isoformat(), "the last day counts whole"
    assert (body["role"], body["department_id"], body["venue_id"]) == ("window_staff", "land", "hall")
    await send(browser, ONE, action, role="operator", department="", venue="", until="")
    anywhere = {"role": "operator", "department_id": None, "venue_id": None, "valid_until": None}
    assert county.posted("/grants")[1] == anywhere


def test_every_role_can_be_given():
    assert set(ROLES) == {*AROUND, "auditor"} == set(identity.ROLES)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"role": "king"}, "role"),
        ({"role": ""}, "role"),
        ({"department": ""}, "department"),
        ({"role": "operator", "department": "land"}, "role"),
        ({"department": "elsewhere"}, "department"),
        ({"venue": "elsewhere"}, "venue"),
        ({"until": "tomorrow"}, "until"),
        ({"until": "9999-12-31"}, "until"),
        ({"until": (NOW - timedelta(days=1)).date().isoformat()}, "until"),
    ],
)
async def test_a_role_that_cannot_be_given_is_told_at_its_field(county, browser, typed, field):
    page = await send(browser, ONE, f"{ONE}/grants", **{"role": "deputy", "department": "land", **typed})
    assert (page.status_code, errors(page), asked(county)) == (422, [field], [])


@pytest.mark.parametrize(("code", "field"), [("too_many_grants", "role"), ("last_operator", "until")])
async def test_a_role_that_accounts_refuses_is_told_at_its_field(county, browser, code, field):
    county.done["/grants"] = problem(409, code)
    page = await send(browser, ONE, f"{ONE}/grants", role="deputy", department="land")
    assert (page.status_code, errors(page)) == (409, [field])
    assert '<option value="deputy" selected>' in page.text


@pytest.mark.parametrize(
    ("deed", "method", "path"),
    [
        ("grants/g1/end", "DELETE", "/accounts/acc-1/grants/g1"),
        ("suspend", "POST", "/accounts/acc-1/suspend"),
        ("resume", "POST", "/accounts/acc-1/resume"),
        ("sign-out", "DELETE", "/accounts/acc-1/sessions"),
        ("subject/end", "DELETE", "/accounts/acc-1/subject"),
    ],
)
async def test_a_button_does_one_thing_and_shows_the_account_again(county, browser, deed, method, path):
    county.answers["/oidc"] = {"name": "市统一身份"}
    if deed == "resume":
        county.answers["/operator/accounts/acc-1"] = account(state="suspended")
    answer = await send(browser, ONE, f"{ONE}/{deed}")
    assert (answer.status_code, answer.headers["location"]) == (303, ONE)
    assert asked(county, method) == [path]


@pytest.mark.parametrize(("deed", "field"), [("grants/g1/end", "grant-g1"), ("suspend", "suspend")])
async def test_the_last_operator_stays_one_and_the_page_says_so_there(county, browser, deed, field):
    county.done = {f"/{deed.removesuffix('/end')}": problem(409, "last_operator")}
    page = await send(browser, ONE, f"{ONE}/{deed}")
    assert (page.status_code, errors(page)) == (409, [field])
    assert f'id="{field}"' in page.text
    assert "请先让别人也当系统管理员" in page.text


async def test_a_role_that_was_taken_back_already_is_what_was_wished(county, browser):
    county.done["/grants/g1"] = problem(404, "grant_unknown")
    assert (await send(browser, ONE, f"{ONE}/grants/g1/end")).headers["location"] == ONE


@pytest.mark.parametrize("deed", ["suspend", "sign-out", "reset"])
async def test_an_account_that_somebody_else_shut_meanwhile_is_shown_as_it_is(county, browser, deed):
    page = await browser.get(ONE)
    county.done = dict.fromkeys(("/suspend", "/acc-1/sessions", "/reset"), problem(409, "account_shut"))
    county.answers["/operator/accounts/acc-1"] = account(state="closed")
    page = await browser.post(f"{ONE}/{deed}", data=fields(page, f"{ONE}/{deed}"))
    assert page.status_code == 409
    assert "这个账号现在的状态不能这样改" in page.text
    assert "注销了" in page.text
    assert f"{ONE}/suspend" not in page.text


async def test_a_reset_asks_once_more_and_shows_the_new_password_once(county, browser):
    page = await browser.get(ONE)
    fold = re.search(r"<details>(.*?)</details>", page.text, re.DOTALL)
    assert f"{ONE}/reset" in fold[1], "one opens it before one presses"
    answer = await browser.post(f"{ONE}/reset", data=fields(page, f"{ONE}/reset"))
    assert PASSWORD in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert PASSWORD not in str(answer.headers)


async def test_a_subject_is_linked_where_a_provider_is_offered(county, browser):
    county.answers["/oidc"] = {"name": "市统一身份"}
    action = f"{ONE}/subject"
    assert errors(await send(browser, ONE, action, subject="")) == ["subject"]
    assert (await send(browser, ONE, action, subject="sub-7")).headers["location"] == ONE
    assert asked(county, "PUT") == ["/accounts/acc-1/subject"]
    county.done["/acc-1/subject"] = problem(409, "oidc_subject_taken")
    page = await send(browser, ONE, action, subject="sub-8")
    assert (page.status_code, errors(page)) == (409, ["subject"])
    assert 'value="sub-8"' in page.text


async def test_an_account_that_is_not_there_is_told(county, browser):
    county.answers["/operator/accounts/nobody"] = problem(404, "account_unknown")
    county.answers["/operator/accounts/no-id"] = problem(422, "invalid_request")
    assert title(await browser.get(f"{LIST}/nobody")) == "没有这个账号"
    assert (await browser.get(f"{LIST}/no-id")).status_code == 404


async def test_the_pages_go_on_without_the_roster(county, browser):
    county.away = {"roster"}
    for address in (LIST, ONE):
        page = await browser.get(address)
        assert page.status_code == 200
        assert "land" in page.text


@pytest.mark.parametrize(
    ("address", "action"),
    [
        (LIST, LIST),
        (ONE, f"{ONE}/grants"),
        (ONE, f"{ONE}/suspend"),
        (ONE, f"{ONE}/reset"),
        (RIGHTS, f"{RIGHTS}/export"),
    ],
)
async def test_an_old_form_does_nothing_and_keeps_what_was_typed(county, browser, address, action):
    page = await browser.get(address)
    typed = {"login": "kept", "name": "王", "role": "deputy", "document_type": "resident_id", "document_number": NUMBER}
    answer = await browser.post(action, data={**fields(page, action), **typed, "form_token": "0" * 64})
    assert answer.status_code == 409
    assert "这一页放得太久了" in answer.text
    assert [each for each in county.asked if each.method != "GET"] == []


async def test_all_that_is_held_of_somebody_is_handed_out_and_their_number_stands_in_no_address(county, browser):
    action = f"{RIGHTS}/export"
    answer = await send(browser, RIGHTS, action, document_type="resident_id", document_number="11010519491231002 x")
    assert answer.content == b"PK-an-archive"
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="personal-data.zip"'
    assert "no-store" in answer.headers["cache-control"]
    assert county.posted("/exports") == [{"document": {"type": "resident_id", "number": NUMBER}}]
    assert not [each for each in county.asked if NUMBER[:14] in str(each.url)]


async def test_half_of_what_is_held_is_not_handed_out(county, browser):
    county.done["/operator/exports"] = problem(503, "service_away")
    page = await send(browser, RIGHTS, f"{RIGHTS}/export", document_type="resident_id", document_number=NUMBER)
    assert page.status_code == 503
    assert "这次没有拿全" in page.text
    assert f'value="{NUMBER}"' in page.text


@pytest.mark.parametrize(
    ("typed", "fields_told"),
    [
        ({"document_number": ""}, ["document_number"]),
        ({"document_number": NUMBER[:-1] + "1"}, ["document_number"]),
        ({"document_number": "1" * 41}, ["document_number"]),
        ({"document_type": "library_card"}, ["document_type"]),
        ({"basis": "by_ear"}, ["basis"]),
    ],
)
async def test_a_document_that_cannot_be_is_told_before_anything_is_asked(county, browser, typed, fields_told):
    page = await browser.get(RIGHTS)
    form = {"document_type": "resident_id", "document_number": NUMBER, "basis": "in_person"}
    token = fields(page, f"{RIGHTS}/export")["form_token"]
    page = await browser.post(ORDERS, data={"form_token": token, **form, **typed, "sure": "yes"})
    assert (page.status_code, errors(page), asked(county)) == (422, fields_told, [])


async def test_somebody_is_forgotten_after_a_second_question_alone(county, browser):
    page = await browser.get(RIGHTS)
    assert f'formaction="{ORDERS}"' in page.text
    form = {**fields(page, f"{RIGHTS}/export"), "document_type": "resident_id", "document_number": NUMBER}
    page = await browser.post(ORDERS, data={**form, "basis": "in_writing"})
    assert title(page) == "真的要删这个人的信息吗？"
    assert page.headers["cache-control"] == "no-store"
    assert asked(county) == []
    answer = await browser.post(ORDERS, data=fields(page, ORDERS))
    assert answer.headers["location"] == f"{ORDERS}/{ERASURE}"
    wish = {"document": {"type": "resident_id", "number": NUMBER}, "basis": "in_writing"}
    assert county.posted("/erasures") == [wish]


async def test_an_order_says_what_holds_it_and_proves_itself_in_the_end(county, browser):
    page = await browser.get(f"{ORDERS}/{ERASURE}")
    assert title(page) == "有的现在还不能删"
    assert "没到日子的预约 2 个" in page.text
    assert "一共 4 处" in page.text
    proof = {"erasure_id": ERASURE, "requested_by": "王", "services": []}
    told = hash_of(proof).hex()
    county.answers[f"/operator/erasures/{ERASURE}"] = erasure(
        state="completed", completed_at=NOW.isoformat(), proof=proof, proof_hash=told, basis="signed_in"
    )
    page = await browser.get(f"{ORDERS}/{ERASURE}")
    assert title(page) == "都删完了"
    lines = [unescape(each) for each in re.findall(r"<code>(.*?)</code>", page.text)]
    assert [hashlib.sha256(lines[0].encode()).hexdigest(), lines[1]] == [told, told], "anybody can reckon it again"
    county.answers[f"/operator/erasures/{ERASURE}"] = problem(404, "erasure_unknown")
    assert title(await browser.get(f"{ORDERS}/{ERASURE}")) == "没有这次删除"


async def test_an_order_is_found_by_its_number(county, browser):
    answer = await browser.get(ORDERS, params={"number": f" {ERASURE.upper()} "})
    assert answer.headers["location"] == f"{ORDERS}/{ERASURE}"
    page = await browser.get(ORDERS, params={"number": "../../x"})
    assert (page.status_code, errors(page)) == (422, ["number"])
