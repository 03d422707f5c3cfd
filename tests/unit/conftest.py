"""A visitor in front of the pages, behind which every service's answer can be had at will."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.web_county import County, visitor


@pytest.fixture
def county() -> County:
    return County()


@pytest.fixture
async def browser(county: County) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(county) as found:
        yield found
