"""Whoever raised a case is told of its steps: once, by number alone, not at night, and also after cases was away."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from services.notifications import case_letters, sealing
from services.notifications.case_letters import KINDS, CaseTeller
from services.notifications.channels import Answer, Console
from services.notifications.commands import take_venue
from services.notifications.settings import NotificationsSettings
from shared import database as databases
from shared.application import Runtime
from shared.events import cases as events
from shared.privacy import PrivacySettings, Vault
from tests.integration import cases_town
from tests.integration.cases_town import PERSON, ZONE, Town
from tests.serving import served

NIGHT, MORNING = "23:10", "08:00"


@dataclass
class Post:
    """Notifications' database and teller, with the real cases behind it."""

    town: Town
    owner_dsn: str
    runtime: Runtime
    settings: NotificationsSettings
    vault: Vault
    set_now: Any
    heard: int = 0

    async def at(self, day: date, clock: str) -> None:
        hour, minute = (int(each) for each in clock.split(":"))
        await self.set_now(self.owner_dsn, datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE))

    async def hear(self) -> None:
        """All that cases has said since, as a consumer takes it; twice, for Kafka may say it twice."""
        rows = await self.town.fetch(
            "select position, type, payload from outbox where position > $1 order by 1", self.heard
        )
        for row in rows:
            event = getattr(events, row["type"].removeprefix("cases.")).model_validate_json(row["payload"])
            for _ in range(2):
                async with databases.transaction(self.runtime.pool) as connection:
                    await case_letters.follow(connection, event, ZONE, "correlation")
            self.heard = row["position"]

    def teller(self, sender: Any = None) -> CaseTeller:
        return CaseTeller(self.runtime, self.settings, sender or Console(self.runtime.pool, self.vault, 60.0))

    async def tell(self) -> int:
        return await self.teller().step()

    async def box(self) -> list[tuple[str, str, str, str]]:
        rows = await self.fetch("select * from console_message order by sent_at, message_id")
        found = []
        for row in rows:
            words = sealing.open_words(self.vault, row["subject"], row["body"])
            found.append((row["kind"], self.vault.decrypt(row["address"], sealing.ADDRESS), words.subject, words.body))
        return found

    async def letters(self) -> list[tuple[str, str, str | None]]:
        rows = await self.fetch("select kind, state, reason from case_letter order by planned_at, case_version")
        return [tuple(row) for row in rows]

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.owner_dsn)
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()


@asynccontextmanager
async def open_post(
    town: Town, database: Any, settings_env: Any, monkeypatch: Any, set_now: Any
) -> AsyncIterator[Post]:
    made = await database("notifications")
    async with served(town.app) as cases_url, httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
        for name, value in {
            **settings_env,
            "NOTIFICATIONS_DATABASE_URL": made.runtime_dsn,
            "CASES_URL": cases_url,
        }.items():
            monkeypatch.setenv(name, value)
        settings = NotificationsSettings()
        pool = await databases.open_pool(made.runtime_dsn, size=4, application_name="post-test")
        try:
            runtime = Runtime("notifications", settings, http, pool)
            post = Post(town, made.owner_dsn, runtime, settings, Vault(PrivacySettings()), set_now)
            await post.at(cases_town.MONDAY, "09:00")
            async with databases.transaction(pool) as connection:
                await take_venue(connection, cases_town.venue(), 1)
            yield post
        finally:
            await pool.close()


