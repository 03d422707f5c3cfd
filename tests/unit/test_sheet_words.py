"""The sheet and the pages have one word for one thing."""

from collections.abc import Mapping

import pytest

from services.queue.domain.sheet import Named
from services.queue.sheets import words
from services.web import closing, day


@pytest.mark.parametrize(
    ("on_paper", "on_pages"),
    [
        (words.SOURCES, closing.SOURCES),
        (words.OUTCOMES, day.KINDS),
        (words.RECEIVERS, closing.RECEIVED_BY),
        (words.CLOSINGS, closing.CLOSINGS),
        (words.STATES, closing.TICKET_STATES),
        (words.SETTLEMENTS, day.SETTLED),
    ],
)
def test_paper_and_pages_say_the_same(on_paper: Mapping[str, Named], on_pages: Mapping[str, str]) -> None:
    assert {key: word.zh for key, word in on_paper.items()} == {key: on_pages[key] for key in on_paper}
