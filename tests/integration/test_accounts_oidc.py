"""Signing in with a provider of OpenID Connect: a real one, by its own login form, and every way it fails."""

import asyncio
import base64
import hmac
import json
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.integration.accounts_office import BASE
from tests.integration.oidc_county import HALL, RETURN_TO, county_open, environment, provider_running, why
from tests.page_forms import fields
from tests.ports import free_ports

INTERNAL = "/internal/v1/oidc"
NO_ALGORITHM = b'{"alg":"none"}'


@pytest.fixture(scope="module")
async def issuer(tmp_path_factory):
    (port,) = free_ports(1)
    async with provider_running(tmp_path_factory.mktemp("provider"), port) as found:
        yield found


@pytest.fixture
async def county(issuer, database, settings_env, monkeypatch, request):
    told = environment(issuer, **getattr(request, "param", {}))
    async with county_open(database, settings_env, monkeypatch, told) as opened:
        yield opened


TRUSTED = pytest.mark.parametrize("county", [{"OIDC_SECOND_FACTOR": "trusted"}], indirect=True)
BY_LOGIN = pytest.mark.parametrize("county", [{"OIDC_LINK_BY_LOGIN": "true"}], indirect=True)


async def linked(county, login, issuer, *, enrolled=True):
    """Somebody whom the provider means by one of its subjects, which an operator has linked."""
    person = await (county.office.enrol if enrolled else county.office.open)(login, "window_staff")
    operator = await county.office.token(await county.office.enrol(f"operator.{login}", "operator"))
    path = f"/operator/accounts/{person.account_id}/subject"
    subject = {"wang.guilan": "1", "zhou.wenqing": "2", "stranger": "3"}[login]
    answered = await county.office.ask("PUT", path, operator, json={"subject": subject})
    assert answered.status_code == 200, answered.text
    return person, operator


async def shown(browser, answer):
    """The page that an answer leads to."""
    return await browser.pages.get(answer.headers["location"])


async def test_the_whole_way_with_the_telephones_code(county, issuer):
    person, _ = await linked(county, "wang.guilan", issuer)
    browser = await county.browser()
    asked = parse_qs(urlsplit(await browser.ask()).query)
    assert (asked["response_type"], asked["code_challenge_method"]) == (["code"], ["S256"])
    assert asked["redirect_uri"] == [RETURN_TO]
    assert "prompt" not in asked
    answer = await browser.walk("wang.guilan", to="/staff/officials/zhou")
    assert answer.headers["location"] == "/sign-in/oidc/code"
    assert "session" not in browser.pages.cookies
    wrong = await browser.type_code("000000")
    assert wrong.status_code == HTTPStatus.UNAUTHORIZED
    assert "动态码不对" in wrong.text
    done = await browser.type_code(person.code())
    assert (done.status_code, done.headers["location"]) == (303, "/staff/officials/zhou")
    principal = await county.office.believed(browser.pages.cookies["session"])
    assert principal.account_id == str(person.account_id)
    assert [each.role for each in principal.held] == ["window_staff"]
    assert set(browser.pages.cookies) == {"session", "form"}, "nothing is left of the way"
    (row,) = await county.office.owner(
        "select details from audit_entry where action = 'account.signed_in' order by number desc limit 1"
    )
    assert json.loads(row["details"])["via"] == "oidc"
    assert await county.office.owner("select from audit_entry where action = 'account.code_refused'")


@TRUSTED
async def test_a_second_factor_that_the_provider_vouches_for_is_believed_where_trusted(county, issuer):
    person, _ = await linked(county, "zhou.wenqing", issuer, enrolled=False)
    browser = await county.browser()
    assert parse_qs(urlsplit(await browser.ask()).query)["prompt"] == ["login"]
    answer = await browser.walk("zhou.wenqing")
    assert answer.headers["location"] == "/staff/today"
    principal = await county.office.believed(browser.pages.cookies["session"])
    assert (principal.account_id, principal.scope) == (str(person.account_id), None)


