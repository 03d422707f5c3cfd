"""Figures: the pages of cases over a hundred thousand of them, and a search of Chinese words beside an indexed look-up.

The cases are written into the running system's own database: a tenth of them open, titles of words as people use them,
encrypted and indexed as the service does it. Then board, lists and searches are asked for over HTTP, one after the
other, by somebody who sees all of them. The look-up by number goes the same way, in turn with the searches, so that
what stands beside it is the search alone.
"""

import asyncio
import json
import random
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from services.cases.domain.search import tokens_of
from shared.privacy import PrivacySettings, Vault
from tests import demo
from tests.bench import sql
from tests.bench.figures import Report, aim, percentile
from tests.bench.stack import System, connected, until

CASES = 100_000
OPEN_SHARE = 10
PAGE_AIM_MS = 100.0
ASKED = 60
API = "/api/cases/v1/staff"
PLACES = ("青石村", "城南小区", "河西村", "开发区", "老车站", "二中门口", "南门路", "柳树镇", "望江社区", "北关")
THINGS = (
    "路灯",
    "灌渠",
    "下水道",
    "公交站",
    "宅基地",
    "产权证",
    "医保",
    "学籍",
    "低保",
    "营业执照",
    "路面",
    "噪音",
    "油烟",
    "电梯",
)
TROUBLES = (
    "坏了三个月没人修",
    "办了一年没结果",
    "要跑四个窗口",
    "材料清单前后不一样",
    "一直没有答复",
    "补偿款没到账",
    "晚上太吵",
)


async def measure(system: System, report: Report) -> None:
    """Fill, and measure."""
    report.progress(f"writing {CASES:,} cases")
    vault = _vault(system)
    async with connected(system.owner_dsn("cases")) as connection:
        await until("the hall", lambda: sql.select_departments(connection))
        departments = await sql.select_departments(connection)
        numbers = await _fill(connection, vault, departments)
    report.progress("asking for pages of cases")
    headers = demo.bearer(system, "supervisor")
    async with httpx.AsyncClient(base_url=system.gateway_url, headers=headers, timeout=20, trust_env=False) as client:
        pages = {
            "board": f"{API}/board",
            "list of open cases": f"{API}/cases",
            "list of all cases": f"{API}/cases?state=all",
            "list of a department": f"{API}/cases?state=all&department_id={departments[0]}",
            "list of overdue cases": f"{API}/cases?light=overdue",
        }
        for name, path in pages.items():
            took = await _asked(client, [path] * ASKED, report)
            p95 = percentile(took, 0.95)
            report.figure(
                f"cases: {name}, {CASES} cases",
                p50_ms=percentile(took, 0.5),
                p95_ms=p95,
                **aim(f"p95 at most {PAGE_AIM_MS:g} ms", met=p95 <= PAGE_AIM_MS),
            )
        chance = random.Random(7)  # noqa: S311  (which words are looked for is no secret)
        words = [f"{chance.choice(PLACES)}{chance.choice(THINGS)}" for _ in range(ASKED)]
        searches = await _asked(client, [f"{API}/cases?state=all&q={each}" for each in words], report)
        rare = await _asked(client, [f"{API}/cases?state=all&q=独一无二的事" for _ in range(ASKED)], report)
        look_ups = await _asked(
            client, [f"{API}/cases?state=all&q={each}" for each in chance.sample(numbers, ASKED)], report
        )
        look_up = percentile(look_ups, 0.95)
        for name, took in (("two words that hundreds have", searches), ("words that nothing has", rare)):
            p95 = percentile(took, 0.95)
            report.figure(
                f"cases: search of {name}, beside a look-up by number",
                p95_ms=p95,
                look_up_p95_ms=look_up,
                ratio=p95 / look_up,
                **aim(f"p95 at most {PAGE_AIM_MS:g} ms", met=p95 <= PAGE_AIM_MS),
            )


async def _asked(client: httpx.AsyncClient, paths: Sequence[str], report: Report) -> list[float]:
    took = []
    for path in paths:
        began = time.perf_counter()
        answer = await client.get(path)
        took.append((time.perf_counter() - began) * 1000)
        report.check(right=answer.status_code == 200, otherwise=f"cases: {path} answered {answer.status_code}")
    return took


def _vault(system: System) -> Vault:
    names = ("PRIVACY_ENCRYPTION_KEYS", "PRIVACY_INDEX_KEY")
    kept = {name: system.secrets[name] for name in names}
    kept["PRIVACY_ENCRYPTION_KEYS"] = json.loads(kept["PRIVACY_ENCRYPTION_KEYS"])
    return Vault(PrivacySettings(**kept))


async def _fill(connection: sql.Connection, vault: Vault, departments: Sequence[str]) -> list[str]:
    rows = await asyncio.to_thread(_rows, vault, departments)
    await sql.copy_cases(connection, rows)
    return [row["number"] for row in rows]


def _rows(vault: Vault, departments: Sequence[str]) -> list[dict[str, Any]]:
    chance = random.Random(5)  # noqa: S311  (made-up cases are no secret)
    now, today = datetime.now(UTC), datetime.now(UTC).date()
    titles = [f"{place}{thing}{trouble}" for place in PLACES for thing in THINGS for trouble in TROUBLES]
    sealed = {each: (vault.encrypt(each, "cases.words"), tokens_of(each, vault)) for each in titles}
    return [
        _row(
            count, chance.choice(departments), sealed[chance.choice(titles)], now - timedelta(minutes=5 * count), today
        )
        for count in range(CASES)
    ]


def _row(count: int, department_id: str, title: tuple[bytes, list[int]], at: datetime, today: date) -> dict[str, Any]:
    is_open = count % OPEN_SHARE == 0
    next_on = today + timedelta(days=count % 30 - 5)
    level = ("window", "window", "joint_review", "supervision")[count % 4]
    always = {
        "case_id": uuid.uuid4(), "version": 3, "last_event": "CaseAccepted", "number": f"{count:010d}",
        "kind": "problem", "source": "online", "venue_id": "wangchuan-hall", "level": level,
        "department_id": department_id, "registered_at": at, "raised_on": at.date(), "term_from": at.date(),
        "term_unit": "working", "term_days": 10, "due_on": next_on, "title": title[0], "tokens": title[1],
    }  # fmt: skip
    if not is_open:
        return {**always, "state": "closed", "holder": "manager", "closing": "verified", "closed_at": at}
    clock = {
        "next_step": "answer", "next_from": at.date(), "next_unit": "working", "next_days": 10, "next_on": next_on,
        "amber_on": next_on - timedelta(days=2), "red_on": next_on - timedelta(days=1), "reminded": "red",
        "overdue_noted": True,
    }  # fmt: skip
    return {**always, **clock, "state": "accepted", "holder": "department"}
