"""The life of a case over HTTP: from its registration to one of its three closings."""

import asyncio
from datetime import date, timedelta

import pytest

from tests.integration import cases_town
from tests.integration.cases_town import API, DIGITS, MONDAY, PERSON, STAFF, Town


@pytest.fixture
async def town(database, settings_env, monkeypatch, set_county_now):
    async with cases_town.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def test_from_a_citizens_words_to_the_verified_closing(town: Town):
    case = await town.raised()
    assert (case["state"], case["level"], case["holder"], case["next_step"]) == (
        "registered", "window", "department", "accept",
    )  # fmt: skip
    assert case["department_zh"] == "land局"
    assert case["next_on"] == "2026-03-03", "one working day to accept"
    case_id = case["case_id"]
    await town.do("land", case_id, "accept")
    card = await town.do("land", case_id, "take")
    assert (card["state"], card["handler_id"], card["next_on"]) == ("in_progress", "land-1", "2026-03-16")
    await town.do("land", case_id, "answer", words="灯已经修好, 换了三盏。")
    shown = (await town.looked_up(case["number"])).json()
    assert shown["may"] == ["confirm", "refuse", "add"]
    assert [each["words"] for each in shown["answers"]] == ["灯已经修好, 换了三盏。"]
    closed = (await town.reply(case, "confirm")).json()
    assert (closed["state"], closed["closing"], closed["next_on"], closed["may"]) == ("closed", "verified", None, [])
    assert await town.story(case_id) == [
        ("registered", None), ("accepted", None), ("taken", None), ("answered", None), ("closed", "confirmed"),
    ]  # fmt: skip
    told = await town.fetch(
        "select type, version, payload from outbox where topic = 'cases.cases.v1' order by position"
    )
    assert [row["type"] for row in told] == [
        "cases.CaseRegistered", "cases.CaseAccepted", "cases.CaseTaken", "cases.CaseAnswered", "cases.CaseClosed",
    ]  # fmt: skip
    assert [row["version"] for row in told] == [1, 2, 3, 4, 5]


async def test_no_word_and_no_person_is_in_an_event_or_in_the_clear(town: Town):
    case = await town.answered()
    await town.reply(case, "refuse", words="还是不亮, 您来看看。")
    payloads = " ".join(row["payload"] for row in await town.fetch("select payload from outbox"))
    stored = ""
    for table in ('"case"', "step", "part", "measure", "call_back"):
        rows = await town.fetch(f"select to_jsonb({table}.*) as row from {table}")
        stored += " ".join(row["row"] for row in rows)
    for words in ("路灯", "青石村", "修好", "不亮", "王桂兰", "13800002741", DIGITS):
        assert words not in payloads, words
        assert words.encode().hex() not in stored, words
        assert words not in stored or words == DIGITS, words


async def test_a_return_names_the_right_department_within_a_working_day_and_after_two_the_assignment_binds(town: Town):
    case_id = (await town.raised())["case_id"]
    assert await town.refused("land", case_id, "return", department_id="land", words="x") == "same_department"
    assert await town.refused("land", case_id, "return", department_id="nobody", words="x") == "department_unknown"
    answer = await town.try_("land", case_id, "return", department_id="transport", words="路归交通管。")
    assert answer.json()["seen"] is False, "what was given back is another's"
    card = await town.card(case_id)
    assert (card["state"], card["holder"], card["department_id"], card["next_step"]) == (
        "returned", "manager", None, "assign",
    )  # fmt: skip
    await town.do("manager", case_id, "assign", department_id="transport", words="请交通局接。")
    await town.do("transport", case_id, "return", department_id="water", words="灯归水利。")
    card = await town.do("manager", case_id, "assign", department_id="water", words="请水利局接, 不再退。")
    assert (card["state"], card["department_id"], card["next_step"]) == ("accepted", "water", "answer")
    assert await town.refused("water", case_id, "return", department_id="land", words="x") == "act_not_now"
    assert ("assigned", "binding") in await town.story(case_id)


async def test_a_return_after_its_day_is_too_late(town: Town):
    case_id = (await town.raised())["case_id"]
    await town.on(MONDAY + timedelta(days=2))
    file = await town.file(case_id, "land")
    assert "return" not in file["may"]["handle"]
    assert await town.refused("land", case_id, "return", department_id="water", words="x") == "return_too_late"