@TRUSTED
async def test_without_that_word_the_code_is_asked_for_all_the_same(county, issuer):
    await linked(county, "wang.guilan", issuer)
    browser = await county.browser()
    assert (await browser.walk("wang.guilan")).headers["location"] == "/sign-in/oidc/code"


async def test_that_word_opens_nothing_where_the_code_is_required_here(county, issuer):
    await linked(county, "zhou.wenqing", issuer)
    browser = await county.browser()
    assert (await browser.walk("zhou.wenqing")).headers["location"] == "/sign-in/oidc/code"
    assert "session" not in browser.pages.cookies


async def test_whoever_has_no_telephone_yet_is_told_to_set_it_up_by_the_password(county, issuer):
    await linked(county, "wang.guilan", issuer, enrolled=False)
    browser = await county.browser()
    answer = await browser.walk("wang.guilan")
    assert why(answer) == "oidc_telephone_missing"
    page = await shown(browser, answer)
    assert page.status_code == HTTPStatus.FORBIDDEN
    assert "您还没有绑定手机" in page.text


async def test_unknown_and_suspended_are_told_alike_on_one_clear_page(county, issuer):
    person, operator = await linked(county, "wang.guilan", issuer)
    answered = await county.office.ask("POST", f"/operator/accounts/{person.account_id}/suspend", operator)
    assert answered.status_code == 200
    pages = []
    for username in ("stranger", "wang.guilan"):
        browser = await county.browser()
        answer = await browser.walk(username)
        assert why(answer) == "oidc_subject_unknown"
        page = await shown(browser, answer)
        assert page.status_code == HTTPStatus.FORBIDDEN
        assert "您的统一身份在这里还不能登录" in page.text
        pages.append(page.text.partition("<main")[2].partition("<form")[0])
        assert "session" not in browser.pages.cookies
    assert pages[0] == pages[1]


async def test_whoever_is_suspended_while_typing_the_code_is_not_let_in(county, issuer):
    person, operator = await linked(county, "wang.guilan", issuer)
    browser = await county.browser()
    await browser.walk("wang.guilan")
    await county.office.ask("POST", f"/operator/accounts/{person.account_id}/suspend", operator)
    assert why(await browser.type_code(person.code())) == "oidc_subject_unknown"


async def test_the_same_name_at_the_provider_links_nobody_by_itself(county):
    await county.office.enrol("wang.guilan")
    browser = await county.browser()
    assert why(await browser.walk("wang.guilan")) == "oidc_subject_unknown"
    assert await county.office.owner("select from oidc_subject") == []


@BY_LOGIN
async def test_where_the_county_says_so_the_same_name_links_at_first_use_and_once(county, issuer):
    person = await county.office.enrol("wang.guilan")
    browser = await county.browser()
    assert (await browser.walk("wang.guilan")).headers["location"] == "/sign-in/oidc/code"
    assert (await browser.type_code(person.code())).headers["location"] == "/staff/today"
    (row,) = await county.office.owner("select account_id, linked_by from oidc_subject")
    assert (row["account_id"], row["linked_by"]) == (person.account_id, "oidc")
    # Whom an operator has linked to somebody else keeps that, whoever comes with the name.
    other, _ = await linked(county, "zhou.wenqing", issuer)
    await county.office.owner("delete from oidc_subject where account_id = $1", other.account_id)
    operator = await county.office.token(await county.office.enrol("operator.more", "operator"))
    path = f"/operator/accounts/{other.account_id}/subject"
    await county.office.ask("PUT", path, operator, json={"subject": "somebody-elses"})
    browser.forget_provider()
    assert why(await browser.walk("zhou.wenqing")) == "oidc_subject_unknown"


async def test_an_answer_counts_only_in_the_browser_that_asked(county, issuer):
    await linked(county, "wang.guilan", issuer)
    mine, theirs = await county.browser(), await county.browser()
    address = await mine.recognised(await mine.ask(), "wang.guilan")
    assert why(await theirs.pages.get(address)) == "oidc_expired", "no cookie"
    await theirs.ask()
    assert why(await theirs.pages.get(address)) == "oidc_expired", "the cookie of another question"
    changed = httpx.URL(address).copy_set_param("state", "made-up")
    assert why(await mine.pages.get(changed)) == "oidc_expired"
    await mine.ask()
    assert why(await mine.pages.get(address)) == "oidc_expired", "an earlier question of the same browser"


