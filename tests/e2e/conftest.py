"""The system through its gateway, and a visitor in front of it."""

from collections.abc import Iterator

import httpx
import pytest

from tests import demo
from tests.stack import Stack, running_stack


@pytest.fixture
def stack(pytestconfig: pytest.Config) -> Stack:
    return running_stack(pytestconfig)


@pytest.fixture
def visitor(stack: Stack) -> Iterator[httpx.Client]:
    """A browser without a script: it keeps cookies and follows where it is sent."""
    headers = {"Origin": stack.address}
    with httpx.Client(
        base_url=stack.address, headers=headers, follow_redirects=True, timeout=20, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def staff(stack: Stack) -> Iterator[httpx.Client]:
    """The demo county's hall manager, signed in."""
    with httpx.Client(
        base_url=stack.address, headers=demo.bearer(stack), follow_redirects=True, timeout=20, trust_env=False
    ) as client:
        yield client