async def test_a_case_is_extended_at_most_twice_by_somebody_else_and_a_petition_once(town: Town):
    case_id = (await town.raised())["case_id"]
    await town.do("land", case_id, "accept")
    before = (await town.card(case_id))["due_on"]
    assert await town.refused("land", case_id, "ask_extension", days=31, words="x") == "extension_too_long"
    for times in range(2):
        await town.do("land", case_id, "ask_extension", days=5, words="等材料。")
        assert await town.refused("land", case_id, "ask_extension", days=5, words="x") == "act_not_now"
        asked = (await town.file(case_id))["extension_asked"]
        assert asked == {"days": 5, "words": "等材料。"}, times
        await town.do("manager", case_id, "grant_extension")
    assert (before, (await town.card(case_id))["due_on"]) == ("2026-03-16", "2026-03-30")
    assert await town.refused("land", case_id, "ask_extension", days=1, words="x") == "extensions_used"
    petition = (await town.raised(kind="petition"))["case_id"]
    assert (await town.card(petition))["due_on"] == "2026-05-01", "sixty calendar days"
    await town.do("land", petition, "accept")
    await town.do("land", petition, "ask_extension", days=30, words="x")
    await town.do("supervisor", petition, "grant_extension")
    assert (await town.card(petition))["due_on"] == "2026-05-31"
    assert await town.refused("land", petition, "ask_extension", days=1, words="x") == "extensions_used"


async def test_nobody_approves_the_extension_that_they_asked_for(town: Town):
    cases_town.WHO["both"] = {"roles": ("window_staff", "hall_manager"), "account_id": "both-1"}
    case_id = (await town.raised())["case_id"]
    await town.do("both", case_id, "accept")
    await town.do("both", case_id, "ask_extension", days=5, words="x")
    assert "grant_extension" not in (await town.file(case_id, "both"))["may"]["oversee"]
    assert await town.refused("both", case_id, "grant_extension") == "own_extension"
    card = await town.do("manager", case_id, "refuse_extension", words="抓紧。")
    assert card["due_on"] == "2026-03-16"


async def test_a_rest_lengthens_the_term_and_ends_by_itself(town: Town):
    case_id = (await town.raised())["case_id"]
    await town.do("land", case_id, "accept")
    saturday = date(2026, 3, 7)
    assert await town.refused("land", case_id, "suspend", until=str(saturday), words="x") == "date_is_rest_day"
    assert await town.refused("land", case_id, "suspend", until=str(MONDAY), words="x") == "date_not_ahead"
    card = await town.do("land", case_id, "suspend", until="2026-03-06", words="等鉴定。")
    assert (card["state"], card["light"], card["next_on"]) == ("suspended", "paused", "2026-03-06")
    await town.on(date(2026, 3, 7))
    await town.look()
    card = await town.card(case_id)
    assert (card["state"], card["due_on"]) == ("accepted", "2026-03-20"), "four working days later"
    assert ("resumed", "rest_over") in await town.story(case_id)


async def test_a_referral_has_a_next_date_and_the_clock_runs_on(town: Town):
    case_id = (await town.raised())["case_id"]
    await town.do("land", case_id, "accept")
    card = await town.do("land", case_id, "refer", body="市住建局", next_on="2026-03-12", words="请示标准。")
    assert (card["next_step"], card["next_on"]) == ("answer", "2026-03-16")
    assert (await town.file(case_id))["referral"] == {"body": "市住建局", "next_on": "2026-03-12"}


async def test_one_lead_and_named_helpers_each_with_a_part_and_a_date(town: Town):
    case_id = (await town.raised())["case_id"]
    await town.do("land", case_id, "accept")
    await town.do("land", case_id, "take")
    part = {"department_id": "transport", "words": "补路面。", "due_on": "2026-03-10"}
    await town.do("land", case_id, "give_part", **part)
    assert await town.refused("land", case_id, "give_part", **part) == "same_department"
    assert await town.refused("land", case_id, "give_part", **{**part, "department_id": "land"}) == "same_department"
    assert await town.refused("land", case_id, "answer", words="x") == "parts_open"
    desk = (await town.ask("transport", "GET", f"{STAFF}/desk")).json()
    assert [each["part"]["words"] for each in desk["parts"]] == ["补路面。"]
    file = await town.file(case_id, "transport")
    assert file["may"]["handle"] == ["end_part", "note"]
    assert file["person"]["masked"] is True
    part_id = file["parts"][0]["part_id"]
    assert (await town.try_("health", case_id, "end_part", part_id=part_id, words="x")).status_code == 404
    await town.do("transport", case_id, "end_part", part_id=part_id, words="补好了。")
    assert await town.refused("transport", case_id, "end_part", part_id=part_id, words="x") == "access_denied"
    assert (await town.do("land", case_id, "answer", words="都好了。"))["state"] == "answered"


