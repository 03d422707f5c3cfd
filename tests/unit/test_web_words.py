"""What the pages say is so: of moved days, of messages and of what is left to do."""

from datetime import timedelta

import pytest

from tests.unit.web_county import DAY, session


def _date(days: int) -> str:
    return (DAY + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize(
    ("moved", "says"),
    [
        ({"reason": None}, "那天放假，顺延"),
        ({"reason": "calendar"}, "那天放假，顺延"),
        ({"reason": None, "rule_date": _date(1)}, "那天放假，提前"),
        ({"reason": "other"}, "，改到 "),
        ({"reason": "weather"}, "，因为天气不好"),
        ({"reason": "power"}, "，因为停电"),
        ({"reason": "official"}, "，因为领导有工作安排"),
    ],
)
async def test_a_moved_day_is_blamed_on_a_holiday_only_where_the_calendar_moved_it(county, browser, moved, says):
    county.answers["roster/v1/sessions"] = {"items": [session(**{"rule_date": _date(-3), **moved})]}
    page = await browser.get("/")
    assert says in page.text
    assert ("放假" in says) == ("那天放假" in page.text)
