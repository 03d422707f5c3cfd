"""The day's sheet on paper and as a workbook: it says what the tables say, to the last person."""

import asyncio
import io
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pypdf
import pytest

from services.queue.queries import sheet as sheet_query
from services.queue.sheets import press
from shared import apart
from tests.integration import queue_hall
from tests.integration.booking_desk import matter
from tests.integration.queue_hall import API, Hall
from tests.integration.test_queue_closing import close_windows, paper, post, receive

COUNTY = ZoneInfo("Asia/Shanghai")
NASTY = '#eval("1+1") $x$ \\ "引号" *粗* `d`'


@pytest.fixture
async def hall(database, settings_env, monkeypatch, set_county_now):
    async with queue_hall.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def sheet(hall: Hall, kind: str, language: str = "zh") -> bytes:
    answer = await hall.http.get(f"{API}/staff/sessions/day/sheet.{kind}", params={"language": language}, timeout=40)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert f"service-day-2026-12-11.{kind}" in answer.headers["content-disposition"]
    return answer.content


async def pages(hall: Hall, language: str = "zh") -> list[str]:
    """The text of each page, a line of the table a line."""
    document = pypdf.PdfReader(io.BytesIO(await sheet(hall, "pdf", language)))
    assert all(round(float(each.mediabox.width)) == 842 for each in document.pages), "A4 on its side"
    return [each.extract_text(extraction_mode="layout") for each in document.pages]


async def book(hall: Hall, language: str = "zh") -> list[list[dict[str, Any]]]:
    """The rows of the windows' and of the visits' leaf, by the heads of their columns."""
    made = openpyxl.load_workbook(io.BytesIO(await sheet(hall, "xlsx", language)))
    leaves = []
    for leaf in made.worksheets[1:]:
        head, *rows = leaf.iter_rows(values_only=True)
        assert leaf.freeze_panes == "B2"
        leaves.append([dict(zip(head, row, strict=True)) for row in rows])
    return leaves


async def totals(hall: Hall) -> dict[str, int]:
    answer = await hall.http.get(f"{API}/staff/sessions/day/closing")
    counted: dict[str, int] = answer.json()["totals"]
    return counted


async def a_day(hall: Hall) -> None:
    """Booked, walked in, written on paper; finished, left, and with something found."""
    await hall.do("w1", "attend", attendance="present")
    _, code = await hall.booked("09:30", party_size=3)
    await hall.check_in(code)
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    await hall.at("09:41")
    await hall.finish("w1", problems=[{"text": "排两次队", "settled": "on_the_spot"}], suggestions=["早点开门"])
    await receive(hall, "w3", outcomes=[{"matter_id": "advice", "kind": "incomplete", "said": "缺契税完税证明"}])
    left = (await hall.walk_in(name="龙小妹", persons=2)).json()["ticket_id"]
    await post(hall, f"tickets/{left}/close", reason="left")
    await hall.at("11:00")
    await post(hall, "paper-visits", **paper())


def agrees(windows: list[dict[str, Any]], visits: list[dict[str, Any]], counted: dict[str, int]) -> None:
    *_, whole = windows
    done = [each for each in visits if each["接待人"] is not None]
    assert len(done) == whole["批次"] == counted["visits"]
    assert sum(each["人次"] for each in done) == whole["人次"] == counted["persons"]
    for head, key in (("办件", "handled"), ("指导", "guided"), ("一次性告知", "incomplete"), ("不予办理", "declined")):
        assert sum(each["结果"].split("；").count(head) for each in done) == whole[head] == counted[key]
    for head, key in (("问题", "problems"), ("当场解决", "solved"), ("建议", "suggestions")):
        assert sum(each[head] for each in visits) == whole[head] == counted[key]
    for head, key in (("局长本人", "by_principal"), ("副职或替班的领导", "by_substitute"), ("工作人员", "by_staff")):
        assert sum(each["接待人"] == head for each in done) == whole[head] == counted[key]
    assert len(visits) - len(done) == counted["unserved"]


async def test_the_workbook_agrees_with_the_totals_to_the_last_person(hall: Hall):
    await a_day(hall)
    windows, visits = await book(hall)
    counted = await totals(hall)
    assert (counted["persons"], counted["unserved"], counted["by_principal"]) == (6, 1, 2)
    agrees(windows, visits, counted)
    first = next(each for each in visits if each["来源"] == "预约")
    assert first["办结"] == datetime(2026, 12, 11, 9, 41)  # noqa: DTZ001  (a spreadsheet has no zone)
    assert first["预约"] == datetime(2026, 12, 11, 9, 30)  # noqa: DTZ001