async def test_a_refusal_reopens_for_another_handler_and_the_second_goes_to_the_supervisor(town: Town):
    case = await town.answered()
    case_id = case["case_id"]
    refused = (await town.reply(case, "refuse", words="还是不亮。")).json()
    assert (refused["state"], refused["level"], refused["next_on"]) == ("accepted", "window", "2026-03-09")
    assert await town.refused("land", case_id, "take") == "same_handler"
    assert await town.refused("land_head", case_id, "hand_to", handler_id="land-1") == "same_handler"
    await town.do("land2", case_id, "take")
    await town.do("land2", case_id, "answer", words="又修了。")
    again = (await town.reply(case, "refuse", words="修了一盏。")).json()
    assert (again["state"], again["holder"], again["next_step"]) == ("contested", "supervisor", "review")
    assert await town.refused("manager", case_id, "review", decision="reopen", words="x") == "access_denied"
    card = await town.do("supervisor", case_id, "review", decision="move_up", words="请联审会定。")
    assert (card["state"], card["level"], card["department_id"]) == ("accepted", "joint_review", "land")
    assert [each for each in await town.story(case_id) if each[0] in {"refused", "reopened"}] == [
        ("refused", "first"), ("refused", "second"), ("reopened", "moved_up"),
    ]  # fmt: skip


async def test_the_supervisor_closes_with_reason_and_remedy(town: Town):
    case = await town.raised()
    assert (await town.try_("supervisor", case["case_id"], "close", words="属法院受理。")).status_code == 422
    card = await town.do("supervisor", case["case_id"], "close", words="属法院受理。", remedy="可向县法院起诉。")
    assert (card["state"], card["closing"]) == ("closed", "by_supervisor")
    shown = (await town.looked_up(case["number"])).json()
    assert shown["story"][-1]["words"] == "属法院受理。\n可向县法院起诉。"


async def test_three_unanswered_calls_on_three_working_days_close_as_not_reached(town: Town):
    case = await town.answered()
    case_id = case["case_id"]
    await town.do("manager", case_id, "call_back", result="unanswered", words="没人接。")
    assert await town.refused("manager", case_id, "call_back", result="unanswered", words="x") == "called_today"
    await town.on(date(2026, 3, 7))
    assert await town.refused("manager", case_id, "call_back", result="unanswered", words="x") == "date_is_rest_day"
    await town.on(date(2026, 3, 9))
    await town.do("manager", case_id, "call_back", result="unanswered", words="没人接。")
    await town.on(date(2026, 3, 10))
    card = await town.do("supervisor", case_id, "call_back", result="unanswered", words="没人接。")
    assert (card["state"], card["closing"]) == ("closed", "not_reached")
    reopened = (await town.reply(case, "refuse", words="我在的, 灯没修。")).json()
    assert (reopened["state"], reopened["closing"]) == ("accepted", None)


async def test_a_documented_call_back_verifies(town: Town):
    case = await town.answered()
    assert await town.refused("land", case["case_id"], "call_back", result="confirmed", words="x") == "access_denied"
    card = await town.do("manager", case["case_id"], "call_back", result="confirmed", words="老人说亮了。")
    assert (card["state"], card["closing"]) == ("closed", "verified")
    shown = (await town.looked_up(case["number"])).json()
    assert shown["story"][-1]["words"] is None, "what the caller wrote down is the county's"
    assert (await town.file(case["case_id"]))["calls"][0]["words"] == "老人说亮了。"