async def test_a_code_opens_once(county, issuer):
    await linked(county, "wang.guilan", issuer)
    browser = await county.browser()
    await browser.ask()
    asked = await county.office.client.post(f"{INTERNAL}/begin", json={"return_to": RETURN_TO}, headers=service(county))
    answer = parse_qs(urlsplit(await browser.recognised(asked.json()["address"], "wang.guilan")).query)
    body = {"question": asked.json()["question"], "state": answer["state"][0], "code": answer["code"][0]}
    body["issuer"] = answer["iss"][0]
    first = await county.office.client.post(f"{INTERNAL}/finish", json=body, headers=service(county))
    assert (first.status_code, bool(first.json()["ticket"])) == (200, True)
    again = await county.office.client.post(f"{INTERNAL}/finish", json=body, headers=service(county))
    assert (again.status_code, again.json()["code"]) == (401, "oidc_refused")
    # Another browser's question has another verifier (PKCE): its code is not exchanged by this one.
    other = (await county.office.client.post(
        f"{INTERNAL}/begin", json={"return_to": RETURN_TO}, headers=service(county)
    )).json()  # fmt: skip
    stolen = parse_qs(urlsplit(await browser.recognised(other["address"], "wang.guilan")).query)
    mixed = {**body, "code": stolen["code"][0]}
    refused = await county.office.client.post(f"{INTERNAL}/finish", json=mixed, headers=service(county))
    assert (refused.status_code, refused.json()["code"]) == (401, "oidc_refused")
    elsewhere = {**body, "question": other["question"], "state": stolen["state"][0], "code": stolen["code"][0]}
    mixed_up = await county.office.client.post(
        f"{INTERNAL}/finish", json={**elsewhere, "issuer": "https://evil.example"}, headers=service(county)
    )
    assert mixed_up.json()["code"] == "oidc_refused"


def service(county):
    """What our own pages show."""
    settings = county.office.app.state.settings
    return {"X-Service-Secret": settings.service_secret.get_secret_value()}


async def test_only_our_own_pages_may_ask(county):
    for path, body in (("begin", {"return_to": RETURN_TO}), ("finish", {}), ("code", {})):
        answer = await county.office.client.post(f"{INTERNAL}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")