@pytest.fixture
async def town(database, settings_env, monkeypatch, set_county_now):
    async with cases_town.opened(database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


@pytest.fixture
async def post(town, database, settings_env, monkeypatch, set_county_now):
    async with open_post(town, database, settings_env, monkeypatch, set_county_now) as opened:
        yield opened


async def test_each_step_that_concerns_them_is_told_once_and_by_number_alone(post: Post):
    town = post.town
    case = await town.raised()
    for act in ({"act": "accept"}, {"act": "take"}, {"act": "answer", "words": "灯已经修好。"}):
        await post.hear()
        await post.tell()
        await town.do("land", case["case_id"], **act)
    await post.hear()
    assert await post.tell() == 1
    assert await post.tell() == 0
    box = await post.box()
    assert [kind for kind, *_ in box] == ["case_registered", "case_accepted", "case_answered"]
    assert {to for _, to, *_ in box} == {"+8613800002741"}
    for _, _, subject, body in box:
        assert case["spoken"] in subject
        assert "王**" in body
        for words in ("路灯", "青石村", "修好", "王桂兰", "2741"):
            assert words not in subject + body, words
    assert "3月16日" in box[1][3], "by when they are answered"
    await town.reply(case, "confirm")
    await post.hear()
    assert await post.tell() == 0, "they said so themselves"


async def test_nobody_is_told_at_night_and_of_several_steps_only_the_last(post: Post):
    town = post.town
    case = await town.raised(language="en")
    await post.at(cases_town.MONDAY, NIGHT)
    await post.hear()
    assert await post.tell() == 0
    await town.do("land", case["case_id"], "accept")
    await post.hear()
    await post.at(cases_town.MONDAY + timedelta(days=1), MORNING)
    assert await post.tell() == 1
    ((kind, _, subject, body),) = await post.box()
    assert (kind, subject) == ("case_accepted", f"Accepted: number {case['spoken']}")
    assert "Dear 王**" in body
    assert await post.letters() == [
        ("case_registered", "withdrawn", "superseded"), ("case_accepted", "sent", None),
    ]  # fmt: skip


async def test_while_cases_is_away_letters_wait_and_that_is_no_try(post: Post):
    await post.town.raised()
    await post.hear()
    there = post.settings
    post.settings = there.model_copy(update={"cases_url": "http://127.0.0.1:1"})
    assert await post.tell() == 0
    assert await post.letters() == [("case_registered", "waiting", None)]
    post.settings = there
    await post.at(cases_town.MONDAY, "09:01")
    assert await post.tell() == 1
    assert [row["tries"] for row in await post.fetch("select tries from case_letter")] == [1]


async def test_a_channel_that_fails_is_tried_five_times_and_a_dead_worker_is_followed(post: Post):
    await post.town.raised()
    await post.hear()

    class Broken(Console):
        async def send(self, letters):
            return [Answer("deferred", "451")] * len(letters)

    moment = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)
    tries = 0
    while (await post.letters())[0][1] == "waiting":
        tries += await post.teller(Broken(post.runtime.pool, post.vault, 60.0)).step()
        moment += timedelta(minutes=31)
        await post.set_now(post.owner_dsn, moment)
        assert tries < 10
    assert (tries, await post.letters()) == (5, [("case_registered", "failed", "deferred")])
    await post.town.raised(title="另一件")
    await post.hear()
    await post.fetch(
        "update case_letter set claimed_until = county_now() + interval '1 minute' where state = 'waiting'"
    )
    assert await post.tell() == 0, "somebody has it in hand"
    await post.set_now(post.owner_dsn, moment + timedelta(minutes=2))
    assert await post.tell() == 1


async def test_who_left_no_phone_or_a_landline_is_called_and_not_written_to(post: Post):
    await post.town.entered()
    await post.town.raised(person={**PERSON, "phone": "0571-87654321"})
    await post.hear()
    await post.tell()
    assert await post.box() == []
    assert {each[1:] for each in await post.letters()} == {("withdrawn", "no_address")}


async def test_how_somebody_is_reached_is_for_services_alone(post: Post):
    body = {"case_ids": [(await post.town.raised())["case_id"]]}
    answer = await post.town.http.post("/internal/v1/case-cards", json=body)
    assert answer.status_code == 403


def test_every_kind_has_words_in_both_languages_and_tells_of_a_real_event():
    from services.notifications.rendering import render_case  # noqa: PLC0415

    assert set(KINDS) <= {each.__name__ for each in events.EVENTS}
    case = events.CaseAccepted.model_validate(json.loads((cases_examples() / "CaseAccepted.json").read_text())).case
    for kind in set(KINDS.values()):
        for language in ("zh", "en"):
            for venue in (None, cases_town.venue()):
                words = render_case(
                    kind, language, case, venue, name="", spoken="40812 73652", public_url="https://hall.example"
                )
                assert "40812 73652" in words.subject
                assert "https://hall.example/case" in words.body
                assert "None" not in words.body


def cases_examples() -> Any:
    from tests.architecture.test_structure import ROOT  # noqa: PLC0415

    return ROOT / "shared" / "events" / "examples" / "cases.cases.v1"