async def test_measures_are_promised_and_kept_with_proof_also_after_the_closing(town: Town):
    case = await town.raised()
    await town.do("land", case["case_id"], "accept")
    await town.do(
        "land", case["case_id"], "promise_measure", beneficiary="household", words="送煤两吨。", due_on="2026-03-20"
    )
    await town.work(case["case_id"])
    await town.reply(case, "confirm")
    (measure,) = (await town.file(case["case_id"], "land"))["measures"]
    assert (await town.ask("land", "GET", f"{STAFF}/desk")).json()["measures"][0]["measure"]["words"] == "送煤两吨。"
    await town.do("land", case["case_id"], "keep_measure", measure_id=measure["measure_id"], words="已送, 有签收。")
    (measure,) = (await town.file(case["case_id"], "land"))["measures"]
    assert (measure["done_on"], measure["proof"]) == ("2026-03-02", "已送, 有签收。")
    assert (await town.ask("land", "GET", f"{STAFF}/desk")).json()["measures"] == []


async def test_what_somebody_saw_before_somebody_else_acted_is_refused(town: Town):
    case_id = (await town.raised())["case_id"]
    await town.do("land", case_id, "accept")
    assert await town.refused("land", case_id, "take", version=1) == "case_moved_on"


async def test_the_same_key_is_one_case_and_another_body_is_refused(town: Town):
    key = "k" * 20
    first, second = await town.raise_(key=key), await town.raise_(key=key)
    assert first.json()["number"] == second.json()["number"]
    assert (await town.raise_(key=key, title="别的事")).json()["code"] == "idempotency_key_reused"
    assert len(await town.fetch('select from "case"')) == 1
    entered = [await town.enter_(key="e" * 20) for _ in range(2)]
    assert entered[0].json()["card"]["case_id"] == entered[1].json()["card"]["case_id"]


async def test_a_number_opens_with_its_own_digits_alone_and_tries_are_counted(town: Town):
    case = await town.raised()
    assert (await town.looked_up(case["spoken"])).status_code == 200
    for _ in range(5):
        wrong = await town.looked_up(case["number"], "0000")
        assert (wrong.status_code, wrong.json()["code"]) == (404, "case_unknown")
    refused = await town.looked_up(case["number"])
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tries")
    assert int(refused.headers["Retry-After"]) > 0
    typo = case["number"][:-1] + str((int(case["number"][-1]) + 1) % 10)
    found = (await town.looked_up(typo)).json()
    assert found["errors"][0]["code"] == "code_check_character"


async def test_likely_duplicates_are_offered_and_merged_or_linked_by_a_person(town: Town):
    first = await town.raised(title="青石村路灯不亮")
    second = await town.raised(title="青石村的路灯不亮了", person={"name": "李大山", "phone": "13900001234"})
    other = await town.raised(title="医保报销太慢", person={"name": "李大山", "phone": "13900005678"})
    found = (await town.ask("manager", "GET", f"{STAFF}/cases/{second['case_id']}/likely")).json()["items"]
    assert [each["case_id"] for each in found] == [first["case_id"]]
    assert await town.refused("manager", first["case_id"], "merge", into=first["case_id"]) == "merge_into_itself"
    merged = await town.do("manager", second["case_id"], "merge", into=first["case_id"], words="同一件事。")
    assert merged["state"] == "merged"
    file = await town.file(first["case_id"])
    assert file["card"]["raisings"] == 2
    assert [each["relation"] for each in file["links"]] == ["merged_from"]
    await town.do("manager", other["case_id"], "link", **{"with": first["case_id"]})
    assert {each["relation"] for each in (await town.file(first["case_id"]))["links"]} == {"merged_from", "linked"}
    assert await town.refused("manager", other["case_id"], "merge", into=second["case_id"]) == "other_case_unknown"


async def test_the_third_raising_by_the_same_person_goes_to_the_supervisor_and_on_no_list(town: Town):
    number = None
    for _ in range(2):
        number = (await town.raised(raised_before=number))["number"]
    stranger = {"name": "李大山", "phone": "13900001234"}
    refused = await town.raise_(raised_before=number, person=stranger)
    assert refused.json()["code"] == "raised_before_unknown"
    third = await town.raised(raised_before=number)
    assert (third["holder"], third["next_step"]) == ("supervisor", "assign")
    assert ("registered", "third_raising") in await town.story(third["case_id"])
    assert await town.refused("manager", third["case_id"], "assign", department_id="land", words="x") == "access_denied"
    await town.look()
    assert (await town.card(third["case_id"]))["listed"] is False


