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
    with _signed_in(stack, "manager") as client:
        yield client


@pytest.fixture
def operator(stack: Stack) -> Iterator[httpx.Client]:
    """The demo county's operator, signed in: who alone reads what the console channel delivered."""
    with _signed_in(stack, "admin") as client:
        yield client


def _signed_in(stack: Stack, login: str) -> httpx.Client:
    headers = {"Origin": stack.address, **demo.bearer(stack, login)}
    return httpx.Client(base_url=stack.address, headers=headers, follow_redirects=True, timeout=20, trust_env=False)