async def test_a_delegation_stands_on_the_sheet_and_is_counted_nowhere(hall: Hall):
    await a_day(hall)
    before = await totals(hall)
    await hall.walk_in(persons=12, delegation=True)
    await hall.do("w1", "call-next")
    await hall.do("w1", "start")
    await hall.finish("w1")
    windows, visits = await book(hall)
    assert await totals(hall) == before
    (guests,) = [each for each in visits if each["来源"].startswith("考察检查")]
    assert guests["人次"] == 12
    agrees(windows, [each for each in visits if each is not guests], before)


async def test_a_finding_without_a_visitor_is_counted_at_its_window(hall: Hall):
    await a_day(hall)
    await hall.fetch(
        "insert into remark (session_id, window_id, kind, settled, text, noted_at)"
        " values ('day', 'w2', 'problem', 'handed_on', '\\x00', county_now())"
    )
    windows, _ = await book(hall)
    assert [each["问题"] for each in windows] == [1, 1, 0, 2]
    assert (await totals(hall))["problems"] == 2


async def test_findings_and_decisions_stand_on_the_sheet_without_a_word_of_them(hall: Hall):
    await a_day(hall)
    base, headers = f"{API}/staff/sessions/day/windows/w2", {"Idempotency-Key": "f" * 32}
    noted = await hall.http.post(
        f"{base}/findings", json={"text": "窗口太高", "settled": "on_the_spot"}, headers=headers
    )
    assert noted.is_success, noted.text
    wish = {"text": "全部免交", "scope": "老证换新证"}
    made = await hall.http.post(f"{base}/decisions", json=wish, headers={"Idempotency-Key": "d" * 32})
    assert made.is_success, made.text
    _, _, found = await book(hall)
    assert [(each["类别"], each["窗口"], each["怎么办了"]) for each in found] == [
        ("发现问题", 2, "当场解决"), ("现场决定", 2, None),
    ]  # fmt: skip
    text = "\n".join(await pages(hall))
    assert re.search(r"(?m)^ *现场决定 +2 ", text)
    assert not {"窗口太高", "全部免交", "老证换新证"} & set(re.findall(r"[\u4e00-\u9fff]+", text))


async def test_the_paper_agrees_with_the_tables(hall: Hall):
    await a_day(hall)
    text = "\n".join(await pages(hall))
    rows = {row["number"]: row for row in await hall.fetch("select * from ticket")}
    assert len(rows) == 4
    for number, row in rows.items():
        (line,) = re.findall(rf"^ *{number} .*$", text, re.MULTILINE)
        assert f"{row['arrived_at'].astimezone(COUNTY):%H:%M}" in line
        assert re.search(rf" {row['persons']} +(二手房过户|advice)", line)
        assert {"closed": "走了"}.get(row["state"], "") in line
    assert re.search(r"人次 +6\b", text)
    assert "第 1 页，共 1 页" in text
    assert re.search(r"(?m)^.*王 +3 +二手房过户 +办件 +局长本人 +1 +1 +1", text)


async def test_a_sheet_is_a_draft_with_surnames_until_it_is_signed(hall: Hall):
    await a_day(hall)
    text = "\n".join(await pages(hall))
    assert "草稿，未签字" in text
    assert re.search(r"(?m)^ *A\d{3}.* 龙 +2 ", text)
    for unwanted in ("龙小妹", "王桂兰", "274X", "排两次队", "早点开门", "缺契税"):
        assert unwanted not in text
    ticket = str((await hall.fetch("select ticket_id from ticket where state = 'finished' limit 1"))[0]["ticket_id"])
    await close_windows(hall)
    await post(hall, "closing", by="=王经理()")
    await post(hall, f"tickets/{ticket}/corrections", by="王经理", reason="人数记错了", persons=9)
    text = "\n".join(await pages(hall))
    assert "草稿" not in text
    assert "第 1 版：=王经理() 签字" in text
    assert "第 2 版：王经理 签字，更正原因：人数记错了" in text
    assert len(re.findall("李春燕", text)) == 3
    windows, visits = await book(hall)
    assert "姓" not in visits[0]
    agrees(windows, visits, await totals(hall))