async def test_a_complaint_about_a_person_never_reaches_that_person_or_their_office(town: Town):
    case = await town.raised(
        kind="complaint", about_person=True, about="三号窗口的人骂人", about_department_id="land", department_id="land"
    )
    case_id = case["case_id"]
    assert (case["holder"], case["department_zh"]) == ("supervisor", None)
    for who in ("land", "land_head", "manager", "county", "health"):
        assert (await town.ask(who, "GET", f"{STAFF}/cases/{case_id}")).status_code == 404, who
        listed = (await town.ask(who, "GET", f"{STAFF}/cases")).json()["items"]
        assert listed == [], who
        assert (await town.try_(who, case_id, "note", words="x")).status_code in {403, 404}, who
    cases_town.WHO["land_supervisor"] = {
        "roles": ("supervisor", "director"),
        "department_id": "land",
        "account_id": "x",
    }
    assert (await town.ask("land_supervisor", "GET", f"{STAFF}/cases/{case_id}")).status_code == 404
    wrong = await town.refused("supervisor", case_id, "assign", department_id="land", words="x")
    assert wrong == "department_complained_about"
    await town.do("supervisor", case_id, "assign", department_id="health", words="请查。")
    assert (await town.file(case_id, "health"))["about"] == "三号窗口的人骂人"
    await town.do("health", case_id, "accept")
    part = {"department_id": "land", "words": "x", "due_on": "2026-03-10"}
    assert await town.refused("health", case_id, "give_part", **part) == "department_complained_about"
    assert await town.refused("supervisor", case_id, "list", words="x") == "act_not_now"
    states = [row["payload"] for row in await town.fetch("select payload from outbox order by position")]
    assert '"department_id":null' in states[0]
    assert "land" not in "".join(states)


async def test_whoever_signed_in_finds_their_cases_again(town: Town):
    from tests import identity  # noqa: PLC0415  (one citizen)

    account = "0199b6a0-0000-7000-8000-000000000001"
    headers = identity.bearer(kind="citizen", account_id=account)
    made = await town.http.post(
        f"{API}/cases",
        json={"kind": "suggestion", "title": "多开一个窗口", "text": "排队太长。", "person": PERSON},
        headers={**headers, "Idempotency-Key": "m" * 20},
    )
    assert made.status_code == 201, made.text
    mine = (await town.http.get(f"{API}/mine", headers=headers)).json()["items"]
    assert [each["number"] for each in mine] == [made.json()["number"]]
    other = identity.bearer(kind="citizen", account_id="0199b6a0-0000-7000-8000-000000000002")
    assert (await town.http.get(f"{API}/mine", headers=other)).json()["items"] == []
    stolen = await town.http.get(f"{API}/mine/{made.json()['case_id']}", headers=other)
    assert stolen.status_code == 404
    added = await town.http.post(
        f"{API}/mine/{made.json()['case_id']}/reply",
        json={"reply": "add", "words": "周一最挤。", "version": 1},
        headers=headers,
    )
    assert added.json()["story"][-1]["words"] == "周一最挤。"


async def test_the_same_request_sent_many_times_at_once_is_one_case(town: Town):
    answers = await asyncio.gather(*(town.raise_(key="s" * 20) for _ in range(12)))
    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["number"] for each in answers}) == 1
    assert len(await town.fetch('select from "case"')) == 1


async def test_two_who_act_at_once_with_what_they_saw_do_not_both(town: Town):
    case_id = (await town.raised())["case_id"]
    acts = [town.try_("land", case_id, "accept", version=1), town.try_("land2", case_id, "accept", version=1)]
    acts += [town.try_("manager", case_id, "assign", version=1, department_id="water", words="x")] * 1
    answers = await asyncio.gather(*acts)
    assert sorted(each.is_success for each in answers) == [False, False, True]
    (row,) = await town.fetch('select version from "case"')
    assert row["version"] == 2


async def test_two_who_merge_two_cases_into_each_other_neither_wait_for_ever_nor_lose_both(town: Town):
    first, second = await town.entered(title="甲"), await town.entered(title="乙")
    answers = await asyncio.gather(
        town.try_("manager", first, "merge", into=second), town.try_("supervisor", second, "merge", into=first)
    )
    assert sorted(each.is_success for each in answers) == [False, True]
    states = sorted(row["state"] for row in await town.fetch('select state from "case"'))
    assert states == ["merged", "registered"]
