"""Working days from the roster's calendar to what the queue promises, over Kafka."""

import pytest

from tests.integration import queue_hall
from tests.integration.queue_hall import API
from tests.integration.roster_county import CALENDAR_2027, PACK
from tests.integration.test_roster_http import NOW, opened
from tests.integration.test_roster_work import until


@pytest.fixture
async def made(database, set_county_now):
    clone = await database("roster")
    await set_county_now(clone.owner_dsn, NOW)
    return clone


async def test_a_calendar_that_the_roster_learns_is_what_the_queue_promises_by(
    *, made, database, settings_env, monkeypatch, set_county_now, kafka, topic_prefix
):
    env = {**settings_env, "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "TOPIC_PREFIX": topic_prefix}
    async with (
        opened(made, env, monkeypatch) as roster,
        queue_hall.opened(database, env, monkeypatch, set_county_now) as hall,
    ):

        async def due() -> tuple[str, bool]:
            token = (await hall.walk_in("advice")).json()["token"]
            wish = {"choice": "written_issue", "text": "x", "phone": "13900002741"}
            promise = (await hall.http.post(f"{API}/tickets/{token}/choice", json=wish)).json()["promise"]
            return promise["due_on"], promise["tentative"]

        async def knows(year: int, version: int) -> bool:
            rows = await hall.fetch("select version from calendar_year where year = $1", year)
            return [row["version"] for row in rows] == [version]

        await hall.take(queue_hall.service_day(session_id="last", days=19), 1)
        hall.session_id = "last"
        await hall.at("09:00", days=19)
        await hall.do("w3", "attend", attendance="away", reason="开会")
        assert await due() == ("2027-01-04", True), "nothing was heard yet: weekends only"
        await roster.done("/packs", PACK)
        await until(lambda: knows(2027, 1), "what the law names")
        assert await due() == ("2027-01-05", True)
        notice = CALENDAR_2027.replace("2027-01-03,", "2027-01-03, 2027-01-04,")
        shown = await roster.done("/calendars", notice)
        await roster.done("/calendars", notice, confirm=shown["confirm"])
        await until(lambda: knows(2027, 2), "the notice")
        assert await due() == ("2027-01-06", False)