async def test_no_name_is_taken_for_a_formula_or_for_code(hall: Hall):
    await hall.take(matter(plain_name_zh='=HYPERLINK("http://x","y")'), 2)
    await hall.take(matter("advice", "health", plain_name_zh=NASTY), 2)
    await hall.walk_in(name="=1+1")
    await hall.walk_in("advice", name="#eval")
    made = openpyxl.load_workbook(io.BytesIO(await sheet(hall, "xlsx")))
    cells = [cell for leaf in made for row in leaf for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert not any(cell.hyperlink for cell in cells)
    assert {'=HYPERLINK("http://x","y")', NASTY, "=", "#"} <= {cell.value for cell in cells}
    text = re.sub(r"\s+", "", "".join(await pages(hall)))
    assert re.sub(r"\s+", "", NASTY) in text
    assert '=HYPERLINK("http://x","y")' in text


async def test_a_day_on_which_nobody_came_has_its_sheet(hall: Hall):
    assert "这一天还没有人来" in "\n".join(await pages(hall))
    windows, visits = await book(hall)
    assert (visits, windows[-1]["人次"]) == ([], 0)


async def test_in_english_no_chinese_word_is_left(hall: Hall):
    await a_day(hall)
    (text,) = await pages(hall, "en")
    assert "Draft, not signed" in text
    assert "Page 1 of 1" in text
    assert set(re.findall(r"[\u4e00-\u9fff]+", text)) <= {"王", "龙"}
    windows, _ = await book(hall, "en")
    assert windows[-1]["Window"] == "Total"
    assert (await hall.http.get(f"{API}/staff/sessions/day/sheet.pdf?language=fr")).status_code == 422


async def many(hall: Hall, count: int) -> None:
    await hall.fetch(
        """
        with made as (
            insert into ticket (last_event, session_id, venue_id, number, token, source, department_id, at_window,
                matter_ids, persons, language, state, arrived_at, called_at, started_at, finished_at, received_by)
            select 'VisitFinished', 'day', 'hall', chr(65 + n / 999) || lpad((n % 999 + 1)::text, 3, '0'),
                'token-' || n, 'walk_in', 'land', 'w' || (n % 3 + 1), '{house}', n % 5 + 1, 'zh', 'finished',
                county_now(), county_now(), county_now(), county_now(), 'staff'
            from generate_series(0, $1::int - 1) as n
            returning ticket_id)
        insert into outcome (ticket_id, matter_id, kind) select ticket_id, 'house', 'guided' from made
        """,
        count,
    )


async def test_two_thousand_visits_stand_on_the_sheet_each_page_with_its_head(hall: Hall):
    await many(hall, 2000)
    windows, visits = await book(hall)
    agrees(windows, visits, await totals(hall))
    made = await pages(hall)
    assert sum(len(re.findall(r"(?m)^ *[A-C]\d{3} ", each)) for each in made) == 2000
    assert all("号码" in each for each in made[1:])
    assert f"第 {len(made)} 页，共 {len(made)} 页" in made[-1]


async def test_a_day_of_more_visits_than_a_sheet_holds_is_refused(hall: Hall, monkeypatch):
    monkeypatch.setattr(sheet_query, "VISITS_MOST", 2)
    await many(hall, 3)
    for kind in ("pdf", "xlsx"):
        answer = await hall.http.get(f"{API}/staff/sessions/day/sheet.{kind}")
        assert (answer.status_code, answer.json()["code"]) == (409, "sheet_too_large")
    assert (await hall.http.get(f"{API}/staff/sessions/no/sheet.pdf")).json()["code"] == "session_unknown"


async def test_what_takes_too_long_or_fails_is_said_and_leaves_nothing_behind(hall: Hall, monkeypatch):
    await many(hall, 2000)
    monkeypatch.setattr(press, "SECONDS", 0.2)
    answer = await hall.http.get(f"{API}/staff/sessions/day/sheet.pdf")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        503, "sheet_unavailable", "5",
    )  # fmt: skip
    with pytest.raises(apart.NotMade):
        await apart.run("services.queue.sheets.child", "pdf", work=b"{}", seconds=20)


async def test_no_connection_is_held_while_the_sheet_is_made(hall: Hall, monkeypatch):
    seen = []

    async def looks(*_: object, **__: object) -> bytes:
        rows = await hall.fetch(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and application_name = 'queue' and state <> 'idle'"
        )
        seen.append(rows[0]["count"])
        await asyncio.sleep(0)
        return b"made"

    monkeypatch.setattr(apart, "run", looks)
    assert await sheet(hall, "pdf") == b"made"
    assert seen == [0]