def packed(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(kind, genuine, public):
    """An ID token that is not the provider's, made of one that is."""
    header, payload, signature = genuine.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    plain = packed(json.dumps(claims | {"sub": "1"}).encode())
    match kind:
        case "none":
            return f"{packed(NO_ALGORITHM)}.{plain}."
        case "public key as password":
            signed = f"{packed(json.dumps({'alg': 'HS256', 'kid': public.kid}).encode())}.{plain}"
            return f"{signed}.{packed(hmac.digest(public.as_pem(private=False), signed.encode(), 'sha256'))}"
        case "another key":
            return jwt.encode({"alg": "RS256", "kid": public.kid}, claims | {"sub": "1"}, RSAKey.generate_key(2048))
        case "another subject":
            return f"{header}.{plain}.{signature}"
    raise AssertionError(kind)


@pytest.mark.parametrize(
    "kind", ["none", "public key as password", "another key", "another subject", "another question's"]
)
async def test_a_token_that_is_not_the_answer_to_this_question_is_refused(county, issuer, monkeypatch, kind):
    await linked(county, "wang.guilan", issuer)
    provider = county.office.app.state.runtime.parts["provider"]
    exchange, earlier = provider._exchange, []

    async def exchanged(*arguments):
        answer = await exchange(*arguments)
        earlier.append(answer)
        if len(earlier) == 1:
            return answer
        if kind == "another question's":  # genuine, and whole: its access token goes with it
            return earlier[0]
        published = (await provider._http.get(f"{issuer}/.well-known/jwks.json")).json()["keys"][0]
        made = forged(kind, answer["id_token"], RSAKey.import_key(published))
        return {**answer, "id_token": made}

    monkeypatch.setattr(provider, "_exchange", exchanged)
    browser = await county.browser()
    assert (await browser.walk("wang.guilan")).headers["location"] == "/sign-in/oidc/code", "the genuine one"
    browser.forget_provider()
    assert why(await browser.walk("stranger")) == "oidc_refused"


async def test_the_pages_say_so_where_the_provider_is_away_or_refuses(county, monkeypatch):
    browser = await county.browser()
    await browser.ask()
    assert why(await browser.pages.get(f"{RETURN_TO}?error=access_denied&state=x")) == "oidc_refused"
    address = await browser.ask()
    provider = county.office.app.state.runtime.parts["provider"]
    gone = provider._settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:1"})
    monkeypatch.setattr(provider, "_metadata", None)
    monkeypatch.setattr(provider, "_settings", gone)
    state = parse_qs(urlsplit(address).query)["state"][0]
    assert why(await browser.pages.get(RETURN_TO, params={"code": "x", "state": state})) == "oidc_unavailable"
    answer = await browser.pages.get("/sign-in/oidc")
    assert why(answer) == "oidc_unavailable"
    assert (await shown(browser, answer)).status_code == HTTPStatus.SERVICE_UNAVAILABLE


async def test_no_way_back_leads_elsewhere(county, issuer):
    person, _ = await linked(county, "wang.guilan", issuer)
    browser = await county.browser()
    answer = await browser.pages.get("/sign-in/oidc", params={"to": "https://evil.example/"})
    back = await browser.recognised(answer.headers["location"], "wang.guilan")
    await browser.pages.get(back)
    assert (await browser.type_code(person.code())).headers["location"] == "/staff/home"
    unknown_host = await browser.pages.get("/sign-in/oidc", headers={"Host": "evil.example"})
    assert why(unknown_host) == "oidc_not_offered"


async def test_guesses_at_the_code_are_counted_as_at_a_password(county, issuer):
    person, _ = await linked(county, "wang.guilan", issuer)
    browser = await county.browser()
    await browser.walk("wang.guilan")
    answers = [await browser.type_code(f"{guess:06}") for guess in range(11)]
    assert [each.status_code for each in answers] == [401] * 10 + [429]
    assert (await browser.type_code(person.code())).status_code == 429
    assert (await county.office.sign_in(person)).status_code == 429


async def test_answers_that_nobody_gave_are_counted_by_address(county, issuer):
    await linked(county, "wang.guilan", issuer)
    county.office.set(tries_per_address=2)
    told = []
    for _ in range(3):
        browser = await county.browser()
        state = parse_qs(urlsplit(await browser.ask()).query)["state"][0]
        told.append(await browser.pages.get(RETURN_TO, params={"code": "made-up", "state": state, "iss": issuer}))
    assert [why(each) for each in told] == ["oidc_refused", "oidc_refused", "too_many_tries"]
    assert (await shown(browser, told[-1])).status_code == HTTPStatus.TOO_MANY_REQUESTS


@TRUSTED
async def test_two_sign_ins_from_one_hall_never_wait_for_each_other(county, issuer):
    """Whoever signs in by a password holds the audit's end, and then wants the count of their address."""
    await linked(county, "zhou.wenqing", issuer)
    browser = await county.browser()
    other = await asyncpg.connect(county.office.owner_dsn)
    try:
        async with other.transaction():
            await other.execute("select pg_advisory_xact_lock(hashtext('shared.audit'))")
            walking = asyncio.create_task(browser.walk("zhou.wenqing"))
            async with asyncio.timeout(20):
                while not await other.fetchval("select exists (select from pg_locks where not granted)"):
                    assert not walking.done(), "nothing was recorded, so nothing was tried"
                    await asyncio.sleep(0.05)
            await other.execute("set local lock_timeout = '1s'")
            await other.execute("update tries set count = count")
    finally:
        await other.close()
    assert (await walking).headers["location"] == "/staff/today"


async def test_one_subject_is_one_account(county, issuer):
    person, operator = await linked(county, "wang.guilan", issuer)
    other = await county.office.enrol("li.wei")
    path = f"/operator/accounts/{other.account_id}/subject"
    taken = await county.office.ask("PUT", path, operator, json={"subject": "1"})
    assert (taken.status_code, taken.json()["code"]) == (409, "oidc_subject_taken")
    path = f"/operator/accounts/{person.account_id}/subject"
    assert (await county.office.ask("PUT", path, operator, json={"subject": "1"})).status_code == 200, "twice is once"
    assert (await county.office.ask("DELETE", path, operator)).status_code == 200
    assert (await county.office.ask("DELETE", path, operator)).json()["code"] == "oidc_subject_unknown"
    not_operator = await county.office.token(person)
    assert (await county.office.ask("PUT", path, not_operator, json={"subject": "1"})).status_code == 403
    browser = await county.browser()
    assert why(await browser.walk("wang.guilan")) == "oidc_subject_unknown"


async def test_nothing_is_offered_where_nothing_is_configured(database, settings_env, monkeypatch):
    async with county_open(database, settings_env, monkeypatch, {}) as county:
        browser = await county.browser()
        page = await browser.pages.get("/sign-in")
        assert page.status_code == 200
        assert "/sign-in/oidc" not in page.text
        assert why(await browser.pages.get("/sign-in/oidc")) == "oidc_not_offered"


async def test_ones_own_sign_ins_are_shown_and_ended(county):
    person = await county.office.enrol("wang.guilan")

    async def sign_in(agent):
        browser = await county.browser(agent)
        page = await browser.pages.get("/sign-in")
        typed = {"login": person.login, "password": person.password, "code": person.code()}
        answer = await browser.pages.post(
            "/sign-in", data={**fields(page, "/sign-in"), **typed}, headers={"Origin": HALL}
        )
        assert answer.status_code == 303, answer.text
        await county.office.free_code(person)
        return browser

    here = await sign_in("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36")
    phone = await sign_in("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148 MicroMessenger/8.0 Safari/604")
    await sign_in("curl/8.0 <script>alert(1)</script>")
    page = await here.pages.get("/staff/sign-ins")
    assert page.status_code == 200, page.text
    assert page.headers["cache-control"] == "no-store"
    assert "您在 3 处登录着" in page.text
    assert "Chrome" in page.text
    assert "微信" in page.text
    assert "不知道什么浏览器" in page.text
    assert "<script>alert" not in page.text
    assert page.text.count("就是这里") == 1
    assert "10.1.2.3" in page.text
    shown_to_all = (await county.office.ask("GET", "/me/sessions", here.pages.cookies["session"])).json()["items"]
    of_phone = next(each for each in shown_to_all if "MicroMessenger" in each["agent"])
    action = f"/staff/sign-ins/{of_phone['session_id']}/end"
    ended = await here.pages.post(action, data=fields(page, action), headers={"Origin": HALL})
    assert (ended.status_code, ended.headers["location"]) == (303, "/staff/sign-ins")
    assert (await county.office.ask("GET", "/me", phone.pages.cookies["session"])).status_code == 401
    twice = await here.pages.post(action, data=fields(page, action), headers={"Origin": HALL})
    assert twice.status_code == 303
    page = await here.pages.get("/staff/sign-ins")
    assert "您在 2 处登录着" in page.text
    action = "/staff/sign-ins/others/end"
    elsewhere = await here.pages.post(action, data=fields(page, action), headers={"Origin": "https://evil.example"})
    assert elsewhere.status_code == 403
    await here.pages.post(action, data=fields(page, action), headers={"Origin": HALL})
    page = await here.pages.get("/staff/sign-ins")
    assert "您在 1 处登录着" in page.text
    assert action not in page.text
    somebody = await county.office.token(await county.office.enrol("li.wei"))
    other = (await county.office.ask("GET", "/me/sessions", somebody)).json()["items"][0]["session_id"]
    refused = await county.office.ask("DELETE", f"/me/sessions/{other}", here.pages.cookies["session"])
    assert (refused.status_code, refused.json()["code"]) == (404, "session_unknown"), "nobody ends another's"
    assert (await county.office.client.get(f"{BASE}/me", headers={"Authorization": f"Bearer {somebody}"})).is_success
